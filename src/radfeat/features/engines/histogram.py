"""IBSI's intensity histogram: statistics of the grey levels of an ROI."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.discretise import Levels

Reals = npt.NDArray[np.float64]


def measure_histogram(levels: Levels, names: Iterable[str]) -> dict[str, float]:
    """The named features of the grey levels of an ROI's voxels, by name.

    Reference: IBSI family ZVCW. Percentiles are interpolated linearly between voxels.
    """
    values = levels.astype(np.float64)
    return {name: float(FEATURES[name](values)) for name in names}


def _standardise_moment(values: Reals, order: int) -> float:
    """A central moment over the power of the standard deviation; 0 where all values are alike."""
    distances = values - values.mean()
    variance = float(np.mean(distances**2))
    return float(np.mean(distances**order)) / variance ** (order / 2) if variance else 0.0


def _measure_excess(values: Reals) -> float:
    return _standardise_moment(values, 4) - 3 if np.ptp(values) else 0.0


def _measure_deviation(values: Reals) -> float:
    return float(np.mean(np.abs(values - values.mean())))


def _measure_robust_deviation(values: Reals) -> float:
    lower, upper = np.percentile(values, [10, 90])
    return _measure_deviation(values[(values >= lower) & (values <= upper)])


FEATURES: Mapping[str, Callable[[Reals], float]] = {
    "Mean": lambda values: float(np.mean(values)),
    "Variance": lambda values: float(np.var(values)),
    "Skewness": lambda values: _standardise_moment(values, 3),
    "ExcessKurtosis": _measure_excess,
    "Median": lambda values: float(np.median(values)),
    "Minimum": lambda values: float(np.min(values)),
    "10Percentile": lambda values: float(np.percentile(values, 10)),
    "90Percentile": lambda values: float(np.percentile(values, 90)),
    "Maximum": lambda values: float(np.max(values)),
    "InterquartileRange": lambda values: float(np.subtract(*np.percentile(values, [75, 25]))),
    "Range": lambda values: float(np.ptp(values)),
    "MeanAbsoluteDeviation": _measure_deviation,
    "RobustMeanAbsoluteDeviation": _measure_robust_deviation,
}
"""Each feature of the family, by its name in the register."""
