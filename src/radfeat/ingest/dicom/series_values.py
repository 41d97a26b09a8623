"""What the slices of a series say together: one value that all give, or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.functional_groups import read_macro
from radfeat.ingest.dicom.headers import read_number, read_text

T = TypeVar("T")

SAME = 1e-3
"""Numbers of the slices of a series count as one if they differ by less than this share."""

LONGEST_TEXT = 64
"""Characters: DICOM's own limit for the technical texts of a header."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: at the top of a header, or in a functional group macro of an enhanced object.

    ``scale`` brings a number to its parameter's unit.
    """

    keyword: str
    macro: str | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the slices say of one parameter: its value, or none; and whether none because they contradict."""

    value: float | str | None
    contradicts: bool = False


def tell_number(values: Sequence[float | None]) -> Told:
    """The number that all give alike; a contradiction where two differ."""
    known = [value for value in values if value is not None]
    return Told(one_number(values), contradicts=bool(known) and one_number(known) is None)


def tell_text(values: Sequence[str | None]) -> Told:
    """The text that all give alike; a contradiction where two differ."""
    return Told(one_text(values), contradicts=len(set(values) - {None}) > 1)


def read_numbers_of(headers: Sequence[Dataset], places: Sequence[Place]) -> list[float | None]:
    """The positive number of each slice or frame, from the first place where any frame of it has one."""
    return _read_all(headers, places, _positive)


def read_texts_of(headers: Sequence[Dataset], places: Sequence[Place]) -> list[str | None]:
    """The text of each slice or frame, in the form of ``normalise``."""
    return _read_all(headers, places, lambda item, place: normalise(read_text(item, place.keyword)))


def one_number(values: Sequence[float | None]) -> float | None:
    """The number that all give alike; None where one lacks it or they differ."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or max(known) - min(known) > SAME * abs(max(known)):
        return None
    return known[0]


def middle_number(values: Sequence[float | None]) -> float | None:
    """The median of a number that may vary from slice to slice; None where one lacks it."""
    known = [value for value in values if value is not None]
    return median(known) if known and len(known) == len(values) else None


def one_text(values: Sequence[str | None]) -> str | None:
    """The text that all give alike; None where one lacks it or they differ."""
    return values[0] if len(set(values)) == 1 else None


def normalise(text: str | None) -> str | None:
    """A text in capitals, with single blanks; None where it is long, or holds what cannot be printed."""
    plain = " ".join((text or "").split()).upper()
    return plain if plain and plain.isprintable() and len(plain) <= LONGEST_TEXT else None


def _read_all(
    headers: Sequence[Dataset], places: Sequence[Place], read: Callable[[Dataset, Place], T | None]
) -> list[T | None]:
    return [value for header in headers for value in _read(header, places, read)]


def _read(
    header: Dataset, places: Sequence[Place], read: Callable[[Dataset, Place], T | None]
) -> list[T | None]:
    for place in places:
        items = (header,) if place.macro is None else read_macro(header, place.macro)
        values = [None if item is None else read(item, place) for item in items]
        if any(value is not None for value in values):
            return values
    return [None]


def _positive(item: Dataset, place: Place) -> float | None:
    number = read_number(item, place.keyword)
    return number * place.scale if number is not None and number > 0 else None
