"""One model from one training set: preprocessing, penalty by an inner loop, score and cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.estimators import ElasticNetPath, compute_penalty_grid
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.likelihood import compute_held_out_likelihoods
from radfeat.modelling.outcomes import Floats, Indices, Outcomes
from radfeat.modelling.preprocessing import (
    FeatureStepsFit,
    FitSteps,
    JointStepsFit,
    NoSteps,
    PlainStepsFit,
    Steps,
)
from radfeat.modelling.regression import fit_regression
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.splits import assign_folds


@dataclass(frozen=True, eq=False, slots=True)
class FoldModel:
    """A model fitted to one training set.

    ``coefficients`` belong to the columns that ``steps`` give; ``mean`` and ``deviation`` standardise the
    linear predictor, and ``cut`` is in standardised units. ``failures`` counts the inner and outer fits that
    went wrong: paths cut short, and solvers out of iterations.
    """

    steps: Steps
    coefficients: Floats
    intercept: float
    penalty: float | None
    mean: float
    deviation: float
    cut: float
    failures: int = 0

    @property
    def columns(self) -> Indices:
        """The raw column (index) that each coefficient belongs to."""
        return self.steps.columns

    @property
    def is_empty(self) -> bool:
        """Whether all training rows have one score: no coefficient, or none that tells them apart."""
        return self.deviation <= 0 or not self.coefficients.any()

    def score(self, inputs: Inputs) -> Floats:
        """Standardised linear predictor of rows of raw columns; higher: more risk; 0 if it is empty.

        NaN where the batch of a row is not known to the model and settings refuse such rows.
        """
        transformed = self.steps.transform(inputs)
        if self.is_empty:
            return np.where(np.isnan(transformed).any(axis=1), np.nan, 0.0)
        scores: Floats = (transformed @ self.coefficients - self.mean) / self.deviation
        return scores

    def predict(self, inputs: Inputs) -> Floats:
        """Linear predictor of rows of raw columns, less its training mean; 0 if the model is empty."""
        return self.score(inputs) * self.deviation


class FitModel(Protocol):
    """How a comparator or the radiomic model is fitted to training rows; None where it cannot be."""

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""


@dataclass(frozen=True, slots=True)
class ElasticNetFit:
    """Fits the whole pipeline, its penalty chosen by an inner cross-validation of that same pipeline."""

    settings: ModellingSettings

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        fit = FeatureStepsFit(self.settings)
        return _fit_net(fit, inputs, outcomes, subjects, seed, self.settings)


@dataclass(frozen=True, slots=True)
class JointNetFit:
    """The same with the first ``split`` columns, covariates, not penalised."""

    settings: ModellingSettings
    split: int

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        fit = JointStepsFit(self.settings, self.split)
        return _fit_net(fit, inputs, outcomes, subjects, seed, self.settings)


@dataclass(frozen=True, slots=True)
class PlainFit:
    """Fits an unpenalised regression on a few columns: impute, drop what says nothing more, scale; fit."""

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        steps = PlainStepsFit()(inputs)
        fitted = fit_regression(steps.transform(inputs), outcomes)
        if not fitted.converged:
            return None
        return finish_model(
            steps, inputs, fitted.coefficients[: len(steps.columns)], unit=_measure_unit(outcomes)
        )


@dataclass(frozen=True, slots=True)
class MarginalFit:
    """Fits nothing: everyone has the risk of the training rows, whatever the columns hold."""

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        return FoldModel(NoSteps(), np.empty(0), 0.0, None, mean=0.0, deviation=0.0, cut=0.0)


def finish_model(
    steps: Steps,
    inputs: Inputs,
    coefficients: Floats,
    *,
    intercept: float = 0.0,
    penalty: float | None = None,
    failures: int = 0,
    unit: float = 1.0,
) -> FoldModel:
    """Standardise a linear predictor by the training rows ``inputs`` and cut it at their median.

    ``unit`` is the deviation of a continuous outcome, beside which that of the predictor is none or some.
    """
    predictor = steps.transform(inputs) @ coefficients
    mean, deviation = float(predictor.mean()), float(predictor.std())
    if deviation <= 1e-12 * unit:
        deviation, cut = 0.0, 0.0
    else:
        cut = float(np.median((predictor - mean) / deviation))
    return FoldModel(steps, coefficients, intercept, penalty, mean, deviation, cut, failures)


def _measure_unit(outcomes: Outcomes) -> float:
    """Deviation of the values of a continuous endpoint; log odds and log hazards have no unit."""
    return float(outcomes.measured.std()) if outcomes.is_continuous else 1.0


def _fit_net(
    fit_steps: FitSteps,
    inputs: Inputs,
    outcomes: Outcomes,
    subjects: Sequence[str],
    seed: int,
    settings: ModellingSettings,
) -> FoldModel | None:
    steps = fit_steps(inputs)
    prepared = steps.transform(inputs)
    grid = compute_penalty_grid(prepared, outcomes, settings, steps.free)
    if not grid:
        return None
    net = ElasticNetPath(grid, settings.l1_ratio, steps.free).fit(prepared, outcomes)
    likelihoods, failures = _cross_validate_path(fit_steps, inputs, outcomes, subjects, grid, seed, settings)
    fitted = net.coefficients_.shape[1]
    usable = np.isfinite(likelihoods[:fitted])
    if not usable.any():
        return None
    best = int(np.argmax(np.where(usable, likelihoods[:fitted], -np.inf)))
    return finish_model(
        steps,
        inputs,
        net.coefficients_[:, best],
        intercept=float(net.intercepts_[best]),
        penalty=grid[best],
        failures=failures + net.cuts_ + net.unconverged_,
        unit=_measure_unit(outcomes),
    )


def _cross_validate_path(
    fit_steps: FitSteps,
    inputs: Inputs,
    outcomes: Outcomes,
    subjects: Sequence[str],
    grid: tuple[float, ...],
    seed: int,
    settings: ModellingSettings,
) -> tuple[Floats, int]:
    """Held-out log-likelihood of each penalty, summed over inner folds, and the number of fits gone wrong.

    A penalty that an inner fold could not fit has NaN and cannot be chosen. Rows that a fold refuses to score
    do not count in it.
    """
    folds = assign_folds(subjects, outcomes.classes, settings.inner_folds, derive_seed(seed, "inner"))
    total = np.zeros(len(grid))
    failures = 0
    for fold in range(settings.inner_folds):
        training = np.flatnonzero(folds != fold)
        steps = fit_steps(inputs.take(training))
        transformed = steps.transform(inputs)
        net = ElasticNetPath(grid, settings.l1_ratio, steps.free)
        net.fit(transformed[training], outcomes.take(training))
        failures += net.cuts_ + net.unconverged_
        known = np.flatnonzero(~np.isnan(transformed).any(axis=1))
        likelihoods = np.full(len(grid), np.nan)
        likelihoods[: net.coefficients_.shape[1]] = compute_held_out_likelihoods(
            net.predict_path(transformed[known]),
            outcomes.take(known),
            np.flatnonzero(np.isin(known, training)),
        )
        total += likelihoods
    return total, failures
