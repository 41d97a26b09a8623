"""Unpenalised Cox (Efron ties) and logistic regression by Newton's method, and linear, to full precision.

Written here because one interaction screen fits hundreds of models and lifelines needs 30 to 50 ms for each;
tests hold it to published R numbers and to lifelines at its tightest precision.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from radfeat.modelling.outcomes import Flags, Floats, Indices, Outcomes

_MAX_STEPS = 50
_PRECISION = 1e-10
_LARGEST_EFFECT = 25.0
"""A log hazard (or odds) ratio beyond this between the extremes of a column is a separation."""


@dataclass(frozen=True, eq=False, slots=True)
class Regression:
    """A fitted model: coefficients (k,), their covariance (k, k), log-likelihood at the estimate.

    ``converged`` is False where there is no finite estimate (perfect separation, no events, collinear
    columns).
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool

    def interval(self, contrast: npt.ArrayLike, level: float) -> tuple[float, float, float]:
        """Exponential of a linear combination of the coefficients, with its Wald limits."""
        centre, spread = self._combine(contrast)
        half = float(norm.ppf(0.5 + level / 2)) * spread
        return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half))

    def difference(self, contrast: npt.ArrayLike, level: float, df: int) -> tuple[float, float, float]:
        """A linear combination of the coefficients of least squares, with its limits by Student's t."""
        centre, spread = self._combine(contrast)
        half = float(t.ppf(0.5 + level / 2, df)) * spread
        return centre, centre - half, centre + half

    def _combine(self, contrast: npt.ArrayLike) -> tuple[float, float]:
        """A linear combination of the coefficients, and its standard error."""
        weights = np.asarray(contrast, dtype=np.float64)
        return float(weights @ self.coefficients), float(np.sqrt(weights @ self.covariance @ weights))


@dataclass(frozen=True, eq=False, slots=True)
class _RiskSets:
    """Rows by descending time, and for each death the end of its risk set and its share of ties (Efron)."""

    order: Indices
    deaths: Indices
    ends: Indices
    tie_starts: Indices
    tie_sizes: Indices
    fractions: Floats
    groups: Indices


def fit_regression(design: Floats, outcomes: Outcomes) -> Regression:
    """Cox regression for a time to event; else logistic or linear, the intercept being the last coefficient.

    ``design`` is subjects x columns, finite. Strata of the randomisation play no part here (``stratified``).
    """
    if outcomes.is_survival:
        return fit_cox(design, outcomes)
    with_intercept = np.column_stack([design, np.ones(len(design))])
    return (fit_linear if outcomes.is_continuous else fit_logistic)(with_intercept, outcomes)


def fit_cox(design: Floats, outcomes: Outcomes, strata: Sequence[Indices] = ()) -> Regression:
    """Cox proportional hazards by Newton's method on the partial likelihood, ties by Efron's approximation.

    ``strata`` are the rows of each stratum, if there are any: each has a baseline hazard of its own, and the
    log-likelihoods add up. Reference: Efron, JASA 1977; 72:557.
    """
    if not outcomes.events.any():
        return _fail(design.shape[1])
    centred = design - design.mean(axis=0)
    parts: list[tuple[Floats, _RiskSets]] = []
    for rows in strata or [np.arange(len(design))]:
        own = outcomes.take(rows)
        if own.events.any():
            sets = _build_risk_sets(own)
            parts.append((centred[rows][sets.order], sets))
    if _are_constant(part for part, _ in parts).any():
        return _fail(design.shape[1])

    def evaluate(beta: Floats) -> tuple[float, Floats, Floats]:
        values, gradients, informations = zip(*(_evaluate_cox(*part, beta) for part in parts), strict=True)
        return sum(values), sum(gradients, np.zeros(1)), sum(informations, np.zeros(1))

    return _maximise(evaluate, design)


def fit_linear(design: Floats, outcomes: Outcomes) -> Regression:
    """Least squares; the covariance is by the residual variance over n - k, the log-likelihood the greatest.

    An intercept, if any, is a column of the design. Not converged where columns repeat each other, or where
    nothing is left to estimate a variance from.
    """
    values, (rows, columns) = outcomes.measured, design.shape
    information = design.T @ design
    if rows <= columns or not _is_regular(information):
        return _fail(columns)
    coefficients = np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)
    squares = float(((values - design @ coefficients) ** 2).sum())
    if squares <= 1e-20 * max(float((values**2).sum()), np.finfo(np.float64).tiny):
        return _fail(columns)
    likelihood = -0.5 * rows * (np.log(2 * np.pi * squares / rows) + 1)
    covariance = np.asarray(np.linalg.inv(information) * squares / (rows - columns), dtype=np.float64)
    return Regression(coefficients, covariance, float(likelihood), True)


