"""The name of a series in tables, messages and file names: a hash, so that no UID stands in the clear."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import HeaderError, read_items, read_number, read_numbers, read_text

KEY_DIGITS = 12

ORIENTATION_TOLERANCE = 0.02
"""Direction cosines of slices of one stack differ by less, those of a localiser's planes by far more."""

SPACING_TOLERANCE = 0.01
"""Share by which the pixel spacings of slices of one stack may differ, and not be another stack's."""


@dataclass(frozen=True, slots=True)
class GeometryGroup:
    """What the slices of one stack share, and the slices of a localiser among them do not.

    ``orientation`` holds the six direction cosines, ``spacing_mm`` the pixel spacing between rows and between
    columns; None where the header does not give them.
    """

    rows: int | None
    columns: int | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None

    @property
    def text(self) -> str:
        """The group as text, rounded less than tolerances allow: groups that do not match differ in it."""
        cosines = " ".join(f"{round(c, 2) + 0.0:.2f}" for c in self.orientation or ())
        spacing = " ".join(f"{s:.3g}" for s in self.spacing_mm or ())
        return f"{self.rows or ''}|{self.columns or ''}|{cosines}|{spacing}"

    def matches(self, other: "GeometryGroup") -> bool:
        """Whether two slices can lie in one stack: equal sizes, one orientation, one spacing."""
        return (
            (self.rows, self.columns) == (other.rows, other.columns)
            and _are_close(self.orientation, other.orientation, ORIENTATION_TOLERANCE, 0)
            and _are_close(self.spacing_mm, other.spacing_mm, 0, SPACING_TOLERANCE)
        )


def read_geometry_group(header: Dataset) -> GeometryGroup:
    """The geometry that tells apart stacks of one series; of an enhanced object that of all its frames."""
    rows, columns = read_number(header, "Rows"), read_number(header, "Columns")
    return GeometryGroup(
        rows=None if rows is None else int(rows),
        columns=None if columns is None else int(columns),
        orientation=_first(header, "PlaneOrientationSequence", "ImageOrientationPatient", 6),
        spacing_mm=_first(header, "PixelMeasuresSequence", "PixelSpacing", 2),
    )


def series_key(header: Dataset) -> str:
    """The key of the stack that an instance belongs to: of its series and its geometry.

    Returns
    -------
    str
        12 hexadecimal digits.

    Raises
    ------
    HeaderError
        If the header has no SeriesInstanceUID.
    """
    return build_series_key(_require(header, "SeriesInstanceUID"), read_geometry_group(header))


def build_series_key(series_uid: str, group: GeometryGroup) -> str:
    """The key of a series UID and a geometry."""
    return _hash(f"series {series_uid} {group.text}")


def instance_key(header: Dataset) -> str:
    """The key of one instance, which a structure set or a segmentation is: several may share a series.

    Raises
    ------
    HeaderError
        If the header has no SOPInstanceUID.
    """
    return _hash(f"instance {_require(header, 'SOPInstanceUID')}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


def _require(header: Dataset, keyword: str) -> str:
    text = read_text(header, keyword)
    if text is None:
        raise HeaderError(keyword)
    return text


def _first(header: Dataset, macro: str, keyword: str, count: int) -> tuple[float, ...] | None:
    for item in (header, *_macro_items(header, macro)):
        numbers = read_numbers(item, keyword, count)
        if numbers is not None:
            return numbers
    return None


def _macro_items(header: Dataset, macro: str) -> Iterator[Dataset]:
    for shared in read_items(header, "SharedFunctionalGroupsSequence"):
        yield from read_items(shared, macro)


def _are_close(
    one: tuple[float, ...] | None, other: tuple[float, ...] | None, absolute: float, relative: float
) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        math.isclose(a, b, rel_tol=relative, abs_tol=absolute) for a, b in zip(one, other, strict=True)
    )
