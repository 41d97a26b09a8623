"""The grey levels of an ROI on a grid with a margin, and the steps from a voxel to its neighbours."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _voxels
from radfeat.features.engines.native.discretise import LevelCodes, Levels

Offsets = npt.NDArray[np.int32]
Spans = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint8]


MOST_VOXELS = 2**31 - 1
"""Zones are numbered and measured in numbers of 32 bits."""
LONGEST_AXIS = 2**16 - 1
"""Lengths of runs are numbers of 16 bits."""


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """The box of a mask with a ``margin`` on every side.

    ``spans`` (z, y, 2) says of each row of the box where its first voxel of the ROI lies, and where the last
    one ends, along x and counted with the margin; 0 and 0 of a row without any. ``n_voxels`` are in the ROI.
    """

    mask_zyx: Codes
    margin: int
    spans: Spans
    n_voxels: int

    @property
    def size_zyx(self) -> tuple[int, ...]:
        """Voxels of the box along z, y, x."""
        return self.mask_zyx.shape

    @property
    def padded_zyx(self) -> tuple[int, ...]:
        """Voxels along z, y, x, with the margin."""
        return tuple(n + 2 * self.margin for n in self.size_zyx)


@dataclass(frozen=True, eq=False, slots=True)
class LevelGrid:
    """Grey levels, or their ranks, where they lie: 0 outside the ROI and in the margin."""

    codes_zyx: LevelCodes
    lattice: Lattice
    levels: Levels

    @property
    def size_zyx(self) -> tuple[int, ...]:
        """Voxels along z, y, x, without the margin."""
        return self.lattice.size_zyx

    @property
    def n_levels(self) -> int:
        """How many levels occur."""
        return len(self.levels.present)


def build_lattice(mask_zyx: Codes, margin: int) -> Lattice:
    """Find where the voxels of a mask lie in its rows.

    Raises
    ------
    ValueError
        If the box is too large to number its voxels, or too long to count runs along it.
    """
    size = mask_zyx.shape
    if math.prod(n + 2 * margin for n in size) > MOST_VOXELS or max(size) > LONGEST_AXIS:
        raise ValueError(f"a box of {' x '.join(map(str, size))} voxels is too large")
    return Lattice(mask_zyx, margin, _voxels.find_spans(mask_zyx, margin), int(np.count_nonzero(mask_zyx)))


def place_levels(lattice: Lattice, of_voxels: LevelCodes, levels: Levels) -> LevelGrid:
    """Put the levels of an ROI's voxels, given in C order, back where they lie."""
    padded = np.zeros(lattice.padded_zyx, of_voxels.dtype)
    _voxels.place(of_voxels, lattice.mask_zyx, lattice.spans, padded)
    return LevelGrid(padded, lattice, levels)


def rank_levels(grid: LevelGrid) -> LevelGrid:
    """The grid with each level's place among those that occur, from 1 up; made in the array of the levels."""
    levels = grid.levels
    if levels.top > grid.n_levels:
        table = np.zeros(levels.top + 1, grid.codes_zyx.dtype)
        table[levels.present.astype(np.int64)] = np.arange(1, grid.n_levels + 1)
        _voxels.replace_levels(grid.codes_zyx, table)
    return grid


@lru_cache(maxsize=64)
def list_offsets(size_zyx: tuple[int, ...], distances: tuple[int, ...], flat_axis: int | None) -> Offsets:
    """Steps z, y, x to the neighbours at some distances, one of each opposite pair: (n, 3).

    A distance is the greatest coordinate.

    Only steps that stay inside a box of this size, and in the slice where ``flat_axis`` is the axis across
    slices; in PyRadiomics' order, so that averages over directions add up alike.
    """
    wanted = set(distances)
    reach = [0 if axis == flat_axis else min(max(wanted), n - 1) for axis, n in enumerate(size_zyx)]
    steps = product(*(range(r, -r - 1, -1) for r in reach))
    every = [step for step in steps if max(map(abs, step)) in wanted]
    half = every[: len(every) // 2]
    offsets = np.array(half, np.int32).reshape(-1, 3)
    offsets.flags.writeable = False
    return offsets
