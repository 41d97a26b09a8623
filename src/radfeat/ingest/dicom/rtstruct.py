"""Structure sets: what one says of a region, its contours with their points, none of it trusted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import read_items, read_number, read_text, read_value
from radfeat.ingest.dicom.roi_names import Region
from radfeat.ingest.dicom.sequences import require_items
from radfeat.ingest.geometry import FARTHEST_MM
from radfeat.ingest.source import COPY_AGAIN, Source

Points = npt.NDArray[np.float64]

_DIGITS = b"0123456789+-.eE \\\0"
"""What a list of decimal strings may hold; letters of nan and inf are not among them."""

_EXPORT_AGAIN = "Export the structure set again from where it was drawn"


class ContourKind(StrEnum):
    """What (3006,0042) says of a contour."""

    CLOSED = "CLOSED_PLANAR"
    CLOSED_XOR = "CLOSEDPLANAR_XOR"
    """Closed contours of which the standard itself says that they combine by XOR, as all do here."""
    POINT = "POINT"
    OTHER = "another type"
    """Open contours, of which nobody can say what they enclose, and types that the standard does not know."""


@dataclass(frozen=True, eq=False, slots=True)
class Contour:
    """One contour: points (n, 3) in the world (LPS, mm), and the instances on which it says to be drawn."""

    kind: ContourKind
    points_mm: Points
    instances: tuple[str, ...] = field(repr=False)


def read_contours(source: Source, header: Dataset, region: Region) -> tuple[Contour, ...]:
    """The contours of a region, in the order of the file.

    Raises
    ------
    InputError
        If the structure set draws the region twice, or a contour is damaged or contradicts itself.
    """
    drawn = [
        item
        for item in require_items(source, header, "ROIContourSequence")
        if read_number(item, "ReferencedROINumber") == region.number
    ]
    if len(drawn) > 1:
        raise source.refuse(
            "draws the region twice", measured=f"{len(drawn)} entries", allowed="1", remedy=_EXPORT_AGAIN
        )
    items = require_items(source, drawn[0], "ContourSequence") if drawn else ()
    return tuple(
        _read_contour(source, item, f"contour {n} of {len(items)}") for n, item in enumerate(items, 1)
    )


def read_frame_of_reference(header: Dataset, region: Region) -> str | None:
    """FrameOfReferenceUID that a region is drawn in; None where the structure set does not say."""
    for item in read_items(header, "StructureSetROISequence"):
        if read_number(item, "ROINumber") == region.number:
            named = read_text(item, "ReferencedFrameOfReferenceUID")
            if named is not None:
                return named
    listed = {
        read_text(frame, "FrameOfReferenceUID")
        for frame in read_items(header, "ReferencedFrameOfReferenceSequence")
    } - {None}
    return listed.pop() if len(listed) == 1 else None


def list_referenced_series(header: Dataset) -> tuple[frozenset[str], ...]:
    """SOPInstanceUIDs of the images that the structure set as a whole refers to, series by series."""
    return tuple(
        frozenset(_read_references(series))
        for frame in read_items(header, "ReferencedFrameOfReferenceSequence")
        for study in read_items(frame, "RTReferencedStudySequence")
        for series in read_items(study, "RTReferencedSeriesSequence")
    )


def _read_contour(source: Source, item: Dataset, name: str) -> Contour:
    points = _read_points(source, item, name)
    declared = read_number(item, "NumberOfContourPoints")
    if declared is None and not len(points):
        raise source.refuse(f"is damaged: {name} has neither points nor their number", remedy=COPY_AGAIN)
    if declared is not None and declared != len(points):
        raise source.refuse(
            f"contradicts itself: {name} has another number of points than it says",
            measured=str(len(points)),
            allowed=f"{declared:g}",
            remedy=_EXPORT_AGAIN,
        )
    return Contour(_read_kind(item), points, tuple(_read_references(item)))


def _read_kind(item: Dataset) -> ContourKind:
    text = read_text(item, "ContourGeometricType")
    return next((kind for kind in ContourKind if kind == text), ContourKind.OTHER)


def _read_references(item: Dataset) -> Iterator[str]:
    for image in read_items(item, "ContourImageSequence"):
        uid = read_text(image, "ReferencedSOPInstanceUID")
        if uid is not None:
            yield uid


def _read_points(source: Source, item: Dataset, name: str) -> Points:
    """Points (n, 3) of a contour, straight from the bytes: pydicom takes seconds for so many numbers."""
    numbers = _read_decimals(item)
    if numbers is None or not np.all(np.abs(numbers) <= FARTHEST_MM):
        raise source.refuse(
            f"is damaged: {name} has coordinates that are no numbers, or lie beyond a kilometre",
            remedy=_EXPORT_AGAIN,
        )
    if numbers.size % 3:
        raise source.refuse(
            f"is damaged: {name} has points without three coordinates",
            measured=f"{numbers.size} numbers",
            allowed="a multiple of 3",
            remedy=_EXPORT_AGAIN,
        )
    return numbers.reshape(-1, 3)


def _read_decimals(item: Dataset) -> npt.NDArray[np.float64] | None:
    """The numbers of ContourData; None where they are damaged."""
    raw = item.get_item("ContourData", keep_deferred=True) if "ContourData" in item else None
    if isinstance(raw, RawDataElement):
        data = raw.value or b""
        texts = data.split(b"\\") if data.strip(b" \0") else []
        if len(data) != raw.length or data.translate(None, _DIGITS):
            return None
    else:
        value = read_value(item, "ContourData")
        texts = [] if value is None else [str(v).encode() for v in np.atleast_1d(np.asarray(value, object))]
    try:
        return np.array([text.strip(b" \0") for text in texts], dtype=np.bytes_).astype(np.float64)
    except ValueError:
        return None
