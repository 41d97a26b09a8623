"""The voxels of a segment of a DICOM segmentation, through highdicom: frames placed by their positions."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from radfeat.core.errors import GeometryError
from radfeat.core.findings import Finding, remark
from radfeat.core.grid import Grid
from radfeat.core.quiet import keep_quiet
from radfeat.core.vocabulary import Severity
from radfeat.ingest.dicom.functional_groups import PER_FRAME, read_macro
from radfeat.ingest.dicom.headers import READ_FAULTS, read_items, read_number, read_numbers, read_text
from radfeat.ingest.dicom.image_place import (
    ImagePlace,
    check_instances,
    check_series,
    choose_tolerance_mm,
    require_reference,
)
from radfeat.ingest.dicom.mask_checks import MaskCheck, empty
from radfeat.ingest.dicom.roi_names import Region
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import COPY_AGAIN, Source

Stored = npt.NDArray[np.generic]
Voxels = npt.NDArray[np.bool_]
Gaps = npt.NDArray[np.float64]

_FAULTS = (*READ_FAULTS, RuntimeError, sqlite3.Error)
"""What highdicom raises for damaged objects, by its source and by trial: it keeps frames in a data base."""

_EXPORT_AGAIN = "Export the segmentation again, on the grid of its image"
_MEANINGS = {"PROBABILITY": "probability", "OCCUPANCY": "occupancy"}


@dataclass(frozen=True, eq=False, slots=True)
class _Frame:
    """One frame, as its header describes it; ``number`` counts from 1, ``segment`` is None in a label map."""

    number: int
    segment: int | None
    position_mm: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None
    instances: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """The slice on which a frame lies; 1 or -1 where its rows and columns run as the image's, or reversed."""

    k: int
    step_yx: tuple[int, int]


def fill_segment(
    source: Source, header: Dataset, region: Region, image: ImagePlace, settings: IngestSettings
) -> tuple[Voxels, tuple[Finding, ...]]:
    """The voxels (z, y, x) of a segment, on the image's grid; slices without a frame are empty.

    Raises
    ------
    InputError
        If the segmentation is damaged or cut short, or has two frames of the segment on one slice.
    EmptyRoiError
        If the segment has no frame, or no voxel.
    GeometryError
        If a frame of it does not lie on a slice of the image, voxel on voxel; its rows and columns may run
        the other way, as those of masks that were NIfTI do.
    """
    frames = [frame for frame in _list_frames(source, header) if frame.segment in (None, region.number)]
    if not frames:
        raise empty(source, "has no frame of the segment")
    _require_size(source, header, image.grid)
    places = [_find_place(source, frame, image.grid, settings) for frame in frames]
    _require_once(source, [place.k for place in places])
    for frame, place in zip(frames, places, strict=True):
        require_reference(source, image, frame.instances, place.k, f"frame {frame.number}")
    choose, findings = _choose_voxels(source, header, region, settings)
    voxels = np.zeros(image.grid.shape_zyx, np.bool_)
    for stored, place in zip(_decode(source, header, frames), places, strict=True):
        down, across = place.step_yx
        voxels[place.k] = choose(stored)[::down, ::across]
    if not voxels.any():
        raise empty(source, "has no voxel in the segment")
    referred = _list_referenced_series(header)
    whole = frozenset().union(*referred)
    findings += check_series(source, image, [frame.instances for frame in frames], whole)
    return voxels, (*findings, *check_instances(source, image, referred))


def _list_frames(source: Source, header: Dataset) -> list[_Frame]:
    """The frames of all segments, in the order of the file."""
    declared = read_number(header, "NumberOfFrames")
    groups = read_items(header, PER_FRAME)
    if declared is None or declared != len(groups) or not groups:
        raise source.refuse(
            "does not describe each of its frames",
            measured=f"{len(groups)} descriptions",
            allowed="none given" if declared is None else f"{declared:g}",
            remedy=COPY_AGAIN,
        )
    number = len(groups)
    positions = _per_frame(header, "PlanePositionSequence", "ImagePositionPatient", 3, number)
    orientations = _per_frame(header, "PlaneOrientationSequence", "ImageOrientationPatient", 6, number)
    spacings = _per_frame(header, "PixelMeasuresSequence", "PixelSpacing", 2, number)
    segments = _list_segments(source, header, number)
    return [
        _Frame(n + 1, segments[n], positions[n], orientations[n], spacings[n], _read_references(groups[n]))
        for n in range(number)
    ]


