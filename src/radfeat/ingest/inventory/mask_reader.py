"""What a structure set or a segmentation says: its regions, and the images it was drawn in."""

from collections.abc import Iterable, Iterator, Mapping

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.functional_groups import read_macro
from radfeat.ingest.dicom.headers import read_items, read_number, read_text
from radfeat.ingest.dicom.roi_names import list_regions
from radfeat.ingest.inventory.records import Kind, MaskContents


def read_mask_contents(header: Dataset, kind: Kind) -> MaskContents:
    """The regions and references of a mask, by its whole header."""
    return _read_structure_set(header) if kind is Kind.STRUCTURE_SET else _read_segmentation(header)


def _read_structure_set(header: Dataset) -> MaskContents:
    """Reference: DICOM PS3.3, C.8.8.5 and C.8.8.6."""
    frames, series, listed = [], [], []
    for frame in read_items(header, "ReferencedFrameOfReferenceSequence"):
        frames += _texts([frame], "FrameOfReferenceUID")
        for study in read_items(frame, "RTReferencedStudySequence"):
            for item in read_items(study, "RTReferencedSeriesSequence"):
                series += _texts([item], "SeriesInstanceUID")
                listed.append(_name_instances(read_items(item, "ContourImageSequence")))
    regions = read_items(header, "StructureSetROISequence")
    frames += _texts(regions, "ReferencedFrameOfReferenceUID")
    series_uids = tuple(dict.fromkeys(series))
    return MaskContents(
        regions=list_regions(header),
        series_uids=series_uids,
        instance_uids=frozenset().union(*listed),
        frames=tuple(dict.fromkeys(frames)),
        instance_uids_by_region=_read_contour_images(header) if len(series_uids) != 1 else {},
        listed=tuple(listed),
        undrawn=_find_regions_without_contour(header),
    )


def _find_regions_without_contour(header: Dataset) -> frozenset[int]:
    """Regions with no contour but marked points. Reference: DICOM PS3.3, C.8.8.6."""
    named = {region.number for region in list_regions(header)}
    drawn = {
        int(number)
        for region in read_items(header, "ROIContourSequence")
        if (number := read_number(region, "ReferencedROINumber")) is not None
        and any(
            read_text(contour, "ContourGeometricType") != "POINT"
            for contour in read_items(region, "ContourSequence")
        )
    }
    return frozenset(named - drawn)


def _read_contour_images(header: Dataset) -> Mapping[int, frozenset[str]]:
    """The instances that each region's contours name."""
    found: dict[int, frozenset[str]] = {}
    for region in read_items(header, "ROIContourSequence"):
        number = read_number(region, "ReferencedROINumber")
        contours = read_items(region, "ContourSequence")
        images = [item for contour in contours for item in read_items(contour, "ContourImageSequence")]
        if number is not None:
            found[int(number)] = _name_instances(images)
    return found


def _read_segmentation(header: Dataset) -> MaskContents:
    """Reference: DICOM PS3.3, C.12.1.1 (common instance references) and C.7.6.16.2.6 (derivation images)."""
    series = read_items(header, "ReferencedSeriesSequence")
    listed = tuple(_name_instances(read_items(item, "ReferencedInstanceSequence")) for item in series)
    return MaskContents(
        regions=list_regions(header),
        series_uids=tuple(dict.fromkeys(_texts(series, "SeriesInstanceUID"))),
        instance_uids=_name_instances(_find_source_images(header)).union(*listed),
        frames=tuple(_texts([header], "FrameOfReferenceUID")),
        listed=listed,
        undrawn=_find_segments_without_frame(header),
    )


def _find_segments_without_frame(header: Dataset) -> frozenset[int]:
    """Segments that no frame names; none where a frame does not say which it shows, as in a label map.

    Reference: DICOM PS3.3, C.8.20.3.1.
    """
    items = read_macro(header, "SegmentIdentificationSequence")
    shown = {None if item is None else read_number(item, "ReferencedSegmentNumber") for item in items}
    if not shown or None in shown:
        return frozenset()
    return frozenset(region.number for region in list_regions(header) if region.number not in shown)


def _find_source_images(header: Dataset) -> Iterator[Dataset]:
    yield from read_items(header, "SourceImageSequence")
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in read_items(header, groups):
            for derivation in read_items(group, "DerivationImageSequence"):
                yield from read_items(derivation, "SourceImageSequence")


def _name_instances(items: Iterable[Dataset]) -> frozenset[str]:
    return frozenset(_texts(items, "ReferencedSOPInstanceUID"))


def _texts(items: Iterable[Dataset], keyword: str) -> list[str]:
    return [text for item in items if (text := read_text(item, keyword)) is not None]
