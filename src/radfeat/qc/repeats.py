"""Which measurements repeat each other: scans that were repeated, readers, perturbations."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.vocabulary import RepeatSource
from radfeat.qc.repeatability_settings import RepeatabilitySettings

Indices = npt.NDArray[np.intp]

NOTHING = -1
"""In the place of a row: there is no such measurement."""

_COLUMNS = ("roi_id", "case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id")
DRAWING_COLUMNS = (*_COLUMNS, "roi", "role", "lesion_id", "reader_id")
"""Columns of ``rois`` that tell what repeats what."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawn region: a row of ``rois``. ``region`` is its role, or its name where it has none."""

    roi_id: str
    case_id: str
    study_id: str
    site_id: str
    subject_id: str
    timepoint: str
    image_id: str
    region: str
    lesion_id: str | None
    reader_id: str | None


@dataclass(frozen=True, eq=False, slots=True)
class RepeatSet:
    """Repeated measurements of one source, image and region.

    ``rows`` (targets x repeats) are rows of the table that holds the values, ``NOTHING`` where there is no
    such measurement. ``subject_ids`` has one entry per target: one subject may have several lesions.
    """

    source: RepeatSource
    image_id: str
    region: str
    subject_ids: tuple[str, ...]
    repeats: tuple[str, ...]
    rows: Indices


@dataclass(frozen=True, slots=True)
class _Entry:
    """One measurement: which repeat of which target it is, and in which row it stands."""

    image_id: str
    region: str
    target: Hashable
    subject_id: str
    repeat: str
    row: int


def list_drawings(rois: pa.Table) -> tuple[Drawing, ...]:
    """The drawn regions of a ``rois`` table, by ``roi_id``."""
    rows = rois.select(DRAWING_COLUMNS).to_pylist()
    drawings = (
        Drawing(
            **{name: row[name] for name in _COLUMNS},
            region=row["role"] or row["roi"],
            lesion_id=row["lesion_id"],
            reader_id=row["reader_id"],
        )
        for row in rows
    )
    return tuple(sorted(drawings, key=lambda d: d.roi_id))


def may_repeat(
    rois: pa.Table, perturbed: pa.ChunkedArray, settings: RepeatabilitySettings
) -> pa.ChunkedArray:
    """For each row of ``rois``: whether it can be one of several measurements, by what the row alone says.

    ``perturbed`` holds the ``roi_id`` of every perturbed measurement.
    """
    scans = pa.array(settings.retest_timepoints or (), pa.string())
    images = pa.array(settings.retest_images or (), pa.string())
    scanned = pc.or_(
        pc.is_in(rois["timepoint"], value_set=scans), pc.is_in(rois["image_id"], value_set=images)
    )
    altered = pc.is_in(rois["roi_id"], value_set=perturbed.combine_chunks())
    return pc.or_(pc.or_(scanned, pc.is_valid(rois["reader_id"])), altered)


def list_single_drawings(drawings: Sequence[Drawing]) -> tuple[Drawing, ...]:
    """One drawing per image, region and lesion: the first by ``roi_id`` where several readers drew it."""
    first: dict[Hashable, Drawing] = {}
    for drawing in drawings:
        first.setdefault((drawing.case_id, drawing.region, drawing.lesion_id), drawing)
    return tuple(first.values())


def find_repeats(
    drawings: Sequence[Drawing], roi_ids: Sequence[str], settings: RepeatabilitySettings
) -> tuple[RepeatSet, ...]:
    """Repeated scans and several readers among the ROIs of a table whose rows are these ``roi_ids``.

    A repeated scan pairs ROIs of one region and lesion of a subject; several readers are those of one region
    and lesion on one image. Where a reader, or a scan, has several drawings, the first by ``roi_id`` counts.
    """
    row_of = {roi_id: row for row, roi_id in enumerate(roi_ids)}
    scans = settings.retest_timepoints or settings.retest_images
    return (
        *_arrange(RepeatSource.TEST_RETEST, _list_retests(drawings, row_of, settings), scans),
        *_arrange(RepeatSource.READERS, _list_readings(drawings, row_of, settings), settings.readers),
    )


def find_perturbed(
    drawings: Sequence[Drawing], roi_ids: Sequence[str], repeats: Sequence[int]
) -> tuple[RepeatSet, ...]:
    """Perturbed measurements in a table whose rows have these ROIs and numbers of repeats."""
    by_id = {drawing.roi_id: drawing for drawing in drawings}
    entries = (
        _Entry(d.image_id, d.region, d.roi_id, d.subject_id, str(repeat), row)
        for row, (roi_id, repeat) in enumerate(zip(roi_ids, repeats, strict=True))
        if (d := by_id.get(roi_id)) is not None
    )
    return tuple(_arrange(RepeatSource.PERTURBATION, entries, [str(r) for r in sorted(set(repeats))]))


def _list_retests(
    drawings: Sequence[Drawing], row_of: dict[str, int], settings: RepeatabilitySettings
) -> Iterator[_Entry]:
    by_image = bool(settings.retest_images)
    scans = settings.retest_images or settings.retest_timepoints
    for d in drawings:
        scan, other = (d.image_id, d.timepoint) if by_image else (d.timepoint, d.image_id)
        if scan in scans and d.roi_id in row_of:
            target = (d.study_id, d.site_id, d.subject_id, other, d.region, d.lesion_id)
            image = scans[0] if by_image else d.image_id
            yield _Entry(image, d.region, target, d.subject_id, scan, row_of[d.roi_id])


def _list_readings(
    drawings: Sequence[Drawing], row_of: dict[str, int], settings: RepeatabilitySettings
) -> Iterator[_Entry]:
    for d in drawings:
        reader = d.reader_id
        if reader is None or (settings.readers and reader not in settings.readers):
            continue
        if d.roi_id in row_of:
            target = (d.case_id, d.region, d.lesion_id)
            yield _Entry(d.image_id, d.region, target, d.subject_id, reader, row_of[d.roi_id])


def _arrange(source: RepeatSource, entries: Iterable[_Entry], order: Sequence[str]) -> Iterator[RepeatSet]:
    """Deal measurements into images and regions, and lay them out as targets x repeats."""
    strata: dict[tuple[str, str], dict[Hashable, list[_Entry]]] = {}
    for entry in entries:
        targets = strata.setdefault((entry.image_id, entry.region), {})
        known = targets.setdefault(entry.target, [])
        if entry.repeat not in {e.repeat for e in known}:
            known.append(entry)
    for (image_id, region), targets in sorted(strata.items()):
        repeated = [known for known in targets.values() if len(known) > 1]
        if repeated:
            yield _lay_out(source, image_id, region, repeated, order)


def _lay_out(
    source: RepeatSource,
    image_id: str,
    region: str,
    targets: Sequence[Sequence[_Entry]],
    order: Sequence[str],
) -> RepeatSet:
    found = {entry.repeat for target in targets for entry in target}
    repeats = tuple(name for name in (order or sorted(found)) if name in found)
    place = {name: column for column, name in enumerate(repeats)}
    rows = np.full((len(targets), len(repeats)), NOTHING, dtype=np.intp)
    for number, target in enumerate(targets):
        for entry in target:
            rows[number, place[entry.repeat]] = entry.row
    return RepeatSet(source, image_id, region, tuple(t[0].subject_id for t in targets), repeats, rows)
