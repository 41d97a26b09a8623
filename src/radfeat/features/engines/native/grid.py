"""The grey levels of an ROI on a grid with a margin, and the steps from a voxel to its neighbours."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _voxels
from radfeat.features.engines.native.discretise import Levels

Offsets = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False, slots=True)
class LevelGrid:
    """Grey levels where they lie.

    ``levels_zyx`` holds levels, ``ranks_zyx`` the place of each among the levels that occur, from 1 up;
    both are 0 outside the ROI and in a ``margin`` on every side, and are one array where no level lacks.
    """

    levels_zyx: Codes
    ranks_zyx: Codes
    margin: int
    levels: Levels

    @property
    def size_zyx(self) -> tuple[int, ...]:
        """Voxels along z, y, x, without the margin."""
        return tuple(n - 2 * self.margin for n in self.levels_zyx.shape)

    @property
    def n_levels(self) -> int:
        """How many levels occur."""
        return len(self.levels.present)


def place_levels(mask_zyx: npt.NDArray[np.uint8], levels: Levels, margin: int) -> LevelGrid:
    """Put the levels of an ROI's voxels back where they lie."""
    padded = np.zeros([n + 2 * margin for n in mask_zyx.shape], np.uint16)
    _voxels.place(levels.of_voxels, mask_zyx, padded, margin)
    if levels.top == len(levels.present):
        return LevelGrid(padded, padded, margin, levels)
    table = np.zeros(levels.top + 1, np.uint16)
    table[levels.present.astype(np.int64)] = np.arange(1, len(levels.present) + 1)
    return LevelGrid(padded, _voxels.relabel(padded, table), margin, levels)


def list_offsets(size_zyx: Iterable[int], distances: Iterable[int], flat_axis: int | None) -> Offsets:
    """Steps z, y, x to the neighbours at some distances, one of each opposite pair: (n, 3).

    A distance is the greatest coordinate.

    Only steps that stay inside a box of this size, and in the slice where ``flat_axis`` is the axis across
    slices; in PyRadiomics' order, so that averages over directions add up alike.
    """
    wanted, size = set(distances), tuple(size_zyx)
    reach = [0 if axis == flat_axis else min(max(wanted), n - 1) for axis, n in enumerate(size)]
    steps = product(*(range(r, -r - 1, -1) for r in reach))
    every = [step for step in steps if max(map(abs, step)) in wanted]
    half = every[: len(every) // 2]
    return np.array(half, np.int32).reshape(-1, 3)
