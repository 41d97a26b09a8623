"""Re-segmentation: leaving voxels out of a mask by their intensity."""

import math
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from radfeat.core.errors import EmptyRoiError
from radfeat.core.pair import StepRecord
from radfeat.core.vocabulary import Reason
from radfeat.core.volume import Mask, Volume
from radfeat.prepare.settings import PrepareSettings, ResegmentMode

Intensities = npt.NDArray[np.floating[Any]]

_IBSI_CODES = {
    ResegmentMode.ABSOLUTE: "USB3",
    ResegmentMode.RELATIVE: "IF9H",
    ResegmentMode.SIGMA: "7ACA",
}
_UNITS = {
    ResegmentMode.ABSOLUTE: "",
    ResegmentMode.RELATIVE: " of the ROI's maximum",
    ResegmentMode.SIGMA: " SD from the ROI's mean",
}


def resegment_mask(image: Volume, mask: Mask, settings: PrepareSettings) -> tuple[Mask, StepRecord]:
    """The mask without the voxels outside ``resegment_range``; both bounds belong to the range.

    Mean and standard deviation (n) are those of the ROI, in the image's own number type.

    Raises
    ------
    EmptyRoiError
        If no voxel is left (``ROI_EMPTY``), or a single one (``ROI_TOO_SMALL``).

    Reference: IBSI IF9H (re-segmentation), USB3 (range), 7ACA (outliers).
    """
    inside = cast("Intensities", image.voxels_zyx[mask.voxels_zyx])
    bounds = _find_bounds(inside, settings)
    keep = inside >= bounds[0]
    if len(bounds) == 2:
        keep &= inside <= bounds[1]
    kept = int(keep.sum())
    if kept < 2:
        raise _emptied(kept, keep.size, mask.roi.roi_id, settings)
    record = StepRecord(
        "resegment",
        (
            ("mode", settings.resegment_mode.value),
            ("range", settings.resegment_range),
            ("bounds", bounds),
            ("voxels_before", keep.size),
            ("voxels_after", kept),
            ("shape", settings.resegment_shape),
        ),
        _IBSI_CODES[settings.resegment_mode],
    )
    return _narrow(mask, keep), record


def remove_outliers(image: Volume, mask: Mask, kept: Mask, deviations: float) -> tuple[Mask, StepRecord]:
    """The voxels of ``kept`` that lie within some standard deviations from the mean of ``mask``.

    Mean and standard deviation (n) are those of the whole ROI in float64, before re-segmentation by a range:
    of two ways to re-segment IBSI takes the intersection, so that their order does not matter. A voxel that
    is not finite is an outlier, and has no share in them.

    Parameters
    ----------
    image
        The intensities.
    mask
        The ROI; its intensities say what an outlier is.
    kept
        What re-segmentation by a range left of it; the same where there was none.
    deviations
        How many standard deviations from the mean still belong, > 0.

    Raises
    ------
    EmptyRoiError
        If no voxel is left (``ROI_EMPTY``), or a single one (``ROI_TOO_SMALL``).

    Reference: IBSI 7ACA.
    """
    bounds = _find_outlier_bounds(image.voxels_zyx[mask.voxels_zyx].astype(np.float64), deviations)
    before = image.voxels_zyx[kept.voxels_zyx].astype(np.float64)
    keep = (before >= bounds[0]) & (before <= bounds[1])
    left = int(keep.sum())
    if left < 2:
        raise _left_too_few(
            left,
            keep.size,
            mask.roi.roi_id,
            f"{deviations:g} SD around the ROI's mean",
            "outlier_resegment_sd",
        )
    record = StepRecord(
        "resegment_outliers",
        (
            ("deviations", deviations),
            ("bounds", bounds),
            ("voxels_before", keep.size),
            ("voxels_after", left),
        ),
        "7ACA",
    )
    return _narrow(kept, keep), record


def _find_outlier_bounds(inside: npt.NDArray[np.float64], deviations: float) -> tuple[float, float]:
    finite = inside[np.isfinite(inside)]
    if not finite.size:
        return math.nan, math.nan
    mean, margin = float(finite.mean()), deviations * float(finite.std())
    return mean - margin, mean + margin


def _narrow(mask: Mask, keep: npt.NDArray[np.bool_]) -> Mask:
    """The mask with those of its voxels, in the array's order, that are kept."""
    voxels: npt.NDArray[np.bool_] = mask.voxels_zyx.copy()
    voxels[mask.voxels_zyx] = keep
    return Mask(voxels, mask.grid, mask.roi)


def _find_bounds(inside: Intensities, settings: PrepareSettings) -> tuple[float, ...]:
    """Lower bound, or lower and upper bound, as intensities."""
    given = sorted(settings.resegment_range or ())
    if settings.resegment_mode is ResegmentMode.RELATIVE:
        greatest = np.max(inside)
        return tuple(float(greatest * bound) for bound in given)
    if settings.resegment_mode is ResegmentMode.SIGMA:
        mean, deviation = np.mean(inside), np.std(inside)
        return tuple(float(mean + deviation * bound) for bound in given)
    return tuple(float(bound) for bound in given)


def _emptied(kept: int, drawn: int, key: str, settings: PrepareSettings) -> EmptyRoiError:
    bounds = " to ".join(f"{bound:g}" for bound in sorted(settings.resegment_range or ()))
    where = f"range {bounds}{_UNITS[settings.resegment_mode]}"
    return _left_too_few(kept, drawn, key, where, "resegment_range")


def _left_too_few(kept: int, drawn: int, key: str, where: str, setting: str) -> EmptyRoiError:
    return EmptyRoiError(
        f"re-segmentation left {kept} of {drawn} voxels of the ROI",
        reason=Reason.ROI_TOO_SMALL if kept else Reason.ROI_EMPTY,
        key=key,
        measured=f"{kept} voxel{'' if kept == 1 else 's'} in {where}",
        allowed="2 or more",
        remedy=f"Widen prepare.{setting}, or leave the ROI out",
    )
