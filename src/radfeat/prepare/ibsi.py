"""The recipe ``ibsi`` in order: the whole image once, then the two masks of each of its ROIs."""

import numpy as np

from radfeat.core.box import Box
from radfeat.core.pair import PreparedPair, StepRecord
from radfeat.core.vocabulary import Unit
from radfeat.core.volume import Mask, Volume
from radfeat.prepare.ibsi_grid import plan_centred_grid
from radfeat.prepare.ibsi_interpolate import interpolate_mask, interpolate_volume, round_volume
from radfeat.prepare.itk_errors import explain_memory
from radfeat.prepare.resegment import remove_outliers, resegment_mask
from radfeat.prepare.roi_checks import require_measurable
from radfeat.prepare.settings import PrepareSettings

Steps = tuple[StepRecord, ...]


def prepare_volume_by_ibsi(volume: Volume, settings: PrepareSettings) -> tuple[Volume, Steps]:
    """Interpolate a whole image, and round its intensities if they are Hounsfield units.

    An image whose grid stays as it is keeps its intensities and its number type.

    Raises
    ------
    ExtractionError
        If the new grid would hold too many voxels, or memory runs out (``OUT_OF_MEMORY``).

    Reference: IBSI VTM2 (interpolation), 68QD (rounding).
    """
    wanted = settings.resampled_spacing_xyz_mm
    plan = None if wanted is None else plan_centred_grid(volume.grid, wanted)
    if plan is None:
        return volume, ()
    with explain_memory("interpolation"):
        moved, record = interpolate_volume(volume, plan, settings.interpolator)
        if not settings.round_hu or volume.unit is not Unit.HU:
            return moved, (record,)
        rounded, rounding = round_volume(moved, settings.round_hu)
    return rounded, (record, rounding)


def prepare_mask_by_ibsi(
    volume: Volume, steps: Steps, mask: Mask, box: Box, settings: PrepareSettings
) -> PreparedPair:
    """The pair of a prepared image and the two masks of one ROI on its grid.

    In order: the mask is interpolated (the *morphological* mask), and checked; re-segmentation by range and
    by outliers makes the *intensity* mask, which is checked again.

    Parameters
    ----------
    volume, steps
        The prepared image, and how it was made.
    mask
        As drawn, on the image's grid before it was prepared; not empty.
    box
        Bounding box of the mask.
    settings
        Those that the image was prepared with.

    Raises
    ------
    EmptyRoiError
        If the ROI is empty or too small, on the new grid or after re-segmentation.
    ExtractionError
        If memory runs out (``OUT_OF_MEMORY``).

    Reference: IBSI E8H9 (partial volume), IF9H (re-segmentation), G5KJ and SEFI (the masks).
    """
    key = mask.roi.roi_id
    with explain_memory("preparation of the mask", key):
        moved, made = _move_mask(mask, box, settings)
        stage = "after interpolation" if made else "as drawn"
        _, checked = require_measurable(moved.voxels_zyx, settings, key, stage)
        intensity_mask, resegmented = _resegment(volume, moved, settings)
        if resegmented:
            _, rechecked = require_measurable(
                intensity_mask.voxels_zyx, settings, key, "after re-segmentation"
            )
            resegmented = (*resegmented, rechecked)
    return PreparedPair(
        volume,
        moved,
        intensity_mask,
        (*steps, *made, checked, *resegmented),
        _find_lower_bound(volume, settings),
    )


def _move_mask(mask: Mask, box: Box, settings: PrepareSettings) -> tuple[Mask, Steps]:
    wanted = settings.resampled_spacing_xyz_mm
    plan = None if wanted is None else plan_centred_grid(mask.grid, wanted)
    if plan is None:
        return mask, ()
    moved, record = interpolate_mask(mask, box, plan)
    return moved, (record,)


def _resegment(volume: Volume, mask: Mask, settings: PrepareSettings) -> tuple[Mask, Steps]:
    """The intensity mask: what lies in the range and is no outlier."""
    kept = mask
    steps: Steps = ()
    if settings.resegment_range is not None:
        kept, by_range = resegment_mask(volume, mask, settings)
        steps = (by_range,)
    if settings.outlier_resegment_sd is not None:
        kept, by_outliers = remove_outliers(volume, mask, kept, settings.outlier_resegment_sd)
        steps += (by_outliers,)
    return kept, steps


def _find_lower_bound(volume: Volume, settings: PrepareSettings) -> float | None:
    """Where bins of a fixed size begin, as the image's number type has it.

    In float32 a voxel of 0.7 is kept by a bound of 0.7, and lies below the 0.7 of float64.
    """
    if settings.resegment_range is None:
        return None
    lower, kind = min(settings.resegment_range), volume.voxels_zyx.dtype
    return float(kind.type(lower)) if np.issubdtype(kind, np.floating) else lower
