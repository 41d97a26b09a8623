"""Checks of one image, before anything is measured in it."""

from collections.abc import Iterator

import numpy as np

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Severity
from radfeat.core.volume import Volume
from radfeat.core.voxels import Voxels
from radfeat.qc.check_names import Check
from radfeat.qc.settings import QcSettings

CT_AIR_HU = -1024.0
"""The least value that a CT scanner gives to anything; below it lies padding."""

_SAMPLE = 1 << 20


def check_image(volume: Volume, case_id: str, settings: QcSettings) -> tuple[Finding, ...]:
    """What is remarkable about an image as it was read.

    Parameters
    ----------
    volume
        The image.
    case_id
        Key of the findings.
    settings
        What to compare with.
    """
    low, high = float(volume.voxels_zyx.min()), float(volume.voxels_zyx.max())
    return (
        *_check_variety(volume, low, high, case_id, settings),
        *_check_spacing(volume, case_id, settings),
        *_check_ct(volume, low, case_id),
        *_check_pet(volume, low, case_id),
    )


def count_intensities(voxels: Voxels, enough: int) -> int:
    """Number of different intensities; any number of at least ``enough`` stands for more.

    A sample settles the question for nearly every scan without sorting all its voxels.
    """
    flat = voxels.ravel()
    sampled = np.unique(flat[:: max(1, flat.size // _SAMPLE)]).size
    return int(sampled if sampled >= enough else np.unique(flat).size)


def _check_variety(
    volume: Volume, low: float, high: float, key: str, settings: QcSettings
) -> Iterator[Finding]:
    unit = volume.unit.value
    if low == high:
        what = f"every voxel of the image is {low:g}"
        yield remark(Check.IMAGE_CONSTANT, key, what, low, None, unit)
        return
    limit = settings.few_intensities
    number = count_intensities(volume.voxels_zyx, limit)
    if number < limit:
        what = f"the image holds only {number} different intensities; is it a label map, or discretised?"
        yield remark(Check.IMAGE_FEW_INTENSITIES, key, what, number, float(limit), "intensities")
    if volume.modality is not Modality.PT and low >= 0 and high <= 255 and _is_whole(volume.voxels_zyx):
        what = f"the intensities are whole numbers from {low:g} to {high:g}, as in an 8-bit picture"
        yield remark(Check.IMAGE_EIGHT_BIT, key, what, high, 255.0, unit)


def _is_whole(voxels: Voxels) -> bool:
    return bool(np.issubdtype(voxels.dtype, np.integer) or np.all(voxels == np.rint(voxels)))


def _check_spacing(volume: Volume, key: str, settings: QcSettings) -> Iterator[Finding]:
    spacing = volume.grid.spacing_xyz_mm
    ratio, limit = max(spacing) / min(spacing), settings.max_spacing_ratio
    if ratio > limit:
        shown = " x ".join(f"{s:.3g}" for s in spacing)
        what = f"voxels of {shown} mm are {ratio:.1f} times as long as wide"
        yield remark(Check.IMAGE_ANISOTROPIC, key, what, ratio, limit, "ratio")


def _check_ct(volume: Volume, low: float, key: str) -> Iterator[Finding]:
    if volume.modality is not Modality.CT:
        return
    if low >= 0:
        what = (
            f"the least intensity of the CT is {low:g}, but air is near -1000 HU; "
            "was the rescale intercept left out?"
        )
        yield remark(Check.IMAGE_CT_NOT_HU, key, what, low, 0.0, "HU")
    if low < CT_AIR_HU:
        share = count_below(volume.voxels_zyx, CT_AIR_HU) / volume.voxels_zyx.size
        what = f"{share:.1%} of the CT lies below {CT_AIR_HU:g} HU, down to {low:g}, and is padding"
        yield remark(Check.IMAGE_CT_PADDING, key, what, low, CT_AIR_HU, "HU", Severity.INFO)


def count_below(voxels: Voxels, limit: float) -> int:
    """Number of voxels below a limit."""
    return int(np.count_nonzero(np.less(voxels, limit)))


def _check_pet(volume: Volume, low: float, key: str) -> Iterator[Finding]:
    if volume.modality is Modality.PT and low < 0:
        what = f"the PET image holds negative uptake, down to {low:g}"
        yield remark(Check.IMAGE_NEGATIVE_PET, key, what, low, 0.0, volume.unit.value)
