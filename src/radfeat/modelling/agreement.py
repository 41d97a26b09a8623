"""How near predicted values come to measured ones: R-squared, error and correlations of counts of subjects.

Each function gives a ``Statistic``: from how often each subject was drawn to the value. Correlations are the
mean over repeats of the correlation within each, for the reason that ``concordance`` gives.
"""

from collections.abc import Callable, Sequence

import numpy as np

from radfeat.modelling.outcomes import Floats, Indices
from radfeat.modelling.resampling import Statistic, divide


def define_r_squared(predicted: Floats, null: Floats, measured: Floats) -> Statistic:
    """1 - squared error of the predictions / that of ``null``: what the model knows more.

    ``null`` (subjects) is the prediction of a model without predictors, made out of fold as well: the mean of
    the training rows. A model that selects nothing has exactly 0; a model worse than the mean is below it.
    """
    errors, null_errors = (measured - predicted) ** 2, (measured - null) ** 2

    def compute(counts: Floats) -> Floats:
        return 1.0 - divide(counts @ errors, counts @ null_errors)

    return compute


def define_rmse(predicted: Floats, measured: Floats) -> Statistic:
    """Root of the mean squared error, in the unit of the endpoint; lower is better."""
    errors = (measured - predicted) ** 2

    def compute(counts: Floats) -> Floats:
        found: Floats = np.sqrt(divide(counts @ errors, counts.sum(axis=1)))
        return found

    return compute


def define_pearson(scores: Floats, measured: Floats) -> Statistic:
    """Pearson's correlation of scores, (subjects,) or repeats x subjects, with measured values (subjects).

    NaN is a subject that the repeat did not score, each subject being scored in some repeat. The value is NaN
    where either does not vary; of several repeats, where no scores do.
    """
    repeats = _settle(scores)
    known = ~np.isnan(repeats)
    b = measured - measured.mean()
    centred = [np.where(k, row - row[k].mean(), 0.0) for row, k in zip(repeats, known, strict=True)]

    def compute(counts: Floats) -> Floats:
        return _average(
            [_correlate(counts * k, a[None, :], b[None, :]) for a, k in zip(centred, known, strict=True)]
        )

    return compute


def define_spearman(scores: Floats, measured: Floats) -> Statistic:
    """Spearman's rank correlation, ties by their mean rank; scores and NaN as in ``define_pearson``."""
    repeats = _settle(scores)
    known = ~np.isnan(repeats)
    rank_measured, rankings = _define_ranks(measured), [_define_ranks(row) for row in repeats]

    def compute(counts: Floats) -> Floats:
        everyone = rank_measured(counts)
        found = []
        for rank, scored in zip(rankings, known, strict=True):
            own = counts * scored
            b = everyone if scored.all() else rank_measured(own)
            found.append(_correlate(own, rank(own), b))
        return _average(found)

    return compute


def _settle(scores: Floats) -> Floats:
    """Repeats that score anyone x subjects, rounded: what differs by less is one score, on every machine."""
    rounded: Floats = np.atleast_2d(np.round(scores, 10))
    scored: Floats = rounded[~np.isnan(rounded).all(axis=1)]
    return scored


def _average(repeats: Sequence[Floats]) -> Floats:
    """Mean over repeats of a correlation in each resample; NaN where it is undefined in all of them.

    A repeat whose scores do not vary orders nobody, and counts as 0 beside others, as ties count half in C.
    """
    found = np.array(repeats)
    means: Floats = np.where(np.isnan(found), 0.0, found).mean(axis=0)
    means[np.isnan(found).all(axis=0)] = np.nan
    return means


def _define_ranks(values: Floats) -> Callable[[Floats], Floats]:
    """From counts (resamples x subjects) to the mean rank of each subject, drawn as often as counted."""
    order: Indices = np.argsort(values, kind="stable")
    first, beyond = (np.searchsorted(values[order], values, side=side) for side in ("left", "right"))

    def rank(counts: Floats) -> Floats:
        below = np.zeros((len(counts), len(values) + 1))
        np.cumsum(counts[:, order], axis=1, out=below[:, 1:])
        ranks: Floats = (below[:, first] + below[:, beyond] + 1) / 2
        return ranks

    return rank


def _correlate(counts: Floats, a: Floats, b: Floats) -> Floats:
    """Correlation in each resample of values that may differ between resamples (resamples x subjects)."""
    # At least one: nobody that a repeat has scored may have been drawn.
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    x, y = (v - (counts * v).sum(axis=1, keepdims=True) / total for v in (a, b))
    xx, yy, xy = ((counts * v).sum(axis=1) for v in (x * x, y * y, x * y))
    # What is left by rounding where all are one value is no variation.
    flat = (xx <= 1e-12 * (counts * a * a).sum(axis=1)) | (yy <= 1e-12 * (counts * b * b).sum(axis=1))
    return divide(xy, np.where(flat, 0.0, np.sqrt(xx * yy)))
