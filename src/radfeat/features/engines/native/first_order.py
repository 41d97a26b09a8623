"""Statistics of the intensities of an ROI, as PyRadiomics defines them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _moments
from radfeat.features.engines.native.discretise import Intensities, Levels

Reals = npt.NDArray[np.float32] | npt.NDArray[np.float64]
EPS = float(np.spacing(1))
PERCENTS = (10, 25, 50, 75, 90)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over n intensities: of themselves, of their squares after the shift, of their deviations.

    ``deviations`` are from the mean: absolute, and to the powers 2, 3 and 4. ``robust`` is the mean absolute
    deviation of those between percentiles 10 and 90.
    """

    n: int
    total: float
    energy: float
    low: float
    high: float
    percentiles: tuple[float, ...]
    deviations: tuple[float, ...]
    robust: float


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
    if inside.dtype == np.int16:
        sums = _count(cast("npt.NDArray[np.int16]", inside), shift)
    else:
        sums = _sum(cast("Reals", inside), shift)
    p10, p25, p50, p75, p90 = sums.percentiles
    values = {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": sums.energy,
        "InterquartileRange": p75 - p25,
        "Maximum": sums.high,
        "Mean": sums.total / sums.n,
        "Median": p50,
        "Minimum": sums.low,
        "Range": sums.high - sums.low,
        "RobustMeanAbsoluteDeviation": sums.robust,
        "RootMeanSquared": math.sqrt(sums.energy / sums.n),
        "TotalEnergy": sums.energy * float(np.multiply.reduce(np.array(spacing_xyz_mm))),
    }
    return values | _measure_moments(sums) | _measure_histogram(levels)


def _sum(inside: Reals, shift: int) -> _Sums:
    """Sums over intensities that are no whole numbers."""
    n = len(inside)
    total, energy, low, high = _moments.sum_values(inside, float(shift))
    percentiles = compute_percentiles(inside)
    deviations = _moments.sum_deviations(inside, total / n)
    robust = _moments.average_deviation_within(inside, percentiles[0], percentiles[-1])
    return _Sums(n, total, energy, low, high, percentiles, deviations, robust)


def _count(inside: npt.NDArray[np.int16], shift: int) -> _Sums:
    """The same of whole numbers, from how often each occurs."""
    n, low, high = len(inside), int(inside.min()), int(inside.max())
    tally = _moments.tally(inside, low, high)
    present = np.flatnonzero(tally)
    counts, values = tally[present], (present + low).astype(np.float64)
    total = float(np.sum(counts * (present + low)))
    deviations = values - total / n
    squares = deviations**2
    powers = (np.abs(deviations), squares, squares * deviations, squares**2)
    percentiles = _interpolate_ranks(n, _Ascending(values, np.cumsum(counts)))
    kept = (percentiles[0] <= values) & (values <= percentiles[-1])
    return _Sums(
        n=n,
        total=total,
        energy=float(np.sum(counts * (values + shift) ** 2)),
        low=float(low),
        high=float(high),
        percentiles=percentiles,
        deviations=tuple(float(np.sum(counts * power)) for power in powers),
        robust=_average_deviation(values[kept], counts[kept]),
    )


def _average_deviation(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> float:
    n = int(counts.sum())
    if n == 0:
        return math.nan
    mean = float(np.sum(counts * values)) / n
    return float(np.sum(counts * np.abs(values - mean))) / n


@dataclass(frozen=True, eq=False, slots=True)
class _Ascending:
    """Values in ascending order, each as often as it occurs; ``ends`` says how many there are up to each."""

    values: npt.NDArray[np.float64]
    ends: npt.NDArray[np.int64]

    def __getitem__(self, rank: int) -> float:
        """The value of a rank, from 0 up."""
        return float(self.values[np.searchsorted(self.ends, rank, side="right")])


def _measure_moments(sums: _Sums) -> dict[str, float]:
    first, second, third, fourth = (s / sums.n for s in sums.deviations)
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
    return _interpolate_ranks(len(inside), np.partition(inside, _list_ranks(len(inside))))


def _interpolate_ranks(n: int, ascending: _Ascending | npt.NDArray[Any]) -> tuple[float, ...]:
    """The percentiles of n values; ``ascending`` has at each of ``_list_ranks`` the value of that rank."""
    last = n - 1
    return tuple(
        _interpolate(float(ascending[rank]), float(ascending[min(rank + 1, last)]), fraction)
        for rank, fraction in (_place(n, percent) for percent in PERCENTS)
    )


def _list_ranks(n: int) -> list[int]:
    """The ranks between which percentiles lie."""
    ranks = [_place(n, percent)[0] for percent in PERCENTS]
    return sorted({*ranks, *(min(rank + 1, n - 1) for rank in ranks)})


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
