"""The grey levels of an ROI on a grid with a margin, and the steps from a voxel to its neighbours."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _voxels
from radfeat.features.engines.native.discretise import Levels

Offsets = npt.NDArray[np.int32]
Places = npt.NDArray[np.int32]
Codes = npt.NDArray[np.uint16]


MOST_VOXELS = 2**31 - 1
"""Places are numbers of 32 bits."""
LONGEST_AXIS = 2**16 - 1
"""Lengths of runs are numbers of 16 bits."""


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """A box with a ``margin`` on every side, and in it the ``places`` of the ROI's voxels, in C order."""

    size_zyx: tuple[int, ...]
    margin: int
    places: Places

    @property
    def padded_zyx(self) -> tuple[int, ...]:
        """Voxels along z, y, x, with the margin."""
        return tuple(n + 2 * self.margin for n in self.size_zyx)


@dataclass(frozen=True, eq=False, slots=True)
class LevelGrid:
    """Grey levels where they lie.

    ``levels_zyx`` holds levels, ``ranks_zyx`` the place of each among the levels that occur, from 1 up;
    both are 0 outside the ROI and in the margin, and are one array where no level lacks.
    """

    levels_zyx: Codes
    ranks_zyx: Codes
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


def build_lattice(mask_zyx: npt.NDArray[np.uint8], n_voxels: int, margin: int) -> Lattice:
    """Find the places of a mask's ``n_voxels`` voxels.

    Raises
    ------
    ValueError
        If the box is too large to count its places, or too long to count runs along it.
    """
    size = mask_zyx.shape
    if math.prod(n + 2 * margin for n in size) > MOST_VOXELS or max(size) > LONGEST_AXIS:
        raise ValueError(f"a box of {' x '.join(map(str, size))} voxels is too large")
    return Lattice(size, margin, _voxels.locate(mask_zyx, n_voxels, margin))


def place_levels(lattice: Lattice, levels: Levels) -> LevelGrid:
    """Put the levels of an ROI's voxels back where they lie."""
    padded = np.zeros(lattice.padded_zyx, np.uint16)
    if levels.top == len(levels.present):
        _voxels.place(levels.of_voxels, lattice.places, padded)
        return LevelGrid(padded, padded, lattice, levels)
    table = np.zeros(levels.top + 1, np.uint16)
    table[levels.present.astype(np.int64)] = np.arange(1, len(levels.present) + 1)
    ranks = np.zeros_like(padded)
    _voxels.place(levels.of_voxels, lattice.places, padded)
    _voxels.place(table[levels.of_voxels], lattice.places, ranks)
    return LevelGrid(padded, ranks, lattice, levels)


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
