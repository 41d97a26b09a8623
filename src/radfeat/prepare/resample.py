"""Resampling image and mask to a new voxel spacing, as PyRadiomics does it."""

import numpy as np
import SimpleITK as sitk

from radfeat.core.box import Box
from radfeat.core.grid import Grid
from radfeat.core.pair import StepRecord
from radfeat.core.volume import Mask, Volume, array_of, mask_to_sitk, volume_to_sitk
from radfeat.prepare.as_pyradiomics import SITK_INTERPOLATORS
from radfeat.prepare.crop import crop_to_box
from radfeat.prepare.grid_limit import Triple, require_moderate
from radfeat.prepare.itk_errors import explain_itk
from radfeat.prepare.resample_near import move_mask_near, resample_near
from radfeat.prepare.roi_checks import require_voxels
from radfeat.prepare.settings import Interpolator, PrepareSettings

IBSI_INTERPOLATION = "VTM2"
NEAREST = SITK_INTERPOLATORS[Interpolator.NEAREST]


def resample_pair(
    image: Volume, mask: Mask, box: Box, settings: PrepareSettings, *, near: bool = False
) -> tuple[Volume, Mask, StepRecord]:
    """Image and mask on a grid of the new spacing that covers the ROI and its margin.

    The new grid has the mask's direction and shares the *corner* of the mask's grid (IBSI shares the
    centre). The image is interpolated as ``interpolator`` says and keeps its number type, so that integers
    are cut to integers (ITK drops decimals); the mask takes the nearest neighbour. Where the new spacing is
    the old one, both are only cropped.

    Parameters
    ----------
    image, mask
        On one grid within the stated tolerance.
    box
        Bounding box of the mask, not empty.
    settings
        With a ``resampled_spacing_xyz_mm``.
    near
        Whether ITK needs to be asked only where the last digits decide.

    Raises
    ------
    ExtractionError
        If the new grid would hold more than `MAX_VOXELS` voxels, memory runs out (``OUT_OF_MEMORY``), or
        SimpleITK cannot resample.
    """
    spacing = _choose_spacing(mask.grid, box, settings)
    # numpy's tolerance: 1e-8 mm + 1e-5 of the new spacing, as PyRadiomics compares.
    if np.allclose(image.grid.spacing_xyz_mm, spacing):
        return _crop_only(image, mask, settings)
    grid = _plan_grid(mask, box, spacing, settings.pad_voxels)
    with explain_itk("resampling", mask.roi.roi_id):
        voxels = (
            resample_near(image, grid) if near and settings.interpolator is Interpolator.BSPLINE else None
        )
        if voxels is None:
            interpolator = SITK_INTERPOLATORS[settings.interpolator]
            voxels = array_of(_resample(volume_to_sitk(image), grid, interpolator))
        volume = Volume(voxels, grid, image.modality, image.unit)
        moved = move_mask_near(mask, grid) if near else None
        kept = _move_mask(mask, grid) if moved is None else Mask(moved, grid, mask.roi)
        return volume, kept, _record("resample", grid, settings)


def _crop_only(image: Volume, mask: Mask, settings: PrepareSettings) -> tuple[Volume, Mask, StepRecord]:
    if mask.grid != image.grid:
        with explain_itk("resampling", mask.roi.roi_id):
            mask = _move_mask(mask, image.grid)
    box = require_voxels(mask.voxels_zyx, mask.roi.roi_id, "on the image's grid")
    image, mask = crop_to_box(image, mask, box.padded(settings.pad_voxels, image.grid.size_xyz))
    return image, mask, _record("crop", image.grid, settings)


def _choose_spacing(grid: Grid, box: Box, settings: PrepareSettings) -> Triple:
    """The new spacing; an axis that is kept, or that the mask spans with one slice, keeps the mask's."""
    wanted = np.array(settings.resampled_spacing_xyz_mm, dtype=np.float64)
    old = np.array(grid.spacing_xyz_mm, dtype=np.float64)
    kept = (wanted == 0) | (np.array(box.size_xyz) == 1)
    return np.where(kept, old, wanted)


def _plan_grid(mask: Mask, box: Box, spacing: Triple, pad: int) -> Grid:
    old = np.array(mask.grid.spacing_xyz_mm, dtype=np.float64)
    # A spacing next to nothing gives an infinite or undefined size, which is refused as any other too large.
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = old / spacing
        low, high = _plan_range(mask.grid, box, ratio, pad)
        require_moderate(high - low + 1, spacing, mask.roi.roi_id)
    # Both grids begin at the same corner: the first centres differ by half the difference in spacing.
    first = 0.5 * (spacing - old) / old + low / ratio
    size_x, size_y, size_z = (int(n) for n in high - low + 1)
    origin_x, origin_y, origin_z = _frame(mask.grid).TransformContinuousIndexToPhysicalPoint(first.tolist())
    return Grid(
        (size_x, size_y, size_z),
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (origin_x, origin_y, origin_z),
        mask.grid.direction,
    )


def _plan_range(grid: Grid, box: Box, ratio: Triple, pad: int) -> tuple[Triple, Triple]:
    """First and last new voxel along x, y, z, counted from the corner of the mask's grid."""
    # From voxel edge to voxel edge, outward to whole new voxels, plus the margin, inside the mask's grid.
    low = np.floor((np.array(box.lower_xyz) - 0.5) * ratio - pad)
    high = np.ceil((np.array(box.lower_xyz) + np.array(box.size_xyz) - 0.5) * ratio + pad)
    last = np.ceil(np.array(grid.size_xyz) * ratio) - 1
    return np.where(low < 0, 0, low), np.where(high > last, last, high)


def _frame(grid: Grid) -> sitk.Image:
    """A one-voxel image that only carries a geometry."""
    frame = sitk.Image(1, 1, 1, sitk.sitkUInt8)
    frame.SetSpacing(grid.spacing_xyz_mm)
    frame.SetOrigin(grid.origin_xyz_mm)
    frame.SetDirection(grid.direction)
    return frame


def _resample(image: sitk.Image, grid: Grid, interpolator: str) -> sitk.Image:
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.size_xyz)
    resampler.SetOutputSpacing(grid.spacing_xyz_mm)
    resampler.SetOutputOrigin(grid.origin_xyz_mm)
    resampler.SetOutputDirection(grid.direction)
    resampler.SetOutputPixelType(image.GetPixelID())
    resampler.SetInterpolator(getattr(sitk, interpolator))
    resampled: sitk.Image = resampler.Execute(image)
    return resampled


def _move_mask(mask: Mask, grid: Grid) -> Mask:
    return Mask(array_of(_resample(mask_to_sitk(mask), grid, NEAREST)) != 0, grid, mask.roi)


def _record(name: str, grid: Grid, settings: PrepareSettings) -> StepRecord:
    return StepRecord(
        name,
        (
            ("spacing_xyz_mm", grid.spacing_xyz_mm),
            ("size_xyz", tuple(float(n) for n in grid.size_xyz)),
            ("interpolator", settings.interpolator.value if name == "resample" else None),
            ("mask_interpolator", Interpolator.NEAREST.value),
            ("pad_voxels", settings.pad_voxels),
        ),
        IBSI_INTERPOLATION if name == "resample" else "",
    )
