"""What is not copied, and why: what may show a person in its pixels, and what cannot be judged."""

import math
from enum import StrEnum

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from radfeat.ingest.dicom.headers import READ_FAULTS, read_number, read_text
from radfeat.ingest.dicom.mask_classes import SEGMENTATIONS, STRUCTURE_SETS
from radfeat.ingest.dicom.sequences import is_cut_short
from radfeat.ingest.inventory.sop_classes import VOLUMES


class Quarantine(StrEnum):
    """Why a file was not copied."""

    NOT_DICOM = "not a DICOM file, or one that cannot be read"
    NO_SUBJECT = "no PatientID"
    NOT_IN_LIST = "a PatientID that the list of subjects lacks"
    TWO_ISSUERS = "a PatientID that two issuers gave"
    TWO_PERSONS = "a PatientID with several dates of birth"
    TWO_CONTENTS = "a SOPInstanceUID that another file has, with other contents"
    KIND = "a kind of object that is not taken: reports, documents, captures, presentations, others"
    CAPTURE = "a secondary capture or a screen shot"
    BURNED_IN = "annotation in the pixels, by its header"
    UNKNOWN_BURNED_IN = "ultrasound that does not say that its pixels are free of annotation"
    COLOUR = "a colour image, as screen shots and fused views are"
    OVERLAY = "an overlay within the pixels"
    EXCESS = "more bytes of pixels than its header says"
    NAMED = "a subject id in the list that repeats a word of the subject's name"
    CUT_SHORT = "a file that is cut short, or has fewer pixels than its header says"
    INCOMPLETE = "UIDs that every object has are missing, or the transfer syntax is unknown"
    UNWRITABLE = "a header that cannot be written anew"
    TRACE = "a word that names someone was left after de-identification"


ULTRASOUND = frozenset(f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("6.1", "3.1", "6.2"))
"""Of one frame, of several, and of a volume."""
IMAGES = VOLUMES.keys() | ULTRASOUND
"""CT, MR, PET: classic, enhanced, legacy converted; ultrasound."""

_DRAWN = ("StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence")
"""What every structure set holds, the last of its elements among them."""

_CAPTURED = ("SCREEN", "CAPTURE", "DOSE", "REPORT", "RGB", "FUSION", "3D RENDER")
_UNDEFINED = 0xFFFFFFFF
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


def judge(dataset: Dataset, data: bytes) -> Quarantine | None:
    """Why an object must not be copied, by its header; None where it may be cleaned and copied.

    ``data`` are the bytes of its file.
    """
    try:
        return _judge(dataset, data)
    except READ_FAULTS:
        return Quarantine.UNWRITABLE


def _judge(dataset: Dataset, data: bytes) -> Quarantine | None:
    sop_class = read_text(dataset, "SOPClassUID")
    syntax = UID(read_text(dataset.file_meta, "TransferSyntaxUID") or "")
    if not syntax.is_transfer_syntax or any(read_text(dataset, keyword) is None for keyword in _UIDS):
        return Quarantine.INCOMPLETE
    if is_cut_short(dataset) or _has_rest(dataset, data):
        return Quarantine.CUT_SHORT
    if sop_class in STRUCTURE_SETS:
        return None if all(keyword in dataset for keyword in _DRAWN) else Quarantine.CUT_SHORT
    if sop_class in SEGMENTATIONS:
        return _judge_length(dataset)
    if sop_class not in IMAGES:
        return Quarantine.KIND
    return _judge_pixels(dataset, sop_class) or _judge_length(dataset)


def _has_rest(dataset: Dataset, data: bytes) -> bool:
    """Whether something follows the last element: the head of one whose value is gone."""
    last = dataset.get_item(max(dataset.keys()), keep_deferred=True)
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED or _is_deflated(dataset):
        return False
    return any(data[last.value_tell + last.length :])


def _is_deflated(dataset: Dataset) -> bool:
    return bool(dataset.file_meta.TransferSyntaxUID.is_deflated)


def _judge_pixels(dataset: Dataset, sop_class: str | None) -> Quarantine | None:
    image_type = (read_text(dataset, "ImageType") or "").upper()
    burned_in = read_text(dataset, "BurnedInAnnotation")
    if read_text(dataset, "ConversionType") is not None or any(word in image_type for word in _CAPTURED):
        return Quarantine.CAPTURE
    if burned_in not in (None, "NO"):
        return Quarantine.BURNED_IN
    if sop_class in ULTRASOUND:
        return None if burned_in == "NO" else Quarantine.UNKNOWN_BURNED_IN
    if not (read_text(dataset, "PhotometricInterpretation") or "").startswith("MONOCHROME"):
        return Quarantine.COLOUR
    return Quarantine.OVERLAY if _has_overlay_in_pixels(dataset) else None


def _has_overlay_in_pixels(dataset: Dataset) -> bool:
    """Whether an overlay lies in bits of the pixels that the image does not use (a retired practice)."""
    groups = {tag.group for tag in list(dataset.keys()) if 0x6000 <= tag.group <= 0x60FF}
    return any((group, 0x3000) not in dataset for group in groups)


def _judge_length(dataset: Dataset) -> Quarantine | None:
    """Pixels that are not compressed are as many as rows, columns and frames say, and one byte to be even."""
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return Quarantine.CUT_SHORT
    if "PixelData" not in dataset or dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    counts = [read_number(dataset, keyword) for keyword in ("Rows", "Columns", "BitsAllocated")]
    frames = read_number(dataset, "NumberOfFrames") or 1.0
    samples = read_number(dataset, "SamplesPerPixel") or 1.0
    size = frames * samples / 8
    for count in counts:
        if count is None:
            return Quarantine.CUT_SHORT
        size *= count
    length = len(dataset.PixelData or b"")
    if length > math.ceil(size) + math.ceil(size) % 2:
        return Quarantine.EXCESS
    return Quarantine.CUT_SHORT if length < size else None
