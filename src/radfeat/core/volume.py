"""Volumes and masks: voxel arrays (z, y, x) on a grid, and the one place where axes are swapped."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radfeat.core.grid import Grid
from radfeat.core.keys import RoiKey
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.voxels import Voxels


def _freeze(voxels: Voxels) -> None:
    voxels.setflags(write=False)


@dataclass(frozen=True, eq=False, slots=True)
class Volume:
    """An image.

    ``voxels_zyx`` is read-only and keeps the number type of its file (ADR 0003): PyRadiomics resamples
    integers to integers, so a cast would alter its numbers.
    """

    voxels_zyx: Voxels
    grid: Grid
    modality: Modality
    unit: Unit

    def __post_init__(self) -> None:
        if self.voxels_zyx.shape != self.grid.shape_zyx:
            raise ValueError(f"voxels {self.voxels_zyx.shape} do not fit grid {self.grid.shape_zyx}")
        _freeze(self.voxels_zyx)


@dataclass(frozen=True, eq=False, slots=True)
class Mask:
    """The voxels of one ROI: ``voxels_zyx`` is boolean and read-only."""

    voxels_zyx: npt.NDArray[np.bool_]
    grid: Grid
    roi: RoiKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.voxels_zyx.dtype != np.bool_:
            raise ValueError(f"mask voxels are {self.voxels_zyx.dtype}, not bool")
        if self.voxels_zyx.shape != self.grid.shape_zyx:
            raise ValueError(f"voxels {self.voxels_zyx.shape} do not fit grid {self.grid.shape_zyx}")
        _freeze(self.voxels_zyx)


def grid_of(image: sitk.Image) -> Grid:
    """The grid of a three-dimensional SimpleITK image."""
    sx, sy, sz = (int(n) for n in image.GetSize())
    px, py, pz = (float(n) for n in image.GetSpacing())
    ox, oy, oz = (float(n) for n in image.GetOrigin())
    return Grid((sx, sy, sz), (px, py, pz), (ox, oy, oz), tuple(float(n) for n in image.GetDirection()))


def array_of(image: sitk.Image) -> Voxels:
    """The voxels (z, y, x) of a SimpleITK image, copied, in the image's own number type."""
    return np.asarray(sitk.GetArrayFromImage(image))


def to_sitk(voxels_zyx: Voxels, grid: Grid) -> sitk.Image:
    """A SimpleITK image with these voxels (z, y, x) on this grid; booleans become 0 and 1 (uint8)."""
    voxels = voxels_zyx.astype(np.uint8) if voxels_zyx.dtype == np.bool_ else voxels_zyx
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing_xyz_mm)
    image.SetOrigin(grid.origin_xyz_mm)
    image.SetDirection(grid.direction)
    return image


def volume_to_sitk(volume: Volume) -> sitk.Image:
    """The SimpleITK image of a volume, in the volume's number type."""
    return to_sitk(volume.voxels_zyx, volume.grid)


def mask_to_sitk(mask: Mask) -> sitk.Image:
    """The SimpleITK image of a mask: 1 inside (uint8), 0 outside."""
    return to_sitk(mask.voxels_zyx, mask.grid)
