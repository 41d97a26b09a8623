"""Resampling an image by cubic B-splines, and its mask, from the voxels near a new grid alone.

A B-spline depends on every voxel of the image, but forgets them by 0.268 a voxel: 24 voxels away, 2e-14 is
left. What differs from the spline of the whole image by ITK is thus the last digits of a float64. Where they
decide (a whole number that ITK would cut to the one below; a point halfway between two voxels of the mask)
there is no answer from near, and ITK must be asked. Both grids have their axes in common, and one axis is
done after the other.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from radfeat.core.grid import Grid
from radfeat.core.volume import Mask, Volume
from radfeat.core.voxels import Voxels
from radfeat.prepare import _splines

Reals = npt.NDArray[np.float64]
MARGIN_VOXELS = 24
TWO_SLICES = 2
"""So few that a spline mirrored once still ends outside; what ITK then reads is its own affair."""
UNDECIDED = 1e-7
"""How near to a whole number a value must not lie, to be cut to an integer; likewise a point to the middle
between two voxels."""


def resample_near(image: Volume, grid: Grid) -> Voxels | None:
    """The image on a new grid (z, y, x) in its own number type; None where only ITK decides."""
    along_zyx = _locate(image.grid, grid)
    if along_zyx is None or TWO_SLICES in image.voxels_zyx.shape:
        return None
    near = [_find_near(along, n) for along, n in zip(along_zyx, image.voxels_zyx.shape, strict=True)]
    kept = (
        image.voxels_zyx.dtype if image.voxels_zyx.dtype in (np.int16, np.float32) else np.dtype(np.float64)
    )
    values: npt.NDArray[Any] = image.voxels_zyx[tuple(near)].astype(kept, copy=False)
    # Where fewest values are left goes first.
    for axis in sorted(range(3), key=lambda a: len(along_zyx[a]) / values.shape[a]):
        places, weights = _weigh(along_zyx[axis] - near[axis].start, values.shape[axis])
        values = _splines.resample_lines(_turn(values, axis), places, weights)
        values = _turn(values, axis)
    return _take_type(values, image.voxels_zyx.dtype)


def move_mask_near(mask: Mask, grid: Grid) -> npt.NDArray[np.bool_] | None:
    """The nearest voxels of a mask on a new grid; None where one lies halfway between two."""
    along_zyx = _locate(mask.grid, grid)
    if along_zyx is None:
        return None
    moved = mask.voxels_zyx
    for axis, along in enumerate(along_zyx):
        if np.any(np.abs(along - np.floor(along) - 0.5) < UNDECIDED):
            return None
        moved = moved.take(np.floor(along + 0.5).astype(np.intp), axis)
    return moved


def _locate(old: Grid, new: Grid) -> tuple[Reals, Reals, Reals] | None:
    """The places of the new grid's voxels along z, y, x in voxels of the old one.

    None where the grids do not share their axes, or where the new one reaches beyond the old.
    """
    if old.direction != new.direction:
        return None
    turn = np.reshape(old.direction, (3, 3))
    between = np.array(new.origin_xyz_mm) - np.array(old.origin_xyz_mm)
    first_xyz = np.linalg.solve(turn, between) / old.spacing_xyz_mm
    steps_xyz = np.array(new.spacing_xyz_mm) / np.array(old.spacing_xyz_mm)
    x, y, z = (
        first + step * np.arange(n) for first, step, n in zip(first_xyz, steps_xyz, new.size_xyz, strict=True)
    )
    for along, n in zip((x, y, z), old.size_xyz, strict=True):
        if along[0] < -0.5 + UNDECIDED or along[-1] > n - 0.5 - UNDECIDED:
            return None
    return z, y, x


def _find_near(along: Reals, n: int) -> slice:
    """The voxels of the old grid near some places along one axis."""
    low, high = int(np.floor(along[0])) - MARGIN_VOXELS, int(np.ceil(along[-1])) + MARGIN_VOXELS
    return slice(max(low, 0), min(high + 1, n))


def _weigh(along: Reals, n: int) -> tuple[npt.NDArray[np.int32], Reals]:
    """Four coefficients of a line of ``n``, mirrored at its ends, for each place; and their weights."""
    below = np.floor(along)
    w = along - below
    last = w**3 / 6
    first = 1 / 6 + w * (w - 1) / 2 - last
    third = w + first - 2 * last
    weights = np.stack([first, 1 - first - third - last, third, last], axis=1)
    places = np.abs(below[:, None].astype(np.int64) + np.arange(-1, 3))
    places = np.where(places >= n, 2 * (n - 1) - places, places) if n > 1 else places * 0
    return places.astype(np.int32), weights


def _turn(voxels: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    """Bring an axis to the second place, or back."""
    return voxels.swapaxes(axis, 1)


def _take_type(values: Reals, dtype: np.dtype[Any]) -> Voxels | None:
    """Values in the number type of the image, decimals dropped as ITK drops them.

    On either side of 0 the whole number is 0; on either side of another it is not the same.
    """
    if not np.issubdtype(dtype, np.integer):
        return np.ascontiguousarray(values, dtype)
    whole = np.rint(values)
    if np.any((np.abs(values - whole) < UNDECIDED) & (whole != 0)):
        return None
    limits = np.iinfo(dtype)
    return np.ascontiguousarray(np.clip(np.trunc(values), float(limits.min), float(limits.max)), dtype)
