"""Checks that there is enough ROI to measure."""

import numpy as np
import numpy.typing as npt

from radfeat.core.box import Box, bound_voxels
from radfeat.core.errors import EmptyRoiError
from radfeat.core.pair import StepRecord
from radfeat.core.vocabulary import Reason
from radfeat.prepare.settings import PrepareSettings


def require_voxels(voxels_zyx: npt.NDArray[np.bool_], key: str, stage: str) -> Box:
    """The bounding box of a mask.

    Raises
    ------
    EmptyRoiError
        If the mask holds no voxel; ``stage`` says where in the preparation that was found.
    """
    box = bound_voxels(voxels_zyx)
    if box is None:
        raise EmptyRoiError(
            f"the ROI holds no voxel {stage}",
            key=key,
            measured="0 voxels",
            allowed="2 or more",
            remedy="Check the mask, its label and the preparation settings",
        )
    return box


def require_measurable(
    voxels_zyx: npt.NDArray[np.bool_], settings: PrepareSettings, key: str, stage: str
) -> tuple[Box, StepRecord]:
    """The bounding box of a mask that is large enough to measure, and the record of the check.

    Raises
    ------
    EmptyRoiError
        If the ROI holds no voxel (``ROI_EMPTY``), or a single one, or spans too few axes, or holds too
        few voxels (``ROI_TOO_SMALL``).
    """
    box = require_voxels(voxels_zyx, key, stage)
    dimensions = sum(n > 1 for n in box.size_xyz)
    if dimensions == 0:
        raise _too_small(f"the ROI is a single voxel {stage}", "1 voxel", "2 or more", key)
    if dimensions < settings.minimum_roi_dimensions:
        raise _too_small(
            f"the ROI spans too few axes {stage}",
            f"{dimensions} of 3 axes",
            f"{settings.minimum_roi_dimensions} or more",
            key,
            "lower prepare.minimum_roi_dimensions",
        )
    voxels = int(voxels_zyx[box.slices_zyx].sum())
    if settings.minimum_roi_size is not None and voxels <= settings.minimum_roi_size:
        raise _too_small(
            f"the ROI holds too few voxels {stage}",
            f"{voxels} voxels",
            f"more than {settings.minimum_roi_size}",
            key,
            "lower prepare.minimum_roi_size",
        )
    record = StepRecord("check_roi", (("stage", stage), ("dimensions", dimensions), ("voxels", voxels)))
    return box, record


def _too_small(
    what: str, measured: str, allowed: str, key: str, alternative: str = "resample to a finer grid"
) -> EmptyRoiError:
    return EmptyRoiError(
        what,
        reason=Reason.ROI_TOO_SMALL,
        key=key,
        measured=measured,
        allowed=allowed,
        remedy=f"Leave the ROI out, or {alternative}",
    )
