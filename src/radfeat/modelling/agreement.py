"""How near predicted values come to measured ones: R-squared, error and correlations of counts of subjects.

Each function gives a ``Statistic``: from how often each subject was drawn to the value.
"""

import numpy as np
from scipy.stats import rankdata

from radfeat.modelling.outcomes import Floats
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
    """Pearson's correlation; NaN where either does not vary."""
    a, b = _settle(scores) - scores.mean(), measured - measured.mean()

    def compute(counts: Floats) -> Floats:
        return _correlate(counts, np.broadcast_to(a, counts.shape), np.broadcast_to(b, counts.shape))

    return compute


def define_spearman(scores: Floats, measured: Floats) -> Statistic:
    """Spearman's rank correlation, ties by their mean rank; NaN where either does not vary."""
    a, b = _settle(scores), measured

    def compute(counts: Floats) -> Floats:
        return _correlate(counts, _rank(counts, a), _rank(counts, b))

    return compute


def _settle(scores: Floats) -> Floats:
    """Rounded: scores that differ by less are one score, on every machine."""
    rounded: Floats = np.round(scores, 10)
    return rounded


def _rank(counts: Floats, values: Floats) -> Floats:
    """Mean rank of each subject in each resample (resamples x subjects), drawn as often as counted."""
    place = rankdata(values, method="dense").astype(np.intp) - 1
    of_value = np.zeros((len(counts), int(place.max()) + 1))
    for subject, number in enumerate(place):
        of_value[:, number] += counts[:, subject]
    ranks: Floats = (np.cumsum(of_value, axis=1) - (of_value - 1) / 2)[:, place]
    return ranks


def _correlate(counts: Floats, a: Floats, b: Floats) -> Floats:
    """Correlation in each resample of values that may differ between resamples (resamples x subjects)."""
    total = counts.sum(axis=1, keepdims=True)
    x, y = (v - (counts * v).sum(axis=1, keepdims=True) / total for v in (a, b))
    xx, yy, xy = ((counts * v).sum(axis=1) for v in (x * x, y * y, x * y))
    # What is left by rounding where all are one value is no variation.
    flat = (xx <= 1e-12 * (counts * a * a).sum(axis=1)) | (yy <= 1e-12 * (counts * b * b).sum(axis=1))
    return divide(xy, np.where(flat, 0.0, np.sqrt(xx * yy)))
