"""Inputs broken on request: which subject, how, and the reason code that a sound pipeline gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Reason
from radfeat.core.volume import to_sitk
from radfeat.simulate.acquisition import Scan
from radfeat.simulate.scan_files import write_image
from radfeat.simulate.subjects import Subject, generator


class Fault(StrEnum):
    """Ways to break an input, in the order in which they are used; the first five differ in reason."""

    MISSING_IMAGE = "missing_image"
    EMPTY_FILE = "empty_file"
    MASK_OTHER_GRID = "mask_other_grid"
    LABEL_ABSENT = "label_absent"
    EMPTY_MASK = "empty_mask"
    ONE_VOXEL = "one_voxel"
    TRUNCATED_IMAGE = "truncated_image"
    NAN_IMAGE = "nan_image"
    FOUR_DIMENSIONS = "four_dimensions"
    COLOUR_IMAGE = "colour_image"
    MASK_MOVED = "mask_moved"


EXPECTED_REASON = {
    Fault.MISSING_IMAGE: Reason.NO_IMAGE,
    Fault.EMPTY_FILE: Reason.UNREADABLE,
    Fault.MASK_OTHER_GRID: Reason.GEOMETRY,
    Fault.LABEL_ABSENT: Reason.ROI_NOT_FOUND,
    Fault.EMPTY_MASK: Reason.ROI_EMPTY,
    Fault.ONE_VOXEL: Reason.ROI_TOO_SMALL,
    Fault.TRUNCATED_IMAGE: Reason.UNREADABLE,
    Fault.NAN_IMAGE: Reason.UNREADABLE,
    Fault.FOUR_DIMENSIONS: Reason.UNREADABLE,
    Fault.COLOUR_IMAGE: Reason.UNREADABLE,
    Fault.MASK_MOVED: Reason.GEOMETRY,
}

_ABSENT_LABEL = 9


@dataclass(frozen=True, slots=True)
class BrokenInput:
    """One input to break: the subject's baseline scan, how, and the reason expected in the tables."""

    subject: Subject
    fault: Fault

    @property
    def reason(self) -> Reason:
        """Reason code that each ROI of the scan should get."""
        return EXPECTED_REASON[self.fault]


def choose_broken(subjects: Sequence[Subject], broken: int, seed: int) -> tuple[BrokenInput, ...]:
    """Choose different subjects at random, the sites in turn, the faults in turn."""
    rng = generator(seed, "broken")
    waiting: dict[str, list[Subject]] = {}
    for place in rng.permutation(len(subjects)):
        subject = subjects[int(place)]
        waiting.setdefault(subject.scanner.site_id, []).append(subject)
    sites = sorted(waiting)
    faults = list(Fault)
    chosen: list[BrokenInput] = []
    turn = 0
    while len(chosen) < broken:
        queue = waiting[sites[turn % len(sites)]]
        turn += 1
        if queue:
            chosen.append(BrokenInput(queue.pop(), faults[len(chosen) % len(faults)]))
    return tuple(chosen)


def break_scan(fault: Fault, scan: Scan, image: Path, mask: Path) -> None:
    """Put a fault into a scan whose sound files are already written."""
    if fault in _MASK_FAULTS:
        _break_mask(fault, scan, mask)
    else:
        _break_image(fault, scan, image)


_MASK_FAULTS = {
    Fault.MASK_OTHER_GRID,
    Fault.MASK_MOVED,
    Fault.LABEL_ABSENT,
    Fault.EMPTY_MASK,
    Fault.ONE_VOXEL,
}


def _break_mask(fault: Fault, scan: Scan, mask: Path) -> None:
    labels, grid = scan.labels_zyx, scan.grid
    if fault is Fault.MASK_OTHER_GRID:
        x, y, z = grid.spacing_xyz_mm
        grid = replace(grid, spacing_xyz_mm=(1.25 * x, y, z))
    elif fault is Fault.MASK_MOVED:
        x, y, z = grid.origin_xyz_mm
        grid = replace(grid, origin_xyz_mm=(x, y, z + 20.0))
    elif fault is Fault.LABEL_ABSENT:
        labels = np.where(labels > 0, np.uint8(_ABSENT_LABEL), np.uint8(0))
    elif fault is Fault.EMPTY_MASK:
        labels = np.zeros_like(labels)
    else:
        labels = _keep_one_voxel(labels)
    write_image(mask, to_sitk(labels, grid))


def _keep_one_voxel(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    kept = np.zeros_like(labels)
    for label in range(1, int(labels.max()) + 1):
        places = np.argwhere(labels == label)
        if len(places):
            kept[tuple(places[len(places) // 2])] = label
    return kept


def _break_image(fault: Fault, scan: Scan, image: Path) -> None:
    if fault is Fault.MISSING_IMAGE:
        image.unlink()
    elif fault is Fault.EMPTY_FILE:
        image.write_bytes(b"")
    elif fault is Fault.TRUNCATED_IMAGE:
        sound = image.read_bytes()
        image.write_bytes(sound[: len(sound) // 2])
    else:
        write_image(image, _build_odd_image(fault, scan.voxels_zyx, scan.grid))


def _build_odd_image(fault: Fault, voxels: npt.NDArray[np.int16], grid: Grid) -> sitk.Image:
    """An image that a file can hold and a pipeline should refuse."""
    if fault is Fault.NAN_IMAGE:
        real = voxels.astype(np.float32)
        real[real.shape[0] // 2] = np.nan
        return to_sitk(real, grid)
    if fault is Fault.FOUR_DIMENSIONS:
        frames = sitk.JoinSeries([to_sitk(voxels, grid), to_sitk(voxels, grid)])
        return sitk.Image(frames)
    grey = ((voxels.astype(np.int32) + 1024) // 16).clip(0, 255).astype(np.uint8)
    return sitk.Image(sitk.Compose([to_sitk(grey, grid)] * 3))
