"""A box of voxels: the bounding box of a mask, and the part of a grid that it cuts out."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from radfeat.core.grid import Grid


@dataclass(frozen=True, slots=True)
class Box:
    """Voxels from ``lower_xyz`` up to and with ``upper_xyz``, counted from the grid's first voxel."""

    lower_xyz: tuple[int, int, int]
    upper_xyz: tuple[int, int, int]

    @property
    def size_xyz(self) -> tuple[int, int, int]:
        """Number of voxels along x, y, z."""
        (x0, y0, z0), (x1, y1, z1) = self.lower_xyz, self.upper_xyz
        return (x1 - x0 + 1, y1 - y0 + 1, z1 - z0 + 1)

    @property
    def slices_zyx(self) -> tuple[slice, slice, slice]:
        """Index of the box in a voxel array (z, y, x)."""
        (x0, y0, z0), (x1, y1, z1) = self.lower_xyz, self.upper_xyz
        return (slice(z0, z1 + 1), slice(y0, y1 + 1), slice(x0, x1 + 1))

    def padded(self, voxels: int, size_xyz: tuple[int, int, int]) -> Self:
        """The box with a margin of some voxels on every side, kept inside a grid of this size."""
        low = [max(n - voxels, 0) for n in self.lower_xyz]
        high = [min(n + voxels, size - 1) for n, size in zip(self.upper_xyz, size_xyz, strict=True)]
        return type(self)((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def bound_voxels(voxels_zyx: npt.NDArray[np.bool_]) -> Box | None:
    """The bounding box of the true voxels of an array (z, y, x); None where there are none."""
    z = np.flatnonzero(np.any(voxels_zyx, axis=(1, 2)))
    if z.size == 0:
        return None
    slab = np.any(voxels_zyx[z[0] : z[-1] + 1], axis=0)
    y, x = np.flatnonzero(np.any(slab, axis=1)), np.flatnonzero(np.any(slab, axis=0))
    return Box((int(x[0]), int(y[0]), int(z[0])), (int(x[-1]), int(y[-1]), int(z[-1])))


def crop_grid(grid: Grid, box: Box) -> Grid:
    """The grid of the voxels in a box: same spacing and direction, origin at the box's first voxel."""
    step = [n * s for n, s in zip(box.lower_xyz, grid.spacing_xyz_mm, strict=True)]
    x, y, z = (
        start
        + sum(
            cosine * length
            for cosine, length in zip(grid.direction[3 * row : 3 * row + 3], step, strict=True)
        )
        for row, start in enumerate(grid.origin_xyz_mm)
    )
    return Grid(box.size_xyz, grid.spacing_xyz_mm, (x, y, z), grid.direction)
