"""What every engine of the recipe ``pyradiomics`` refuses, declines or notes, and the words for it."""

from collections.abc import Sequence

import numpy as np

from radfeat.core.box import Box
from radfeat.core.grey_levels import GreyLevels
from radfeat.features.register import SHAPE_FAMILIES
from radfeat.features.settings import FeatureSettings

MAX_GREY_LEVELS = 5000
"""Most grey levels with which matrices are filled: a co-occurrence matrix of 5,000 takes 2.6 GB and hours."""

FAILURES = (ArithmeticError, LookupError, RuntimeError, ValueError)
"""What PyRadiomics, NumPy and SimpleITK raise where an ROI or an image cannot be measured."""

SHAPE_CUT = "feature.shape_cut"


def explain_not_finite(missing: int, voxels: int) -> str:
    """Why an image is not measured that has no number in some of the ROI's voxels."""
    return f"{missing} of its {voxels} voxels in the ROI are not finite"


def explain_many_levels(low: float, high: float, width: float) -> str | None:
    """Why matrices are not filled with so many grey levels; None where they are few enough."""
    levels = span_bins(low, high, width)
    if levels <= MAX_GREY_LEVELS:
        return None
    return (
        f"its intensities span {levels:.0f} bins of width {width:g}, more than {MAX_GREY_LEVELS} (a wider "
        "bin_width, or a bin_count, for this image type would help)"
    )


def span_bins(low: float, high: float, width: float) -> float:
    """Bins, which start at multiples of their width, from the least intensity to the greatest."""
    return high // width - low // width + 1


def count_levels(
    ends: tuple[float, float], type_name: str, name: str, width: float | None, count: int | None
) -> GreyLevels:
    """The grey levels of an image's finite intensities in the ROI; a bin count goes before a width."""
    low, high = ends
    if count is not None:
        return GreyLevels(type_name, name, 1 if high == low else count, None, count)
    if width is None:
        raise ValueError("bins have either a width or a number")
    return GreyLevels(type_name, name, int(span_bins(low, high, width)), width, None)


def explain_small_image(size_xyz: Sequence[int], spacing_xyz_mm: Sequence[float], sigma_mm: float) -> str:
    """Why there is no LoG image of this width: the filters decline images of few voxels."""
    needed = [max(4, int(np.ceil(sigma_mm / mm)) + 1) for mm in spacing_xyz_mm]
    return f"the image is too small: {_by(size_xyz)} voxels, where this filter needs {_by(needed)}"


def _by(numbers: Sequence[int]) -> str:
    return " x ".join(str(n) for n in numbers)


def explain_not_flat(slices: int, axis: str) -> str:
    """Why there is no 2-D shape of a region on several slices."""
    return f"it needs a region on one slice, and this one spans {slices} along {axis}"


def note_shape(box: Box, outline: Box, settings: FeatureSettings) -> dict[str, str]:
    """A note where re-segmentation shrank the bounding box, in which shape is measured."""
    if outline == box or not SHAPE_FAMILIES & set(settings.classes.named):
        return {}
    return {
        SHAPE_CUT: (
            "re-segmentation shrank the ROI's bounding box, and shape is measured on what of the drawn "
            "region lies inside the smaller box, as PyRadiomics does"
        )
    }
