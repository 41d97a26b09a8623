"""Interpolating an image by cubic B-splines from the voxels near a new grid alone.

A B-spline depends on every voxel of the image, but forgets them by 0.268 a voxel: 24 voxels away, 2e-14 is
left. What differs from the spline of the whole image is thus the last digits of a float64. Where they
decide (a whole number that ITK would cut to the one below) there is no answer from near, and the whole
image must be asked.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radfeat.core.box import Box, crop_grid
from radfeat.core.grid import Grid
from radfeat.core.volume import Volume, Voxels, array_of, to_sitk

MARGIN_VOXELS = 24
UNDECIDED = 1e-7
"""How near to a whole number a value must not lie, to be cut to an integer."""


def resample_near(image: Volume, grid: Grid) -> Voxels | None:
    """The image on a new grid (z, y, x) in its own number type; None where only the whole image decides.

    Raises
    ------
    RuntimeError
        If SimpleITK cannot resample.
    """
    box = _find_box(image.grid, grid)
    if box is None:
        return None
    near = image.voxels_zyx[box.slices_zyx].astype(np.float64)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.size_xyz)
    resampler.SetOutputSpacing(grid.spacing_xyz_mm)
    resampler.SetOutputOrigin(grid.origin_xyz_mm)
    resampler.SetOutputDirection(grid.direction)
    resampler.SetInterpolator(sitk.sitkBSpline)
    values = array_of(resampler.Execute(to_sitk(near, crop_grid(image.grid, box)))).astype(
        np.float64, copy=False
    )
    return _take_type(values, image.voxels_zyx.dtype)


def _find_box(old: Grid, new: Grid) -> Box | None:
    """The voxels of the old grid near the new one; None where they are all of it, or none."""
    corners = [_locate(old, new, corner) for corner in product(*((0, n - 1) for n in new.size_xyz))]
    low = np.floor(np.min(corners, axis=0)).astype(int) - MARGIN_VOXELS
    high = np.ceil(np.max(corners, axis=0)).astype(int) + MARGIN_VOXELS
    last = np.array(old.size_xyz) - 1
    low, high = np.maximum(low, 0), np.minimum(high, last)
    if np.any(low > high) or (np.all(low == 0) and np.all(high == last)):
        return None
    (x0, y0, z0), (x1, y1, z1) = low.tolist(), high.tolist()
    return Box((x0, y0, z0), (x1, y1, z1))


def _locate(old: Grid, new: Grid, index_xyz: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The place of a voxel of the new grid in voxels of the old one."""
    turn_new, turn_old = (np.reshape(grid.direction, (3, 3)) for grid in (new, old))
    point = np.array(new.origin_xyz_mm) + turn_new @ (np.array(index_xyz) * new.spacing_xyz_mm)
    place: npt.NDArray[np.float64] = np.linalg.solve(turn_old, point - old.origin_xyz_mm) / old.spacing_xyz_mm
    return place


def _take_type(values: npt.NDArray[np.float64], dtype: np.dtype[Any]) -> Voxels | None:
    """Values in the number type of the image, decimals dropped as ITK drops them."""
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    if np.any(np.abs(values - np.rint(values)) < UNDECIDED):
        return None
    limits = np.iinfo(dtype)
    return np.clip(np.trunc(values), float(limits.min), float(limits.max)).astype(dtype)
