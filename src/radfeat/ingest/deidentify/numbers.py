"""Numbers of a header: written anew where they are too long, kept where a value is made of them.

A text of more than sixteen characters is no DS and could not be written as it is; the nearest one of sixteen
is. What a voxel's place or value depends on is never dropped in silence: the file cannot be written then.
"""

import math
from collections.abc import Iterable
from functools import lru_cache

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import format_number_as_ds

from radfeat.ingest.deidentify.table import tags_of
from radfeat.ingest.dicom.headers import HeaderError
from radfeat.ingest.identity import SHORTEST_NUMBER, names_someone

LONGEST_DECIMAL = 16

MEASURES = tags_of(
    (
        "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
        "SliceThickness", "SpacingBetweenSlices", "RescaleSlope", "RescaleIntercept", "RealWorldValueSlope",
        "RealWorldValueIntercept", "RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped",
        "DoubleFloatRealWorldValueFirstValueMapped", "DoubleFloatRealWorldValueLastValueMapped",
        "PatientWeight", "RadionuclideTotalDose", "RadionuclideHalfLife", "DecayFactor",
        "DoseCalibrationFactor", "FrameReferenceTime", "ActualFrameDuration", "ContourData",
        "NumberOfContourPoints", "MaximumFractionalValue", "DimensionIndexValues",
    )
)  # fmt: skip
"""Geometry, pixels, rescaling, SUV, contours: kept as they are, for no one is called by a measure."""

LINKS = tags_of(
    ("ROINumber", "ReferencedROINumber", "SegmentNumber", "ReferencedSegmentNumber", "ReferencedFrameNumber")
)
"""Numbers that tie parts of an object together, which a person chose: neither to be dropped nor to name."""


def require_expendable(source: Dataset, tag: BaseTag) -> None:
    """Whether an element may be removed.

    Raises
    ------
    HeaderError
        If it has a value, and it is one of those that measures or ties between parts depend on.
    """
    if tag in MEASURES | LINKS and source.get_item(tag, keep_deferred=True).value not in (None, "", b""):
        raise HeaderError(f"{keyword_for_tag(tag)} cannot be carried over")


def read_decimals(texts: Iterable[str]) -> list[str] | None:
    """DS or IS values, too long ones as the nearest that can be written; None where one is no number."""
    kept = [_read_decimal(text) if text else "" for text in texts]
    return None if any(text is None for text in kept) else [text or "" for text in kept]


def names_by_number(vr: str, texts: Iterable[str], words: frozenset[str]) -> bool:
    """Whether a number is an identifier, leading zeros aside; of whole numbers (IS) any part of it counts."""
    numbers = _list_numbers(words)
    return any(_as_digits(text) in numbers or (vr == "IS" and names_someone(text, words)) for text in texts)


def _read_decimal(text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return text if len(text) <= LONGEST_DECIMAL else str(format_number_as_ds(number))


def _as_digits(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return ""
    return str(abs(int(number))) if math.isfinite(number) and number.is_integer() else ""


@lru_cache(maxsize=64)
def _list_numbers(words: frozenset[str]) -> frozenset[str]:
    stripped = {word.lstrip("0") for word in words if word.isdigit()}
    return frozenset(word for word in stripped if len(word) >= SHORTEST_NUMBER)
