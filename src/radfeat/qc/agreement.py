"""Intraclass correlations of repeated measurements, with their limits by the F distribution."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import f as f_distribution

from radfeat.core.vocabulary import IccForm

Floats = npt.NDArray[np.float64]

CONSTANT = 1e-10
"""Values that differ by no more than this share of the greatest are one value but for rounding."""

EXACT = 1e15
"""Targets that differ by this factor more than repeats do: repeats are equal but for rounding."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its confidence limits; None where there is none."""

    value: float | None = None
    lo: float | None = None
    hi: float | None = None


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """The analysis of variance of ``n`` targets, each measured at the same ``k`` repeats.

    ``between`` is the mean square between targets (n - 1 degrees of freedom), ``repeats`` that between
    repeats (k - 1), ``error`` the residual ((n - 1)(k - 1)), ``within`` that within targets (n (k - 1)).
    """

    n: int
    k: int
    between: float
    repeats: float
    error: float
    within: float


def compute_mean_squares(values: Floats) -> MeanSquares | None:
    """Mean squares of a full table.

    Parameters
    ----------
    values
        Targets x repeats, without gaps; rounding of the values alone is no difference.

    Returns
    -------
    MeanSquares or None
        None with fewer than two targets or two repeats, or where all values are one but for rounding.
    """
    n, k = values.shape
    if n < 2 or k < 2 or is_constant(values):
        return None
    grand = float(values.mean())
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    between = k * float(np.square(rows - grand).sum())
    repeats = n * float(np.square(columns - grand).sum())
    within = float(np.square(values - rows[:, None]).sum())
    error = float(np.square(values - rows[:, None] - columns[None, :] + grand).sum())
    return MeanSquares(
        n=n,
        k=k,
        between=between / (n - 1),
        repeats=repeats / (k - 1),
        error=error / ((n - 1) * (k - 1)),
        within=within / (n * (k - 1)),
    )


def is_constant(values: Floats) -> bool:
    """Whether all values are one, but for rounding."""
    return float(np.ptp(values)) <= CONSTANT * float(np.abs(values).max())


def estimate_icc(form: IccForm, squares: MeanSquares, level: float) -> Estimate:
    """Intraclass correlation of a single measurement; higher means that repeats differ less.

    An estimate may be negative, where repeats differ more than targets; it is not set to zero.

    Parameters
    ----------
    form
        One-way (1,1), two-way agreement (2,1) or two-way consistency (3,1).
    squares
        Of the complete targets.
    level
        Confidence level of the two-sided limits.

    References
    ----------
    Shrout and Fleiss, Psychol Bull 1979; 86:420. McGraw and Wong, Psychol Methods 1996; 1:30 and 390.
    """
    if form is IccForm.AGREEMENT:
        return _estimate_agreement(squares, level)
    one_way = form is IccForm.ONE_WAY
    noise = squares.within if one_way else squares.error
    degrees = squares.n * (squares.k - 1) if one_way else (squares.n - 1) * (squares.k - 1)
    return _estimate_from_ratio(squares, noise, degrees, level)


def _estimate_from_ratio(squares: MeanSquares, noise: float, degrees: int, level: float) -> Estimate:
    """Limits from the ratio of the mean square between targets to that of the noise."""
    k, above = squares.k, 0.5 + level / 2
    if squares.between + (k - 1) * noise <= 0:
        return Estimate()
    value = (squares.between - noise) / (squares.between + (k - 1) * noise)
    if squares.between > EXACT * noise:
        return Estimate(value, value, value)
    ratio = squares.between / noise
    lo = ratio / float(f_distribution.ppf(above, squares.n - 1, degrees))
    hi = ratio * float(f_distribution.ppf(above, degrees, squares.n - 1))
    return Estimate(value, (lo - 1) / (lo + k - 1), (hi - 1) / (hi + k - 1))


def _estimate_agreement(squares: MeanSquares, level: float) -> Estimate:
    n, k, above = squares.n, squares.k, 0.5 + level / 2
    spread = k * squares.repeats + (k * n - k - n) * squares.error
    total = squares.between + (k - 1) * squares.error + k * (squares.repeats - squares.error) / n
    if total <= 0:
        return Estimate()
    value = (squares.between - squares.error) / total
    if squares.between > EXACT * max(squares.error, squares.repeats):
        return Estimate(value, value, value)
    degrees = _approximate_degrees(squares, value)
    if degrees is None:
        return Estimate(value)
    below_f = float(f_distribution.ppf(above, n - 1, degrees))
    above_f = float(f_distribution.ppf(above, degrees, n - 1))
    lo = n * (squares.between - below_f * squares.error) / (below_f * spread + n * squares.between)
    hi = n * (above_f * squares.between - squares.error) / (spread + n * above_f * squares.between)
    # With next to no degrees of freedom the quantiles are too large a number, or so are their products.
    return Estimate(value, lo, hi) if math.isfinite(lo) and math.isfinite(hi) else Estimate(value)


def _approximate_degrees(squares: MeanSquares, value: float) -> float | None:
    """Satterthwaite's degrees of freedom of the error; None where there are none."""
    n, k = squares.n, squares.k
    # Times n (1 - value), which is zero where repeats do not differ: the quotient stays the same.
    repeats = k * value * squares.repeats
    error = (n * (1 - value) + k * value * (n - 1)) * squares.error
    bottom = repeats**2 / (k - 1) + error**2 / ((n - 1) * (k - 1))
    if bottom <= 0 or not math.isfinite(bottom):
        return None
    return (repeats + error) ** 2 / bottom
