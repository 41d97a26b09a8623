"""Where a study's files lie in a package, and in the folder of a rerun: the same distances as at home.

The paths of the image sheet may climb out of the study's folder. A run's identity is made of these paths, so
a package keeps them: the study lies as deep below its root as the longest climb needs.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """How many folders lie between the root and the study's folder."""

    depth: int

    @property
    def study(self) -> str:
        """The study's folder, from the root."""
        return "/".join([*("above" for _ in range(self.depth)), "study"])

    def place(self, path: str) -> str:
        """A path from the study's folder, as one from the root."""
        return posixpath.normpath(posixpath.join(self.study, path))


def choose_layout(paths: Iterable[str]) -> Layout:
    """The layout in which none of these paths, relative to the study's folder, leaves the root."""
    return Layout(max((_count_climbs(path) for path in paths), default=0))


def _count_climbs(path: str) -> int:
    parts = posixpath.normpath(path).split("/")
    return sum(part == ".." for part in parts)
