"""Turning and shifting a part of a volume about a point."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from radfeat.core.box import Box
from radfeat.core.voxels import Voxels

Floats = npt.NDArray[np.float64]

_REACH_OF_SPLINE = 12
"""Voxels after which the prefilter of a cubic spline has forgotten an edge (0.27^12 is 1e-7)."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A turn about z by ``angle_deg`` through ``centre_zyx`` (voxels), then a shift by ``shift_zyx``."""

    angle_deg: float
    shift_zyx: tuple[float, float, float]
    centre_zyx: tuple[float, float, float]

    @property
    def is_none(self) -> bool:
        """Whether nothing moves."""
        return self.angle_deg == 0 and not any(self.shift_zyx)


def move_voxels(
    voxels_zyx: Voxels, box: Box, motion: Motion, spacing_xyz_mm: tuple[float, float, float], order: int
) -> Floats:
    """The voxels of a box (z, y, x) after the whole array has moved; beyond the array its edge goes on.

    Parameters
    ----------
    voxels_zyx
        The whole array.
    box
        Which voxels are wanted.
    motion
        What moves; a positive angle turns x towards y.
    spacing_xyz_mm
        Voxel spacing: the turn is one in millimetres.
    order
        Of the spline: 1 linear, 3 cubic.
    """
    lower = np.array(box.lower_xyz[::-1], dtype=np.float64)
    source, start = _cut_source(voxels_zyx, box, motion, spacing_xyz_mm)
    matrix = _invert(motion.angle_deg, spacing_xyz_mm)
    centre, shift = np.array(motion.centre_zyx), np.array(motion.shift_zyx)
    # From a wanted voxel to where it came from: x -> matrix (x - centre - shift) + centre, in the cut-out.
    offset = matrix @ (lower - centre - shift) + centre - start
    moved: Floats = affine_transform(
        source.astype(np.float64),
        matrix,
        offset,
        output_shape=box.size_xyz[::-1],
        order=order,
        mode="nearest",
    )
    return moved


def _invert(angle_deg: float, spacing_xyz_mm: tuple[float, float, float]) -> Floats:
    """The inverse turn, in voxels along z, y, x."""
    sx, sy, _ = spacing_xyz_mm
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array(
        [[1.0, 0.0, 0.0], [0.0, cosine, -sine * sx / sy], [0.0, sine * sy / sx, cosine]], dtype=np.float64
    )


def _cut_source(
    voxels_zyx: Voxels, box: Box, motion: Motion, spacing_xyz_mm: tuple[float, float, float]
) -> tuple[Voxels, Floats]:
    """The part of the array that the box can have come from, and its first voxel (z, y, x)."""
    width, height = (n * s for n, s in zip(box.size_xyz[:2], spacing_xyz_mm[:2], strict=True))
    turned_mm = 2 * abs(math.sin(math.radians(motion.angle_deg) / 2)) * math.hypot(width, height)
    turned = turned_mm / min(spacing_xyz_mm[:2])
    pad = math.ceil(turned + max(abs(s) for s in motion.shift_zyx)) + _REACH_OF_SPLINE
    shape = voxels_zyx.shape
    wide = box.padded(pad, (shape[2], shape[1], shape[0]))
    return voxels_zyx[wide.slices_zyx], np.array(wide.lower_xyz[::-1], dtype=np.float64)
