"""Interpolation in the recipe ``ibsi``: image, rounding, and the mask by partial volume.

By SciPy, in voxels, so that origin and direction do not alter a bit (docs/decisions/0021).
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radfeat.core.box import Box
from radfeat.core.pair import StepRecord
from radfeat.core.volume import Mask, Volume
from radfeat.core.voxels import Voxels
from radfeat.prepare.ibsi_grid import CentredGrid
from radfeat.prepare.settings import Interpolator

Floats = npt.NDArray[np.float64]
SPLINE_ORDERS = {Interpolator.NEAREST: 0, Interpolator.LINEAR: 1, Interpolator.BSPLINE: 3}
"""Degree of the polynomial of each interpolation that IBSI knows."""
PARTIAL_VOLUME = 0.5
"""Share of a new voxel from which on it belongs to the mask."""
PARTIAL_VOLUME_SLACK = 1e-6
"""Below the limit by so little a voxel still belongs: shares of exactly one half are common, and inexact."""

HALF_DECIMALS = 6
"""Decimals of a step to which intensities are known before they are rounded to whole steps."""


def interpolate_volume(
    volume: Volume, plan: CentredGrid, interpolator: Interpolator
) -> tuple[Volume, StepRecord]:
    """The image on the new grid, in float64; beyond its outermost centres goes the nearest voxel's intensity.

    Parameters
    ----------
    volume
        The whole image.
    plan
        From `plan_centred_grid`, made from the image's grid.
    interpolator
        One of `SPLINE_ORDERS`: nearest neighbour, trilinear, tricubic spline.

    Reference: IBSI VTM2.
    """
    voxels = _sample(
        volume.voxels_zyx, plan.first_xyz, plan.step_xyz, plan.grid.size_xyz, SPLINE_ORDERS[interpolator]
    )
    record = StepRecord(
        "interpolate",
        (
            ("spacing_xyz_mm", plan.grid.spacing_xyz_mm),
            ("size_xyz", tuple(float(n) for n in plan.grid.size_xyz)),
            ("interpolator", interpolator.value),
            ("alignment", "centre"),
            ("extrapolation", "nearest"),
        ),
        "VTM2",
    )
    return Volume(voxels, plan.grid, volume.modality, volume.unit), record


def round_volume(volume: Volume, step: float) -> tuple[Volume, StepRecord]:
    """The image with intensities rounded to whole multiples of a step, halves to the even multiple.

    Between whole numbers halves are common, and interpolation gives them as 3.4999999999 or 3.5000000001:
    what lies within 1e-6 steps of a half is one.

    Reference: IBSI 68QD.
    """
    voxels: Floats = np.divide(volume.voxels_zyx, step, dtype=np.float64)
    np.round(voxels, HALF_DECIMALS, out=voxels)
    np.rint(voxels, out=voxels)
    voxels *= step
    record = StepRecord("round", (("step", step),), "68QD")
    return Volume(voxels, volume.grid, volume.modality, volume.unit), record


def interpolate_mask(mask: Mask, box: Box, plan: CentredGrid) -> tuple[Mask, StepRecord]:
    """The mask on the new grid: voxels of which at least half, interpolated linearly, lie in the old mask.

    Beyond the image's outermost centres the mask goes on as it is there, like the image: what touches the
    border keeps touching it.

    Parameters
    ----------
    mask
        On the image's own grid, not empty.
    box
        Its bounding box; farther than one voxel from it no new voxel belongs to the mask.
    plan
        From `plan_centred_grid`, made from the image's grid.

    Reference: IBSI E8H9.
    """
    near = box.padded(1, mask.grid.size_xyz)
    low, size = _find_new_voxels(near, plan)
    voxels = np.zeros(plan.grid.shape_zyx, np.bool_)
    if min(size) > 0:
        first = _place_in_box(low, near, plan)
        shares = _sample(mask.voxels_zyx[near.slices_zyx].astype(np.float64), first, plan.step_xyz, size, 1)
        upper = (low[0] + size[0] - 1, low[1] + size[1] - 1, low[2] + size[2] - 1)
        voxels[Box(low, upper).slices_zyx] = shares >= PARTIAL_VOLUME - PARTIAL_VOLUME_SLACK
    record = StepRecord(
        "interpolate_mask",
        (
            ("interpolator", Interpolator.LINEAR.value),
            ("partial_volume", PARTIAL_VOLUME),
            ("slack", PARTIAL_VOLUME_SLACK),
        ),
        "E8H9",
    )
    return Mask(voxels, plan.grid, mask.roi), record


def _sample(
    voxels_zyx: Voxels,
    first_xyz: tuple[float, float, float],
    step_xyz: tuple[float, float, float],
    size_xyz: tuple[int, int, int],
    order: int,
) -> Floats:
    """The array at places ``first + i * step`` along each axis; ``order`` is the degree of the polynomial."""
    sampled: Floats = ndimage.affine_transform(
        voxels_zyx,
        np.array(step_xyz[::-1]),
        np.array(first_xyz[::-1]),
        output_shape=size_xyz[::-1],
        output=np.float64,
        order=order,
        mode="nearest",
    )
    return sampled


def _find_new_voxels(box: Box, plan: CentredGrid) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First new voxel inside a box of old voxels, from edge to edge, and how many there are along x, y, z."""
    first, step = np.array(plan.first_xyz), np.array(plan.step_xyz)
    low = np.ceil((np.array(box.lower_xyz) - 0.5 - first) / step)
    high = np.floor((np.array(box.upper_xyz) + 0.5 - first) / step)
    low = np.maximum(low, 0)
    count = np.maximum(np.minimum(high, np.array(plan.grid.size_xyz) - 1) - low + 1, 0)
    (x, y, z), (i, j, k) = (tuple(int(n) for n in values) for values in (low, count))
    return (x, y, z), (i, j, k)


def _place_in_box(new_xyz: tuple[int, int, int], box: Box, plan: CentredGrid) -> tuple[float, float, float]:
    """Where a new voxel lies, in old voxels counted from the first of a box."""
    x, y, z = (
        first + n * step - lower
        for first, n, step, lower in zip(plan.first_xyz, new_xyz, plan.step_xyz, box.lower_xyz, strict=True)
    )
    return x, y, z
