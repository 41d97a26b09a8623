"""The headers that a volume or a mask was read from, for objects derived from them."""

from collections.abc import Mapping
from pathlib import Path

from pydicom.dataset import Dataset

from radfeat.core.vocabulary import Reason
from radfeat.ingest.case_reader import ReadImage
from radfeat.ingest.dicom.files import list_dicom_files
from radfeat.ingest.dicom.headers import HeaderError, read_header, read_items, read_number, read_text
from radfeat.ingest.dicom.roi_names import choose_region
from radfeat.ingest.formats import is_dicom
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

_METHODS = (
    ("StructureSetROISequence", "ROINumber", "ROIGenerationAlgorithm"),
    ("SegmentSequence", "SegmentNumber", "SegmentAlgorithmType"),
)
"""Where structure sets and segmentations say how a region was drawn: sequence, number, method."""


def read_instance_headers(path: Path, instances: Mapping[str, int]) -> list[Dataset]:
    """The headers of the instances that a volume was read from, each once, in the order of their files.

    Parameters
    ----------
    path
        The image of the sheet: a folder, a file or a series list.
    instances
        The SOPInstanceUIDs of the volume, as ``DicomSeries.instances`` has them.
    """
    headers: dict[str, Dataset] = {}
    for file in list_dicom_files(path):
        try:
            header = read_header(file)
        except HeaderError:
            continue  # no instance of the volume: those could be read
        uid = read_text(header, "SOPInstanceUID")
        if uid is not None and uid in instances:
            headers.setdefault(uid, header)
    return list(headers.values())


def read_drawing_method(image: ReadImage, row: ImageRow, settings: IngestSettings) -> str | None:
    """How the ROI of a row was drawn, in DICOM's words, where its mask is DICOM and says so.

    MANUAL, SEMIAUTOMATIC or AUTOMATIC: the ROIGenerationAlgorithm of a structure set, the
    SegmentAlgorithmType of a segmentation.

    Raises
    ------
    InputError
        As for ``read_pair``.
    """
    if not is_dicom(row.mask):
        return None
    source = Source(row.mask, row.key.roi_id, missing=Reason.ROI_NOT_FOUND)
    header = image.read_object(source).header
    number = choose_region(source, header, row, settings, image.identity).number
    for sequence, key, keyword in _METHODS:
        for item in read_items(header, sequence):
            if read_number(item, key) == number:
                return read_text(item, keyword)
    return None