def fit_logistic(design: Floats, outcomes: Outcomes) -> Regression:
    """Logistic regression; an intercept, if any, is a column of the design."""
    labels = outcomes.events.astype(np.float64)
    if labels.all() or not labels.any():
        return _fail(design.shape[1])

    def evaluate(beta: Floats) -> tuple[float, Floats, Floats]:
        predictor = design @ beta
        chance = 1.0 / (1.0 + np.exp(-np.clip(predictor, -500, 500)))
        value = float(labels @ predictor - np.logaddexp(0.0, predictor).sum())
        weights = chance * (1.0 - chance)
        return value, design.T @ (labels - chance), design.T @ (design * weights[:, None])

    return _maximise(evaluate, design)


def null_log_likelihood(outcomes: Outcomes) -> float:
    """Cox partial log-likelihood (Efron) of the model without predictors."""
    sets = _build_risk_sets(outcomes)
    return _evaluate_cox(np.zeros((len(outcomes), 0)), sets, np.zeros(0))[0]


_Evaluate = Callable[[Floats], tuple[float, Floats, Floats]]
"""Log-likelihood, gradient and information at some coefficients."""


def _fail(columns: int) -> Regression:
    return Regression(np.full(columns, np.nan), np.full((columns, columns), np.nan), np.nan, False)


def _maximise(evaluate: _Evaluate, design: Floats) -> Regression:
    columns = design.shape[1]
    beta = np.zeros(columns)
    value, gradient, information = evaluate(beta)
    if not _is_regular(information):
        return _fail(columns)
    for _ in range(_MAX_STEPS):
        step = _solve(information, gradient)
        beta, value, gradient, information, gain = _line_search(evaluate, beta, step, value)
        if not _is_regular(information) or _is_separated(beta, design):
            return _fail(columns)
        decrement = float(gradient @ _solve(information, gradient))
        if decrement < _PRECISION**2 * 1e4 or (gain <= 1e-13 * abs(value) and decrement < _PRECISION):
            return Regression(beta, _solve(information, np.eye(columns)), value, True)
    return _fail(columns)


def _solve(information: Floats, right: Floats) -> Floats:
    return np.asarray(np.linalg.solve(information, right), dtype=np.float64)


def _line_search(
    evaluate: _Evaluate, beta: Floats, step: Floats, value: float
) -> tuple[Floats, float, Floats, Floats, float]:
    for halving in range(20):
        candidate = beta + step * 0.5**halving
        new_value, gradient, information = evaluate(candidate)
        if np.isfinite(new_value) and new_value >= value - 1e-12 * abs(value):
            break
    return candidate, new_value, gradient, information, new_value - value


def _is_regular(information: Floats) -> bool:
    if information.size == 0 or not np.isfinite(information).all():
        return information.size == 0
    diagonal = np.diag(information)
    if (diagonal <= 0).any():
        return False
    scale = np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(information / np.outer(scale, scale))[0] > 1e-10)


def _are_constant(strata: Iterable[Floats]) -> Flags:
    """Which columns have one value in every stratum (rows x columns each): they differ between strata only.

    Rounding would leave such a column an information of 1e-17 of either sign, and not the 0 that it has.
    """
    constant = np.array([np.ptp(rows, axis=0) == 0 for rows in strata])
    return np.asarray(constant.all(axis=0))


def _is_separated(beta: Floats, design: Floats) -> bool:
    return bool((np.abs(beta) * np.ptp(design, axis=0) > _LARGEST_EFFECT).any())


def _build_risk_sets(outcomes: Outcomes) -> _RiskSets:
    order = np.lexsort((~outcomes.events, -outcomes.times))
    times, events = outcomes.times[order], outcomes.events[order]
    deaths = np.flatnonzero(events)
    # Rows are by descending time: the risk set of a death is every row up to the last with its time.
    ends = np.searchsorted(-times, -times[deaths], side="right") - 1
    _, groups, sizes = np.unique(-times[deaths], return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(len(deaths)) - starts[groups]
    return _RiskSets(order, deaths, ends, starts, sizes, place / sizes[groups], groups)


def _evaluate_cox(rows: Floats, sets: _RiskSets, beta: Floats) -> tuple[float, Floats, Floats]:
    predictor = rows @ beta
    shift = float(predictor.max())
    weights = np.exp(predictor - shift)
    outer = weights[:, None, None] * rows[:, :, None] * rows[:, None, :]
    s0, s1, s2 = (_efron_sums(a, sets) for a in (weights, weights[:, None] * rows, outer))
    mean = s1 / s0[:, None]
    value = float(predictor[sets.deaths].sum() - (np.log(s0) + shift).sum())
    gradient = rows[sets.deaths].sum(axis=0) - mean.sum(axis=0)
    information = (s2 / s0[:, None, None]).sum(axis=0) - mean.T @ mean
    return value, gradient, information


def _efron_sums(terms: Floats, sets: _RiskSets) -> Floats:
    """For each death: the sum over its risk set, less its share of the deaths tied with it."""
    at_risk = np.cumsum(terms, axis=0)[sets.ends]
    tied = np.add.reduceat(terms[sets.deaths], sets.tie_starts, axis=0)[sets.groups]
    fractions = sets.fractions.reshape((-1,) + (1,) * (terms.ndim - 1))
    sums: Floats = at_risk - fractions * tied
    return sums
