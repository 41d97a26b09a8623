"""What reading a DICOM mask can remark on, by stable names; ``docs/findings.md`` says what each means."""

from enum import StrEnum

from radfeat.core.errors import EmptyRoiError
from radfeat.ingest.source import Source


class MaskCheck(StrEnum):
    """Every remark about a DICOM mask. A name never changes its meaning and is never used again."""

    FRAME_UNCHECKED = "dicom.frame_unchecked"
    OTHER_SERIES = "dicom.other_series"
    MISSING_INSTANCES = "dicom.missing_instances"
    ONE_REFERENCE = "dicom.one_reference"
    CONTOUR_POINTS = "dicom.contour_points"
    CONTOUR_DEGENERATE = "dicom.contour_degenerate"
    CONTOUR_OUTSIDE = "dicom.contour_outside"
    CONTOUR_BEYOND = "dicom.contour_beyond"
    CONTOUR_OFF_SLICE = "dicom.contour_off_slice"
    CONTOUR_PLANES = "dicom.contour_planes"
    CONTOUR_RING = "dicom.contour_ring"
    CONTOUR_HOLES = "dicom.contour_holes"
    CONTOUR_CROSSING = "dicom.contour_crossing"
    FRACTIONAL = "dicom.fractional"


def count(number: int, thing: str) -> str:
    """A number and its noun, in the plural where it is not one."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def empty(source: Source, what: str) -> EmptyRoiError:
    """The error for an ROI of which a mask holds nothing."""
    return EmptyRoiError(
        f"{source.role} {what}", key=source.key, remedy="Draw the ROI, or take its row out of the sheet"
    )
