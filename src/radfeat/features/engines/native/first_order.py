"""Statistics of the intensities of an ROI, as PyRadiomics defines them."""

import math
from collections.abc import Sequence

import numpy as np

from radfeat.features.engines.native import _moments
from radfeat.features.engines.native.discretise import Intensities, Levels

EPS = float(np.spacing(1))
PERCENTS = (10, 25, 50, 75, 90)


def measure_first_order(
    inside: Intensities, levels: Levels | None, shift: int, spacing_xyz_mm: Sequence[float]
) -> dict[str, float]:
    """All first-order features of the intensities inside an ROI, by name.

    Parameters
    ----------
    inside
        Finite intensities in C order, at least one.
    levels
        Their grey levels; None: without Entropy and Uniformity.
    shift
        Added to the intensities before Energy, TotalEnergy and RootMeanSquared.
    spacing_xyz_mm
        Size of a voxel.
    """
    n = len(inside)
    total, energy, low, high = _moments.sum_values(inside, float(shift))
    p10, p25, p50, p75, p90 = compute_percentiles(inside)
    values = {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "InterquartileRange": p75 - p25,
        "Maximum": high,
        "Mean": total / n,
        "Median": p50,
        "Minimum": low,
        "Range": high - low,
        "RobustMeanAbsoluteDeviation": _moments.average_deviation_within(inside, p10, p90),
        "RootMeanSquared": math.sqrt(energy / n),
        "TotalEnergy": energy * float(np.multiply.reduce(np.array(spacing_xyz_mm))),
    }
    return values | _measure_moments(inside, total / n) | _measure_histogram(levels)


def _measure_moments(inside: Intensities, mean: float) -> dict[str, float]:
    n = len(inside)
    first, second, third, fourth = (s / n for s in _moments.sum_deviations(inside, mean))
    # PyRadiomics divides by 1 where all intensities are the mean itself.
    scale = second or 1.0
    deviation = math.sqrt(second)
    return {
        "MeanAbsoluteDeviation": first,
        "StandardDeviation": deviation,
        "Variance": deviation**2,
        "Skewness": third / _raise(scale, 1.5),
        "Kurtosis": fourth / _raise(scale, 2.0),
    }


def _raise(base: float, exponent: float) -> float:
    """A power; NaN where the number is too small for it: NumPy then divides by 0."""
    return float(np.float64(base) ** exponent) or math.nan


def _measure_histogram(levels: Levels | None) -> dict[str, float]:
    if levels is None:
        return {}
    shares = levels.counts / float(levels.counts.sum())
    return {
        "Entropy": float(-np.sum(shares * np.log2(shares + EPS))),
        "Uniformity": float(np.sum(shares**2)),
    }


def compute_percentiles(inside: Intensities) -> tuple[float, ...]:
    """Percentiles 10, 25, 50, 75 and 90, interpolated linearly between neighbours, as NumPy does."""
    places = [_place(len(inside), percent) for percent in PERCENTS]
    last = len(inside) - 1
    ranks = {rank for rank, _ in places} | {min(rank + 1, last) for rank, _ in places}
    part = np.partition(inside, sorted(ranks))
    return tuple(
        _interpolate(float(part[rank]), float(part[min(rank + 1, last)]), fraction)
        for rank, fraction in places
    )


def _place(n: int, percent: int) -> tuple[int, float]:
    """Rank below a percentile, and how far it lies towards the next."""
    if percent == PERCENTS[2]:  # the median: the middle, or the middle between two
        return ((n - 1) // 2, 0.0 if n % 2 else 0.5)
    virtual = (n - 1) * (percent / 100)
    rank = math.floor(virtual)
    return rank, virtual - rank


def _interpolate(low: float, high: float, fraction: float) -> float:
    step = high - low
    return high - step * (1 - fraction) if fraction >= 0.5 else low + step * fraction
