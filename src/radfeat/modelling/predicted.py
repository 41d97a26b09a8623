"""What the folds' models say of an arm's own subjects: scores, linear predictors and absolute risks."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.baseline import predict_risks
from radfeat.modelling.cross_validation import OutOfFold
from radfeat.modelling.outcomes import Floats, Outcomes


@dataclass(frozen=True, eq=False, slots=True)
class Predicted:
    """Out-of-fold predictions of n subjects by one model in some repeats.

    ``scores`` (repeats x n) are standardised by the training folds; ``predictors`` (repeats x n) are linear
    predictors as they are; NaN where a repeat has none. ``risks``, means over the repeats, is n x times: of
    the event by each of ``grid``, or of the positive class (one column); for a continuous endpoint they are
    the values predicted.
    """

    model: str
    scores: Floats
    predictors: Floats
    grid: Floats
    risks: Floats
    outcomes: Outcomes

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def mean_predictors(self) -> Floats:
        """Linear predictor of each subject (n,), mean over the repeats."""
        return _average(self.predictors)

    def risk_at(self, horizon: float) -> Floats:
        """Risk of each subject by a horizon of the grid; of the positive class, whatever the horizon."""
        column = int(np.searchsorted(self.grid, horizon)) if self.outcomes.is_survival else 0
        risks: Floats = self.risks[:, column]
        return risks


def predict_subjects(model: str, result: OutOfFold, horizons: tuple[float, ...]) -> Predicted:
    """Predictions of the own subjects that some repeat could score, up to the last of the horizons."""
    scores = result.scores[:, : result.own]
    known = np.flatnonzero(~np.isnan(scores).all(axis=0))
    outcomes = result.rows.outcomes.take(known)
    # Of all own subjects: the risks of one change at the event times of the others.
    grid = _list_times(result.rows.outcomes.take(np.arange(result.own)), horizons)
    predictors = np.array([r.predictors[known] for r in result.repeats])
    risks = _average(_predict_repeat(result, number, grid)[known] for number in range(len(result.repeats)))
    return Predicted(model, scores[:, known], predictors, grid, risks, outcomes)


def _predict_repeat(result: OutOfFold, number: int, grid: Floats) -> Floats:
    """Risks of the own rows (rows x times) in one repeat; NaN where the fold has no model."""
    repeat = result.repeats[number]
    width = len(grid) if result.rows.outcomes.is_survival else 1
    risks = np.full((result.own, width), np.nan)
    for fold, baseline in enumerate(repeat.baselines):
        rows = np.flatnonzero(repeat.folds[: result.own] == fold)
        if baseline is not None and len(rows):
            risks[rows] = predict_risks(baseline, repeat.predictors[rows], grid)
    return risks


def _list_times(outcomes: Outcomes, horizons: tuple[float, ...]) -> Floats:
    if not outcomes.is_survival:
        return np.empty(0)
    return np.union1d(outcomes.times[outcomes.times <= max(horizons, default=-np.inf)], horizons)


def _average(repeats: Iterable[Floats]) -> Floats:
    """Mean over the repeats that are known, value by value; one repeat is in memory at a time."""
    sums, counts = np.zeros(()), np.zeros((), dtype=np.intp)
    for repeat in repeats:
        known = ~np.isnan(repeat)
        sums, counts = sums + np.where(known, repeat, 0.0), counts + known
    means: Floats = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return means
