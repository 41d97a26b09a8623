"""Which images a structure set or a segmentation was drawn on: what it refers to must be there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import HeaderError, read_header, read_items, read_text

DRAWN = ("RTSTRUCT", "SEG")
"""Modalities of objects that are drawn on images."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The instances of one series that were drawn on; ``study_uid`` is empty where it is not said."""

    study_uid: str
    series_uid: str
    instances: frozenset[str]


def read_references(path: Path) -> tuple[Reference, ...]:
    """What a structure set or a segmentation refers to; nothing where the file is neither, or unreadable."""
    try:
        header = read_header(path)
    except HeaderError:
        return ()
    if read_text(header, "Modality") == "RTSTRUCT":
        return _join([*_of_structure_set(header)], _of_contours(header))
    return _join([*_of_segmentation(header)], frozenset())


def _join(references: Iterable[Reference], others: frozenset[str]) -> tuple[Reference, ...]:
    """One reference for each series; what contours name besides belongs to it if it is the only one."""
    joined: dict[str, Reference] = {}
    for one in references:
        before = joined.get(one.series_uid)
        instances = one.instances if before is None else one.instances | before.instances
        joined[one.series_uid] = Reference(one.study_uid, one.series_uid, instances)
    if len(joined) == 1:
        (only,) = joined.values()
        return (Reference(only.study_uid, only.series_uid, only.instances | others),)
    return tuple(joined.values())


def _of_structure_set(header: Dataset) -> Iterator[Reference]:
    for frame in read_items(header, "ReferencedFrameOfReferenceSequence"):
        for study in read_items(frame, "RTReferencedStudySequence"):
            study_uid = read_text(study, "ReferencedSOPInstanceUID") or ""
            for series in read_items(study, "RTReferencedSeriesSequence"):
                yield from _of_series(series, study_uid, "ContourImageSequence")


def _of_contours(header: Dataset) -> frozenset[str]:
    return frozenset(
        uid
        for region in read_items(header, "ROIContourSequence")
        for contour in read_items(region, "ContourSequence")
        for uid in _instances(contour, "ContourImageSequence")
    )


def _of_segmentation(header: Dataset) -> Iterator[Reference]:
    for study in (header, *read_items(header, "StudiesContainingOtherReferencedInstancesSequence")):
        study_uid = read_text(study, "StudyInstanceUID") or ""
        for series in read_items(study, "ReferencedSeriesSequence"):
            yield from _of_series(series, study_uid, "ReferencedInstanceSequence")


def _of_series(series: Dataset, study_uid: str, keyword: str) -> Iterator[Reference]:
    series_uid = read_text(series, "SeriesInstanceUID")
    if series_uid is not None:
        yield Reference(study_uid, series_uid, frozenset(_instances(series, keyword)))


def _instances(item: Dataset, keyword: str) -> Iterator[str]:
    for image in read_items(item, keyword):
        uid = read_text(image, "ReferencedSOPInstanceUID")
        if uid is not None:
            yield uid
