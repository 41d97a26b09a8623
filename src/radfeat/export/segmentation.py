"""The ROIs of one image as a DICOM segmentation (BINARY), one segment per ROI."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from radfeat.core.version import VERSION
from radfeat.core.volume import Mask
from radfeat.export.meanings import choose_codes
from radfeat.export.quiet import explain_libraries, quiet
from radfeat.export.sources import SourceImages
from radfeat.export.uids import UNSETTLED_UID, derive_uid, settle_uid

MAKER = "radfeat"
NOT_STATED = "not stated in the source"
_LABEL_LENGTH = 64
_INSTANCE_ELEMENTS = ("InstanceCreationDate", "InstanceCreationTime", "ContributingEquipmentSequence")
"""What highdicom adds of its own: the clock, and what the source says of scanner and institution."""


class DrawnBy(StrEnum):
    """How an ROI was drawn: DICOM's words (0062,0008)."""

    MANUAL = "MANUAL"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    AUTOMATIC = "AUTOMATIC"


@dataclass(frozen=True, eq=False, slots=True)
class Segment:
    """One ROI to export; ``drawn_by`` is None where the source does not say."""

    mask: Mask
    role: str | None = None
    drawn_by: DrawnBy | None = None

    @property
    def name(self) -> str:
        """The ROI and its lesion, as the sheet names them."""
        roi = self.mask.roi
        return f"{roi.roi} / {roi.lesion_id}" if roi.lesion_id else roi.roi


def build_segmentation(source: SourceImages, segments: Sequence[Segment]) -> hd.seg.Segmentation:
    """A segmentation object of one image.

    Parameters
    ----------
    source
        The image, laid on the grid of the masks.
    segments
        One or more ROIs, voxels (z, y, x) on that grid; segment numbers count from 1 in their order.

    Returns
    -------
    highdicom.seg.Segmentation
        The same object, UID and all, whenever source, masks and names are the same. Subject and study are
        the source's; dates are those of its study.

    Raises
    ------
    ExportError
        If highdicom does not accept what the source's headers hold.
    """
    pixels = _stack(segments, source.slices)
    with quiet(), explain_libraries(segments[0].mask.roi.case.case_id):
        built = hd.seg.Segmentation(
            source_images=list(source.headers),
            pixel_array=pixels,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_describe(source, s, n) for n, s in enumerate(segments, start=1)],
            series_instance_uid=derive_uid("segmentation series", source.series_uid),
            series_number=10 * source.series_number + 1,
            sop_instance_uid=UNSETTLED_UID,
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=VERSION,
            device_serial_number="none",
            content_label="ROI",
            content_description="Regions of interest as measured",
            series_description="radfeat ROI",
            content_date=source.date,
            content_time=source.time,
            specific_character_set="ISO_IR 192",
            transfer_syntax_uid=ExplicitVRLittleEndian,
        )
        _name_dimensions(built, derive_uid("dimensions", source.series_uid))
        drop_own_elements(built)
        settle_uid(built)
    return built


def read_segmentation(path: Path, source: SourceImages) -> dict[int, npt.NDArray[np.bool_]]:
    """The voxels (z, y, x) of each segment, by its number, as a reader of DICOM finds them.

    ``source`` is the image that the segmentation was made of.
    """
    with quiet():
        read = hd.seg.segread(path)
        numbers = [int(number) for number in read.segment_numbers]
        frames = _read_frames(read, source.headers, len(source.slices))
    order = np.argsort(source.slices)
    return {number: frames[order, :, :, n].astype(np.bool_) for n, number in enumerate(numbers)}


def _read_frames(read: hd.seg.Segmentation, headers: Sequence[Dataset], count: int) -> npt.NDArray[np.uint8]:
    """Pixels (frame of the source, row, column, segment)."""
    if len(headers) == 1 and "PerFrameFunctionalGroupsSequence" in headers[0]:
        pixels = read.get_pixels_by_source_frame(
            str(headers[0].SOPInstanceUID), range(1, count + 1), assert_missing_frames_are_empty=True
        )
    else:
        pixels = read.get_pixels_by_source_instance(
            [str(header.SOPInstanceUID) for header in headers], assert_missing_frames_are_empty=True
        )
    return np.asarray(pixels, dtype=np.uint8)


def clean_text(text: str, length: int) -> str:
    """Text that one DICOM value can hold: no backslash, no control characters, ``length`` at most."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text.replace("\\", "/")).strip()[:length]


def tracking_uid(source: SourceImages, segment: Segment) -> str:
    """Names the ROI of this series, however often it is drawn anew."""
    roi = segment.mask.roi
    return derive_uid("tracking", source.series_uid, roi.roi, roi.lesion_id)


def drop_own_elements(dataset: Dataset) -> None:
    """Take away what highdicom adds of the clock and of the institution."""
    for keyword in _INSTANCE_ELEMENTS:
        if keyword in dataset:
            del dataset[keyword]


def _stack(segments: Sequence[Segment], slices: tuple[int, ...]) -> npt.NDArray[np.uint8 | np.uint16]:
    """Masks by frame of the source: one array of segment numbers, or one array each where they overlap."""
    order = list(slices)
    numbers = np.zeros(segments[0].mask.voxels_zyx.shape, dtype=np.uint16)
    for number, segment in enumerate(segments, start=1):
        inside = segment.mask.voxels_zyx
        if numbers[inside].any():
            masks = [s.mask.voxels_zyx[order] for s in segments]
            return np.stack(masks, axis=-1).astype(np.uint8)
        numbers[inside] = number
    return numbers[order]


def _describe(source: SourceImages, segment: Segment, number: int) -> hd.seg.SegmentDescription:
    meaning = choose_codes(segment.role)
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=clean_text(segment.name, _LABEL_LENGTH),
        segmented_property_category=meaning.category,
        segmented_property_type=meaning.type,
        algorithm_type=DrawnBy.MANUAL.value,
        tracking_id=clean_text(segment.name, 1024),
        tracking_uid=tracking_uid(source, segment),
    )
    if segment.drawn_by is None:
        described.SegmentDescription = (
            f"How this ROI was drawn is {NOT_STATED}; MANUAL stands here because DICOM demands a value."
        )
    elif segment.drawn_by is not DrawnBy.MANUAL:
        described.SegmentAlgorithmType = segment.drawn_by.value
        described.SegmentAlgorithmName = NOT_STATED
    return described


def _name_dimensions(dataset: Dataset, uid: str) -> None:
    """Give the dimensions a lasting UID; highdicom draws one by lot."""
    for item in (*dataset.DimensionOrganizationSequence, *dataset.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid
