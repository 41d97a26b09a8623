"""Grey levels as IBSI defines them: whole numbers from 1, counted from the lower bound."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.features.settings import FeatureSettings

Reals = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int64]

MOST_LEVELS = 2.0**31
"""Levels from here on have no whole number that PyRadiomics can hold."""


@dataclass(frozen=True, eq=False, slots=True)
class GreyLevelImage:
    """A discretised image: ``levels_zyx`` is 0 outside the ROI; ``count`` is the ROI's greatest level."""

    levels_zyx: Levels
    inside_zyx: npt.NDArray[np.bool_]
    count: int

    @property
    def levels(self) -> Levels:
        """The grey level of each voxel of the ROI."""
        return self.levels_zyx[self.inside_zyx]


def find_levels(intensities: Reals, settings: FeatureSettings, lower_bound: float | None) -> Reals:
    """The grey level of each intensity, a whole number as a float: it may be beyond what matrices can hold.

    Parameters
    ----------
    intensities
        Finite intensities of the ROI, in the image's unit.
    settings
        Those of the image type: a bin count, or else a bin width.
    lower_bound
        Where bins of a fixed width begin; the least intensity where there is none.

    Raises
    ------
    ValueError
        If an intensity lies below the lower bound.

    Reference: IBSI K15C (fixed bin number), Q3RU (fixed bin size).
    """
    least = float(intensities.min())
    if settings.bin_count is not None:
        return _divide_range(intensities, settings.bin_count)
    if settings.bin_width is None:
        raise ValueError("neither bin_width nor bin_count is given")
    lower = least if lower_bound is None else lower_bound
    if least < lower:
        raise ValueError(f"the ROI holds intensity {least:g}, below the lower bound {lower:g} of its bins")
    levels: Reals = np.floor((intensities - lower) / settings.bin_width) + 1
    return levels


def _divide_range(intensities: Reals, count: int) -> Reals:
    """A fixed number of bins from the least intensity to the greatest, which belongs to the last."""
    least, greatest = intensities.min(), intensities.max()
    if least == greatest:
        return np.ones_like(intensities)
    levels: Reals = np.floor(count * (intensities - least) / (greatest - least)) + 1
    return np.minimum(levels, count)


def build_grey_level_image(levels: Reals, inside_zyx: npt.NDArray[np.bool_]) -> GreyLevelImage:
    """The image of the grey levels of the ROI's voxels.

    Raises
    ------
    ValueError
        If a level is too great to be counted.
    """
    greatest = float(levels.max())
    if greatest >= MOST_LEVELS:
        raise ValueError(f"its intensities span {greatest:.3g} grey levels: a wider bin_width is needed")
    image = np.zeros(inside_zyx.shape, np.int64)
    image[inside_zyx] = levels
    return GreyLevelImage(image, inside_zyx, int(greatest))
