"""Elastic nets along a path of penalties, with columns that no penalty touches where asked."""

import warnings
from collections.abc import Callable
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from radfeat.modelling.linear_path import fit_linear_path
from radfeat.modelling.logistic_path import fit_logistic_path
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.regression import fit_regression
from radfeat.modelling.settings import ModellingSettings


class ElasticNetPath(BaseEstimator):  # type: ignore[misc]
    """Elastic net at every penalty of a descending grid; the first ``free`` columns are not penalised.

    Cox through ``CoxnetSurvivalAnalysis`` (ties by Breslow, as in glmnet), logistic through
    ``fit_logistic_path``, linear through ``fit_linear_path``, both with an unpenalised intercept.
    ``coefficients_`` is columns x penalties fitted, ``intercepts_`` penalties fitted (zero for Cox). A path
    whose arithmetic overflows at small penalties is cut to its greater half until it can be fitted; ``cuts_``
    counts that, and nothing at all may be left. ``unconverged_`` counts penalties at which the solver ran out
    of iterations.
    """

    def __init__(self, penalties: tuple[float, ...] = (), l1_ratio: float = 0.5, free: int = 0) -> None:
        self.penalties = penalties
        self.l1_ratio = l1_ratio
        self.free = free

    def fit(self, X: Floats, y: Outcomes) -> Self:
        """Fit the path."""
        self.cuts_ = 0
        self.unconverged_ = 0
        fit = self._choose_fit(y)
        grid = np.asarray(self.penalties, dtype=np.float64)
        if not _is_fittable(y):
            grid = grid[:0]
        while len(grid):
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    # A model without any coefficient is a legitimate answer of the inner loop.
                    warnings.filterwarnings("ignore", message="all coefficients are zero")
                    fit(X, y, grid)
            except ArithmeticError:
                self.cuts_ += 1
                grid = grid[: len(grid) // 2]
            else:
                self.unconverged_ += _count_unconverged(caught)
                return self
        self.coefficients_ = np.empty((X.shape[1], 0))
        self.intercepts_ = np.empty(0)
        return self

    def predict_path(self, X: Floats) -> Floats:
        """Linear predictors, rows x penalties fitted."""
        scores: Floats = X @ self.coefficients_ + self.intercepts_
        return scores

    def _choose_fit(self, y: Outcomes) -> Callable[[Floats, Outcomes, Floats], None]:
        if y.is_continuous:
            return self._fit_linear
        return self._fit_cox if y.is_survival else self._fit_logistic

    def _fit_linear(self, X: Floats, y: Outcomes, grid: Floats) -> None:
        free = np.column_stack([X[:, : self.free], np.ones(len(X))])
        path = fit_linear_path(X[:, self.free :], free, y.measured, grid, self.l1_ratio)
        self.coefficients_ = np.concatenate([path.free[:-1], path.coefficients])
        self.intercepts_ = path.free[-1]
        self.unconverged_ = path.unconverged

    def _fit_cox(self, X: Floats, y: Outcomes, grid: Floats) -> None:
        # Factors are rescaled to a sum of as many as there are columns, which the free ones would inflate.
        factors = np.repeat([0.0, 1.0], [self.free, X.shape[1] - self.free])
        net = CoxnetSurvivalAnalysis(
            alphas=grid * factors.mean(),
            l1_ratio=self.l1_ratio,
            penalty_factor=factors if self.free else None,
        )
        net.fit(X, Surv.from_arrays(y.events, y.times))
        if net.coef_.shape[1] < len(grid) or not np.isfinite(net.coef_).all():
            raise ArithmeticError("the path ended early")
        self.coefficients_ = net.coef_
        self.intercepts_ = np.zeros(len(grid))

    def _fit_logistic(self, X: Floats, y: Outcomes, grid: Floats) -> None:
        free = np.column_stack([X[:, : self.free], np.ones(len(X))])
        path = fit_logistic_path(X[:, self.free :], free, y.events, grid, self.l1_ratio)
        self.coefficients_ = np.concatenate([path.free[:-1], path.coefficients])
        self.intercepts_ = path.free[-1]
        self.unconverged_ = path.unconverged


def compute_penalty_grid(
    X: Floats, y: Outcomes, settings: ModellingSettings, free: int = 0
) -> tuple[float, ...]:
    """Penalties from the least at which every coefficient is zero downwards, evenly in log.

    ``X`` (rows x standardised columns, the first ``free`` of them not penalised) and ``y`` are training rows.
    Empty where there is nothing to fit, or where the free columns alone have no finite estimate.
    """
    start = _predict_free(X[:, :free], y)
    if X.shape[1] == free or start is None:
        return ()
    gradient = np.abs(X[:, free:].T @ _residuals(y, start)).max() / len(X)
    if gradient <= 0:
        return ()
    top = float(gradient / settings.l1_ratio)
    return tuple(
        float(top * settings.penalty_min_ratio ** (k / (settings.penalties - 1)))
        for k in range(settings.penalties)
    )


def _predict_free(Z: Floats, y: Outcomes) -> Floats | None:
    """Linear predictor of the regression on the free columns alone, intercept included; None without one."""
    if not _is_fittable(y):
        return None
    if not Z.shape[1] and y.is_continuous:
        return np.full(len(Z), y.measured.mean())
    if not Z.shape[1]:
        chance = float(y.events.mean())
        return np.full(len(Z), 0.0 if y.is_survival else np.log(chance / (1 - chance)))
    fitted = fit_regression(Z, y)
    design = Z if y.is_survival else np.column_stack([Z, np.ones(len(Z))])
    predictor: Floats = design @ fitted.coefficients
    return predictor if fitted.converged else None


def _is_fittable(y: Outcomes) -> bool:
    """Whether there is an event and, if binary, a non-event, or two values: else nothing can be estimated."""
    if y.is_continuous:
        return len(y) > 1 and bool(np.ptp(y.measured) > 0)
    return bool(y.events.any()) and (y.is_survival or not y.events.all())


def _residuals(y: Outcomes, predictor: Floats) -> Floats:
    """Score of each row at a linear predictor: martingale residuals (Breslow), or outcome minus its mean.

    That of a continuous endpoint is in standard deviations, as the penalties of ``fit_linear_path`` are.
    """
    if y.is_continuous:
        from_mean: Floats = (y.measured - predictor) / y.measured.std()
        return from_mean
    if not y.is_survival:
        from_chance: Floats = y.events - 1.0 / (1.0 + np.exp(-predictor))
        return from_chance
    distinct, place = np.unique(y.times, return_inverse=True)
    risks = np.exp(predictor - predictor.max())
    deaths = np.bincount(place, weights=y.events, minlength=len(distinct))
    leaving = np.bincount(place, weights=risks, minlength=len(distinct))
    at_risk = leaving[::-1].cumsum()[::-1]
    hazard = np.cumsum(deaths / at_risk)
    residuals: Floats = y.events - hazard[place] * risks
    return residuals


def _count_unconverged(caught: list[warnings.WarningMessage]) -> int:
    """Convergence warnings among those caught; every other warning is passed on."""
    for item in caught:
        if not issubclass(item.category, ConvergenceWarning):
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    return sum(issubclass(item.category, ConvergenceWarning) for item in caught)
