"""One model from one training set: preprocessing, penalty by an inner loop, score and cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from radfeat.core.digest import derive_seed
from radfeat.modelling.estimators import NET, build_pipeline, build_preprocessing, compute_penalty_grid
from radfeat.modelling.likelihood import compute_held_out_likelihoods
from radfeat.modelling.outcomes import Floats, Indices, Outcomes
from radfeat.modelling.regression import fit_regression
from radfeat.modelling.selection import NearConstantFilter
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.splits import assign_folds


@dataclass(frozen=True, eq=False, slots=True)
class FoldModel:
    """A model fitted to one training set.

    ``coefficients`` belong to the columns ``columns`` (indices into the raw features) after ``steps``;
    ``mean`` and ``deviation`` standardise the linear predictor, and ``cut`` is in standardised units.
    ``failures`` counts the inner and outer fits that went wrong: paths cut short, and solvers out of
    iterations.
    """

    steps: Pipeline
    columns: Indices
    coefficients: Floats
    intercept: float
    penalty: float | None
    mean: float
    deviation: float
    cut: float
    failures: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether all training rows have one score: no coefficient, or none that tells them apart."""
        return self.deviation <= 0 or not self.coefficients.any()

    def score(self, values: Floats) -> Floats:
        """Standardised linear predictor of rows of raw features; higher: more risk; 0 if it is empty."""
        if self.is_empty:
            return np.zeros(len(values))
        scores: Floats = (self.steps.transform(values) @ self.coefficients - self.mean) / self.deviation
        return scores

    def predict(self, values: Floats) -> Floats:
        """Linear predictor of rows of raw features, less its training mean; 0 if the model is empty."""
        return self.score(values) * self.deviation


class FitModel(Protocol):
    """How a comparator or the radiomic model is fitted to training rows; None where it cannot be."""

    def __call__(
        self, values: Floats, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""


@dataclass(frozen=True, slots=True)
class ElasticNetFit:
    """Fits the whole pipeline, its penalty chosen by an inner cross-validation of that same pipeline."""

    settings: ModellingSettings

    def __call__(
        self, values: Floats, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        settings = self.settings
        prepared = build_preprocessing(settings).fit_transform(values)
        grid = compute_penalty_grid(prepared, outcomes, settings)
        if not grid:
            return None
        pipeline = build_pipeline(settings, grid).fit(values, outcomes)
        likelihoods, failures = _cross_validate_path(values, outcomes, subjects, grid, seed, settings)
        net = pipeline.named_steps[NET]
        fitted = net.coefficients_.shape[1]
        failures += net.cuts_ + net.unconverged_
        usable = np.isfinite(likelihoods[:fitted])
        if not usable.any():
            return None
        best = int(np.argmax(np.where(usable, likelihoods[:fitted], -np.inf)))
        return finish_model(
            pipeline[:-1],
            values,
            net.coefficients_[:, best],
            intercept=float(net.intercepts_[best]),
            penalty=grid[best],
            failures=failures,
        )


@dataclass(frozen=True, slots=True)
class PlainFit:
    """Fits an unpenalised regression on a few columns: impute, drop constants, scale, Cox or logistic."""

    def __call__(
        self, values: Floats, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        steps = Pipeline(
            [
                ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
                ("vary", NearConstantFilter(1.0)),
                ("scale", StandardScaler()),
            ]
        )
        fitted = fit_regression(steps.fit_transform(values), outcomes)
        if not fitted.converged:
            return None
        columns = len(steps.named_steps["vary"].kept_)
        return finish_model(steps, values, fitted.coefficients[:columns])


@dataclass(frozen=True, slots=True)
class MarginalFit:
    """Fits nothing: everyone has the risk of the training rows, whatever the columns hold."""

    def __call__(
        self, values: Floats, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        width = values.shape[1]
        steps = Pipeline([("as_it_is", "passthrough")])
        return FoldModel(steps, np.arange(width, dtype=np.intp), np.zeros(width), 0.0, None, 0.0, 0.0, 0.0)


def finish_model(
    steps: Pipeline,
    values: Floats,
    coefficients: Floats,
    *,
    intercept: float = 0.0,
    penalty: float | None = None,
    failures: int = 0,
) -> FoldModel:
    """Standardise a linear predictor by the training rows ``values`` and cut it at their median."""
    columns = steps.named_steps["vary"].kept_
    if "cluster" in steps.named_steps:
        columns = columns[steps.named_steps["cluster"].kept_]
    predictor = steps.transform(values) @ coefficients
    mean, deviation = float(predictor.mean()), float(predictor.std())
    if deviation <= 1e-12:
        deviation, cut = 0.0, 0.0
    else:
        cut = float(np.median((predictor - mean) / deviation))
    return FoldModel(steps, columns, coefficients, intercept, penalty, mean, deviation, cut, failures)


def _cross_validate_path(
    values: Floats,
    outcomes: Outcomes,
    subjects: Sequence[str],
    grid: tuple[float, ...],
    seed: int,
    settings: ModellingSettings,
) -> tuple[Floats, int]:
    """Held-out log-likelihood of each penalty, summed over inner folds, and the number of fits gone wrong.

    A penalty that an inner fold could not fit has NaN and cannot be chosen.
    """
    folds = assign_folds(subjects, outcomes.classes, settings.inner_folds, derive_seed(seed, "inner"))
    total = np.zeros(len(grid))
    failures = 0
    for fold in range(settings.inner_folds):
        training = np.flatnonzero(folds != fold)
        pipeline = build_pipeline(settings, grid).fit(values[training], outcomes.take(training))
        net = pipeline.named_steps[NET]
        failures += net.cuts_ + net.unconverged_
        scores = np.full((len(values), len(grid)), np.nan)
        fitted = net.coefficients_.shape[1]
        scores[:, :fitted] = net.predict_path(pipeline[:-1].transform(values))
        total += compute_held_out_likelihoods(scores, outcomes, training)
    return total, failures
