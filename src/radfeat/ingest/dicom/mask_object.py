"""The file behind a DICOM mask: one structure set or one segmentation, read whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydicom.dataset import Dataset

from radfeat.core.vocabulary import Reason
from radfeat.ingest.dicom.files import SERIES_LIST_SUFFIX, SeriesListError, list_dicom_files, read_series_list
from radfeat.ingest.dicom.headers import HeaderError, parse_dataset, read_header, read_items, read_text
from radfeat.ingest.dicom.mask_classes import SEGMENTATIONS, STRUCTURE_SETS
from radfeat.ingest.dicom.roi_names import RegionKind
from radfeat.ingest.dicom.segmentation import open_segmentation
from radfeat.ingest.dicom.sequences import is_cut_short, require_items, require_lengths
from radfeat.ingest.source import COPY_AGAIN, Source
from radfeat.ingest.stored import compute_sha256

MASK_CLASSES = dict.fromkeys(STRUCTURE_SETS, RegionKind.STRUCTURE) | dict.fromkeys(
    SEGMENTATIONS, RegionKind.SEGMENT
)
"""SOP classes that are read as masks."""

_SEQUENCES = {
    RegionKind.STRUCTURE: (
        "StructureSetROISequence",
        "ROIContourSequence",
        "ReferencedFrameOfReferenceSequence",
    ),
    RegionKind.SEGMENT: (
        "SegmentSequence",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
        "ReferencedSeriesSequence",
    ),
}
"""What is read of each kind, so that losing a part of it would matter."""


@dataclass(frozen=True, eq=False, slots=True)
class MaskObject:
    """A structure set or segmentation as it stands in its file, with the file's SHA-256."""

    header: Dataset = field(repr=False)
    kind: RegionKind
    sha256: str


def read_mask_object(source: Source) -> MaskObject:
    """Read the structure set or segmentation that a path stands for: a file, or the only one in a folder.

    Raises
    ------
    InputError
        If there is none or several (``ROI_NOT_FOUND``), or it is damaged, cut short, or something else.
    """
    file = _find_file(source)
    if _is_special(file):
        raise source.refuse(
            "is no file, but a pipe or a device", remedy="Name a DICOM file in the column mask"
        )
    data = replace(source, path=file).read_bytes()
    try:
        header = parse_dataset(data)
    except HeaderError:
        raise source.refuse("is damaged or cut short, or is not DICOM", remedy=COPY_AGAIN) from None
    if is_cut_short(header):
        raise source.refuse("is cut short", remedy=COPY_AGAIN)
    kind = MASK_CLASSES.get(read_text(header, "SOPClassUID") or "")
    if kind is None:
        raise source.refuse(
            "is a DICOM object, but no structure set or segmentation",
            reason=Reason.ROI_NOT_FOUND,
            remedy="Name the RTSTRUCT or SEG file in the column mask",
        )
    for keyword in _SEQUENCES[kind]:
        require_items(source, header, keyword)
    for item in read_items(header, "ROIContourSequence"):
        require_lengths(source, item, "ContourSequence")
    if kind is RegionKind.SEGMENT:
        header = open_segmentation(source, header)
    return MaskObject(header, kind, compute_sha256(data))


def _find_file(source: Source) -> Path:
    files = _list_files(source)
    if len(files) == 1:
        return files[0]
    found = [path for path in files if _is_mask(path)]
    if len(found) != 1:
        raise source.refuse(
            "is a folder, and does not hold exactly one structure set or segmentation",
            reason=Reason.ROI_NOT_FOUND,
            measured=f"{len(found)} among {len(files)} files",
            allowed="1",
            remedy="Name the file itself in the column mask",
        )
    return found[0]


def _is_special(path: Path) -> bool:
    """Whether a path is there and is no file: reading a pipe would wait for ever."""
    try:
        return path.exists() and not path.is_file()
    except OSError:
        return False  # reading it says why


def _list_files(source: Source) -> Sequence[Path]:
    if not source.path.name.lower().endswith(SERIES_LIST_SUFFIX):
        return list_dicom_files(source.path)
    try:
        return read_series_list(source.path).files
    except SeriesListError as error:
        raise source.refuse(str(error), remedy="Run `radfeat ingest inventory` again") from None


def _is_mask(path: Path) -> bool:
    try:
        return read_text(read_header(path), "SOPClassUID") in MASK_CLASSES
    except HeaderError:
        return False