def _per_frame(
    header: Dataset, macro: str, keyword: str, count: int, frames: int
) -> Sequence[tuple[float, ...] | None]:
    """The numbers of a macro for each frame, None where they are absent or damaged."""
    items = read_macro(header, macro)
    values = [None if item is None else read_numbers(item, keyword, count) for item in items]
    return values * frames if len(values) == 1 else values or [None] * frames


def _list_segments(source: Source, header: Dataset, frames: int) -> Sequence[int | None]:
    if read_text(header, "SegmentationType") == "LABELMAP":
        return [None] * frames
    found = _per_frame(header, "SegmentIdentificationSequence", "ReferencedSegmentNumber", 1, frames)
    numbers = [int(number[0]) for number in found if number is not None and number[0].is_integer()]
    if len(numbers) != frames:
        raise source.refuse("has frames that name no segment", remedy=COPY_AGAIN)
    return numbers


def _read_references(group: Dataset) -> tuple[str, ...]:
    named = [
        read_text(image, "ReferencedSOPInstanceUID")
        for derivation in read_items(group, "DerivationImageSequence")
        for image in read_items(derivation, "SourceImageSequence")
    ]
    return tuple(uid for uid in named if uid is not None)


def _list_referenced_series(header: Dataset) -> tuple[frozenset[str], ...]:
    """SOPInstanceUIDs of the images that the segmentation as a whole refers to, series by series."""
    return tuple(
        frozenset(
            uid
            for instance in read_items(series, "ReferencedInstanceSequence")
            if (uid := read_text(instance, "ReferencedSOPInstanceUID")) is not None
        )
        for series in read_items(header, "ReferencedSeriesSequence")
    )


def _require_size(source: Source, header: Dataset, grid: Grid) -> None:
    found = (read_number(header, "Columns"), read_number(header, "Rows"))
    if found != grid.size_xyz[:2]:
        raise _off_grid(
            source,
            "has frames of another size than the image's slices",
            measured=" x ".join("?" if n is None else f"{n:g}" for n in found),
            allowed=f"{grid.size_xyz[0]} x {grid.size_xyz[1]}",
        )


def _find_place(source: Source, frame: _Frame, grid: Grid, settings: IngestSettings) -> _Place:
    """The slice on which a frame lies, voxel on voxel, and which way its rows and columns run."""
    name = f"has frame {frame.number}"
    if frame.position_mm is None or frame.orientation is None or frame.spacing_mm is None:
        raise _off_grid(source, f"does not say where frame {frame.number} lies")
    axes, spacing = np.reshape(grid.direction, (3, 3)), np.array(grid.spacing_xyz_mm[:2])
    ways = np.reshape(frame.orientation, (2, 3))
    steps = np.where(np.sum(ways * axes[:, :2].T, axis=1) < 0, -1, 1)
    turned = ways - steps[:, None] * axes[:, :2].T
    _require_close(source, f"{name} in another direction than", turned, settings.direction_tolerance, "")
    lengths = settings.geometry_tolerance_mm
    stretched = np.subtract(frame.spacing_mm[::-1], spacing)
    _require_close(source, f"{name} with another spacing than", stretched, lengths)
    along = np.subtract(frame.position_mm, grid.origin_xyz_mm) @ axes
    first = np.where(steps < 0, np.subtract(grid.size_xyz[:2], 1), 0) * spacing
    # The image's own slice may lie aside by the tolerance of its stack.
    _require_close(source, f"{name} beside", along[:2] - first, lengths + settings.stack_tolerance_mm)
    k = round(float(along[2]) / grid.spacing_xyz_mm[2])
    off = along[2:] - k * grid.spacing_xyz_mm[2]
    _require_close(source, f"{name} between", off, choose_tolerance_mm(grid, settings))
    if not 0 <= k < grid.size_xyz[2]:
        allowed = f"0 to {grid.size_xyz[2] - 1}"
        raise _off_grid(source, f"{name} outside the image", measured=f"slice {k}", allowed=allowed)
    return _Place(k, (int(steps[1]), int(steps[0])))


