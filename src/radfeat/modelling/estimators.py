"""Elastic nets along a path of penalties, and the pipeline that ends in one."""

import warnings
from collections.abc import Callable
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from radfeat.modelling.linear_path import fit_linear_path
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.selection import ClusterRepresentatives, NearConstantFilter, RobustAsinh
from radfeat.modelling.settings import ModellingSettings

NET = "elastic_net"
"""Name of the pipeline's last step."""


class ElasticNetPath(BaseEstimator):  # type: ignore[misc]
    """Elastic net at every penalty of a descending grid.

    Cox through ``CoxnetSurvivalAnalysis`` (ties by Breslow, as in glmnet), logistic through
    ``LogisticRegression`` (saga), linear through ``fit_linear_path``, both with an unpenalised intercept.
    ``coefficients_`` is columns x penalties fitted, ``intercepts_`` penalties fitted (zero for Cox). A path
    whose arithmetic overflows at small penalties is cut to its greater half until it can be fitted; ``cuts_``
    counts that, and nothing at all may be left. ``unconverged_`` counts penalties at which the solver ran out
    of iterations.
    """

    def __init__(self, penalties: tuple[float, ...] = (), l1_ratio: float = 0.5) -> None:
        self.penalties = penalties
        self.l1_ratio = l1_ratio

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
        path = fit_linear_path(X, np.ones((len(X), 1)), y.measured, grid, self.l1_ratio)
        self.coefficients_ = path.coefficients
        self.intercepts_ = path.free[-1]
        self.unconverged_ = path.unconverged

    def _fit_cox(self, X: Floats, y: Outcomes, grid: Floats) -> None:
        net = CoxnetSurvivalAnalysis(alphas=grid, l1_ratio=self.l1_ratio)
        net.fit(X, Surv.from_arrays(y.events, y.times))
        if net.coef_.shape[1] < len(grid) or not np.isfinite(net.coef_).all():
            raise ArithmeticError("the path ended early")
        self.coefficients_ = net.coef_
        self.intercepts_ = np.zeros(len(grid))

    def _fit_logistic(self, X: Floats, y: Outcomes, grid: Floats) -> None:
        net = LogisticRegression(
            solver="saga", l1_ratio=self.l1_ratio, warm_start=True, tol=1e-3, max_iter=2000, random_state=0
        )
        coefficients, intercepts = [], []
        for penalty in grid:
            net.set_params(C=1.0 / (penalty * len(X))).fit(X, y.events)
            coefficients.append(net.coef_[0].copy())
            intercepts.append(float(net.intercept_[0]))
        self.coefficients_ = np.array(coefficients).T
        self.intercepts_ = np.array(intercepts)


def compute_penalty_grid(X: Floats, y: Outcomes, settings: ModellingSettings) -> tuple[float, ...]:
    """Penalties from the least at which every coefficient is zero downwards, evenly in log.

    ``X`` (rows x standardised columns) and ``y`` are training rows. Empty where there is nothing to fit.
    """
    if not X.shape[1] or not _is_fittable(y):
        return ()
    gradient = np.abs(X.T @ _null_residuals(y)).max() / len(X)
    if gradient <= 0:
        return ()
    top = float(gradient / settings.l1_ratio)
    return tuple(
        float(top * settings.penalty_min_ratio ** (k / (settings.penalties - 1)))
        for k in range(settings.penalties)
    )


def build_preprocessing(settings: ModellingSettings) -> Pipeline:
    """The steps before the net: impute, drop near-constant, transform, cluster, scale; blind to outcome."""
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("vary", NearConstantFilter(settings.near_constant_share)),
            ("transform", RobustAsinh()),
            ("cluster", ClusterRepresentatives(settings.cluster_correlation)),
            ("scale", StandardScaler()),
        ]
    )


def build_pipeline(settings: ModellingSettings, penalties: tuple[float, ...]) -> Pipeline:
    """The whole in-fold pipeline, from raw features to the elastic net's path."""
    steps = build_preprocessing(settings).steps
    return Pipeline([*steps, (NET, ElasticNetPath(penalties, settings.l1_ratio))])


def _is_fittable(y: Outcomes) -> bool:
    """Whether there is an event and, if binary, a non-event, or two values: else nothing can be estimated."""
    if y.is_continuous:
        return len(y) > 1 and bool(np.ptp(y.measured) > 0)
    return bool(y.events.any()) and (y.is_survival or not y.events.all())


def _null_residuals(y: Outcomes) -> Floats:
    """Score of each row at coefficients zero: martingale residuals (Breslow), or outcome minus mean."""
    if not y.is_survival:
        labels = y.measured / y.measured.std() if y.is_continuous else y.events.astype(np.float64)
        from_mean: Floats = labels - labels.mean()
        return from_mean
    distinct, place = np.unique(y.times, return_inverse=True)
    deaths = np.bincount(place, weights=y.events, minlength=len(distinct))
    leaving = np.bincount(place, minlength=len(distinct))
    at_risk = leaving[::-1].cumsum()[::-1]
    hazard = np.cumsum(deaths / at_risk)
    residuals: Floats = y.events - hazard[place]
    return residuals


def _count_unconverged(caught: list[warnings.WarningMessage]) -> int:
    """Convergence warnings among those caught; every other warning is passed on."""
    for item in caught:
        if not issubclass(item.category, ConvergenceWarning):
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    return sum(issubclass(item.category, ConvergenceWarning) for item in caught)
