"""A caution as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing that the page does not show: a few words, and a sentence or two with the numbers."""

    title: str
    text: str
