"""What reading a series can remark on, by stable names; ``docs/findings.md`` says what each means."""

from enum import StrEnum

from radfeat.core.findings import Finding
from radfeat.core.vocabulary import Severity


class SeriesCheck(StrEnum):
    """Every remark about a series. A name never changes its meaning and is never used again."""

    IGNORED_FILES = "dicom.ignored_files"
    DERIVED = "dicom.derived"
    LOSSY = "dicom.lossy"
    INVERTED_DISPLAY = "dicom.inverted_display"
    PADDING = "dicom.padding"
    FEWER_SLICES = "dicom.fewer_slices"
    LOST_SLICES = "dicom.lost_slices"
    UNEVEN_SLICES = "dicom.uneven_slices"
    PIXEL_SPACING = "dicom.pixel_spacing"
    VARYING = "dicom.varying"
    NOT_MAGNITUDE = "dicom.not_magnitude"
    COPIED_FILES = "dicom.copied_files"
    LEFT_OVER = "dicom.left_over"
    SLICE_JUMP = "dicom.slice_jump"
    CHANGING_RESCALE = "dicom.changing_rescale"
    PET_INTERCEPT = "dicom.pet_intercept"
    CT_UNIT = "dicom.ct_unit"
    MR_SCALE = "dicom.mr_scale"
    SUV_FACTOR = "dicom.suv_factor"
    SUV_RANGE = "dicom.suv_range"
    SUV_TYPE = "dicom.suv_type"
    UPTAKE_TIME = "dicom.uptake_time"
    SCAN_START = "dicom.scan_start"
    INJECTED_DOSE = "dicom.injected_dose"
    HALF_LIFE = "dicom.half_life"
    BODY = "dicom.body"
    NOT_CORRECTED = "dicom.not_corrected"


def remark(
    check: SeriesCheck,
    key: str,
    what: str,
    measured: float | None = None,
    limit: float | None = None,
    unit: str = "",
    severity: Severity = Severity.WARNING,
) -> Finding:
    """A finding about a series; ``what`` is its sentence without the key and without the full stop."""
    number = None if measured is None else float(measured)
    return Finding(check.value, severity, key, f"{key}: {what}.", number, limit, unit)
