"""What a structure set or a segmentation says: its regions, and the images it was drawn in."""

from collections.abc import Iterator, Mapping

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import read_items, read_number, read_text
from radfeat.ingest.dicom.roi_names import list_regions
from radfeat.ingest.inventory.records import Kind, MaskContents


def read_mask_contents(header: Dataset, kind: Kind) -> MaskContents:
    """The regions and references of a mask, by its whole header."""
    return _read_structure_set(header) if kind is Kind.STRUCTURE_SET else _read_segmentation(header)


def _read_structure_set(header: Dataset) -> MaskContents:
    """Reference: DICOM PS3.3, C.8.8.5 and C.8.8.6."""
    frames, series, instances = [], [], set()
    for frame in read_items(header, "ReferencedFrameOfReferenceSequence"):
        frames += _texts([frame], "FrameOfReferenceUID")
        for study in read_items(frame, "RTReferencedStudySequence"):
            for item in read_items(study, "RTReferencedSeriesSequence"):
                series += _texts([item], "SeriesInstanceUID")
                instances |= set(_texts(read_items(item, "ContourImageSequence"), "ReferencedSOPInstanceUID"))
    regions = read_items(header, "StructureSetROISequence")
    frames += _texts(regions, "ReferencedFrameOfReferenceUID")
    series_uids = tuple(dict.fromkeys(series))
    return MaskContents(
        regions=list_regions(header),
        series_uids=series_uids,
        instance_uids=frozenset(instances),
        frames=tuple(dict.fromkeys(frames)),
        instance_uids_by_region=_read_contour_images(header) if len(series_uids) != 1 else {},
    )


def _read_contour_images(header: Dataset) -> Mapping[int, frozenset[str]]:
    """The instances that each region's contours name."""
    found: dict[int, frozenset[str]] = {}
    for region in read_items(header, "ROIContourSequence"):
        number = read_number(region, "ReferencedROINumber")
        contours = read_items(region, "ContourSequence")
        images = [item for contour in contours for item in read_items(contour, "ContourImageSequence")]
        if number is not None:
            found[int(number)] = frozenset(_texts(images, "ReferencedSOPInstanceUID"))
    return found


def _read_segmentation(header: Dataset) -> MaskContents:
    """Reference: DICOM PS3.3, C.12.1.1 (common instance references) and C.7.6.16.2.6 (derivation images)."""
    listed = read_items(header, "ReferencedSeriesSequence")
    instances = [item for series in listed for item in read_items(series, "ReferencedInstanceSequence")]
    return MaskContents(
        regions=list_regions(header),
        series_uids=tuple(dict.fromkeys(_texts(listed, "SeriesInstanceUID"))),
        instance_uids=frozenset(
            _texts([*instances, *_find_source_images(header)], "ReferencedSOPInstanceUID")
        ),
        frames=tuple(_texts([header], "FrameOfReferenceUID")),
    )


def _find_source_images(header: Dataset) -> Iterator[Dataset]:
    yield from read_items(header, "SourceImageSequence")
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in read_items(header, groups):
            for derivation in read_items(group, "DerivationImageSequence"):
                yield from read_items(derivation, "SourceImageSequence")


def _texts(items: list[Dataset] | tuple[Dataset, ...], keyword: str) -> list[str]:
    return [text for item in items if (text := read_text(item, keyword)) is not None]