def _require_close(source: Source, what: str, gaps: Gaps, tolerance: float, unit: str = " mm") -> None:
    gap = float(np.abs(gaps).max())
    if gap > tolerance:
        raise _off_grid(
            source,
            f"{what} the image's slices",
            measured=f"a difference of {gap:.4g}{unit}",
            allowed=f"{tolerance:g}{unit}",
        )


def _off_grid(source: Source, what: str, *, measured: str = "", allowed: str = "") -> GeometryError:
    return GeometryError(
        f"{source.role} {what}", key=source.key, measured=measured, allowed=allowed, remedy=_EXPORT_AGAIN
    )


def _require_once(source: Source, slices: Collection[int]) -> None:
    if len(set(slices)) < len(slices):
        raise source.refuse(
            "has several frames of the segment on one slice",
            measured=f"{len(slices)} frames on {len(set(slices))} slices",
            remedy=_EXPORT_AGAIN,
        )


def _choose_voxels(
    source: Source, header: Dataset, region: Region, settings: IngestSettings
) -> tuple[Callable[[Stored], Voxels], tuple[Finding, ...]]:
    """Which voxels of a frame belong to the segment, and a finding where a threshold decides."""
    kind = read_text(header, "SegmentationType")
    if kind == "BINARY":
        return (lambda stored: stored == 1), ()
    if kind == "LABELMAP":
        return (lambda stored: stored == region.number), ()
    if kind != "FRACTIONAL":
        raise source.refuse(
            "is a segmentation of a type that is not read",
            allowed="BINARY, FRACTIONAL, LABELMAP",
            remedy=_EXPORT_AGAIN,
        )
    highest, threshold = read_number(header, "MaximumFractionalValue"), settings.fractional_threshold
    if highest is None or highest <= 0:
        raise source.refuse("does not say which of its values stands for 1", remedy=_EXPORT_AGAIN)
    meaning = _MEANINGS.get(read_text(header, "SegmentationFractionalType") or "", "fraction")
    what = f"the segment holds fractions, and voxels of {meaning} {threshold:g} or more were taken"
    finding = remark(MaskCheck.FRACTIONAL, source.key, what, None, threshold, "share", Severity.INFO)
    return (lambda stored: stored / highest >= threshold), (finding,)


def open_segmentation(source: Source, header: Dataset) -> Dataset:
    """The segmentation as highdicom sees it; the dataset becomes it.

    Raises
    ------
    InputError
        If highdicom finds it damaged.
    """
    with keep_quiet("pydicom", "highdicom"):
        try:
            return hd.seg.Segmentation.from_dataset(header, copy=False)
        except _FAULTS:
            raise _refuse_damaged(source) from None


def _decode(source: Source, segmentation: Dataset, frames: Sequence[_Frame]) -> Iterator[Stored]:
    """Stored values (y, x) of some frames."""
    if not isinstance(segmentation, hd.seg.Segmentation):
        raise TypeError("open the segmentation first")
    highest = _highest_value(segmentation)
    for frame in frames:
        with keep_quiet("pydicom", "highdicom"):
            try:
                stored: Stored = segmentation.get_stored_frame(frame.number)
            except _FAULTS:
                raise _refuse_damaged(source) from None
        if stored.max() > highest:
            raise source.refuse(
                f"has values in frame {frame.number} that it does not declare",
                measured=f"{stored.max()}",
                allowed=f"0 to {highest:g}",
                remedy=_EXPORT_AGAIN,
            )
        yield stored


def _highest_value(header: Dataset) -> float:
    kind = read_text(header, "SegmentationType")
    if kind == "BINARY":
        return 1
    return np.inf if kind == "LABELMAP" else read_number(header, "MaximumFractionalValue") or 0


def _refuse_damaged(source: Source) -> Exception:
    return source.refuse(
        "is a segmentation that highdicom cannot read: damaged or cut short", remedy=COPY_AGAIN
    )
