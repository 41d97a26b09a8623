"""Repeated cross-validation of a model in one arm; subjects outside it are scored by the folds' models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from radfeat.core.batches import Each, map_in_batches
from radfeat.core.digest import derive_seed
from radfeat.modelling.baseline import Baseline, fit_baseline
from radfeat.modelling.fold_model import FitModel
from radfeat.modelling.inputs import Inputs, take_labels
from radfeat.modelling.outcomes import Floats, Indices, Outcomes, join_outcomes
from radfeat.modelling.splits import assign_folds

_TASKS_A_BATCH = 5
"""Folds that one worker takes at once: rows travel to it once for them all."""


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows that are split: subjects, their arms, model inputs (rows x columns), outcomes and batch labels."""

    subject_ids: tuple[str, ...]
    arms: tuple[str, ...]
    values: Floats
    outcomes: Outcomes
    batches: tuple[str, ...] | None = None

    def take_inputs(self, rows: Indices) -> Inputs:
        """What a model is given of some rows."""
        return Inputs(self.values[rows], take_labels(self.batches, rows))


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often and how the rows are split; ``seeds`` has one seed a repeat."""

    folds: int
    seeds: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """Fold (from 0) of every row, own rows first, and the seed from which the folds' own seeds come."""

    folds: Indices
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class RepeatScores:
    """One repeat: score (NaN where the fold has no model), stratum and fold of every row.

    ``strata`` holds 1 for high, 0 for low, -1 for none. ``coefficients`` is fitted folds x columns.
    ``predictors`` are the scores before they are standardised, and ``baselines`` (None where the fold has no
    model) turn them into risks; a baseline is that of the fold's training rows.
    """

    scores: Floats
    strata: Indices
    folds: Indices
    coefficients: Floats
    failed: int
    empty: int
    flawed: int
    predictors: Floats
    baselines: tuple[Baseline | None, ...]


@dataclass(frozen=True, eq=False, slots=True)
class OutOfFold:
    """All repeats, own rows first, then the rows from outside; ``own`` is the number of own rows."""

    rows: Rows
    own: int
    repeats: tuple[RepeatScores, ...]

    @property
    def scores(self) -> Floats:
        """Score of each row in each repeat (repeats x rows); NaN where the fold has no model.

        There is no mean score to be judged: why not, ``concordance`` says.
        """
        return np.array([r.scores for r in self.repeats])

    @property
    def strata(self) -> Indices:
        """Stratum of each row by majority of repeats; a draw goes to the first that has one; -1 none."""
        return combine_strata(np.array([r.strata for r in self.repeats]))

    @property
    def coefficients(self) -> Floats:
        """Coefficients of all fitted folds, fits x columns."""
        return np.concatenate(
            [
                np.empty((0, self.rows.values.shape[1])),
                *(r.coefficients for r in self.repeats if len(r.coefficients)),
            ]
        )

    def count(self, what: str) -> int:
        """Folds ``failed``, ``empty`` or ``flawed``, over all repeats."""
        return sum(int(getattr(r, what)) for r in self.repeats)


def combine_strata(strata: Indices) -> Indices:
    """Majority over repeats (repeats x rows of 1, 0, -1); a draw goes to the first that has a stratum."""
    high, low = (strata == 1).sum(axis=0), (strata == 0).sum(axis=0)
    first = np.array([next((s for s in column if s >= 0), -1) for column in strata.T], dtype=np.intp)
    return np.where(high > low, 1, np.where(low > high, 0, first)).astype(np.intp)


def cross_validate(
    own: Rows, outside: Rows | None, fit: FitModel, schedule: Schedule, workers: int = 1
) -> OutOfFold:
    """Score every own row by a model that was fitted without it, and every outside row by one fold's model.

    Outside rows are dealt into the same folds, within their arm and stratified like the own ones: fold k's
    model scores fold k's rows of every arm. So every score, own or outside, comes from one model of the same
    size, and all are shrunk alike. ``workers`` processes share the folds; the numbers do not depend on it.
    """
    everyone = own if outside is None else _join(own, outside)
    splits = [Split(deal_rows(everyone, schedule.folds, seed), seed) for seed in schedule.seeds]
    return score_splits(everyone, len(own.subject_ids), fit, splits, workers)


def score_splits(rows: Rows, own: int, fit: FitModel, splits: Sequence[Split], workers: int = 1) -> OutOfFold:
    """Score every row by the model of its fold, which is fitted to the own rows of the other folds."""
    tasks = [(split, fold) for split in splits for fold in range(int(split.folds.max()) + 1)]
    scored = map_in_batches(
        Each(_FoldTask(rows, own, fit)), tasks, workers=workers, preload=__name__, limit=_TASKS_A_BATCH
    )
    parts = iter(scored)
    repeats = [
        _join_folds(split, [next(parts) for _ in range(int(split.folds.max()) + 1)]) for split in splits
    ]
    return OutOfFold(rows, own, tuple(repeats))


def deal_rows(rows: Rows, folds: int, seed: int) -> Indices:
    """Fold of each row, dealt within each arm."""
    dealt = np.full(len(rows.subject_ids), -1, dtype=np.intp)
    arms = np.array(rows.arms, dtype=object)
    for arm in sorted(set(rows.arms)):
        members = np.flatnonzero(arms == arm)
        subjects = [rows.subject_ids[i] for i in members]
        dealt[members] = assign_folds(subjects, rows.outcomes.take(members).classes, folds, seed)
    return dealt


@dataclass(frozen=True, eq=False, slots=True)
class _FoldScores:
    """One fold: rows held out, their scores, linear predictors and strata, and what its model is.

    ``baseline`` is that of the training rows; it and ``coefficients`` are None where there is no model.
    """

    held_out: Indices
    scores: Floats
    predictors: Floats
    strata: Indices
    baseline: Baseline | None
    coefficients: Floats | None
    is_empty: bool
    is_flawed: bool


@dataclass(frozen=True, eq=False, slots=True)
class _FoldTask:
    """Fits the model of one fold and scores the rows held out; what a worker process is given."""

    rows: Rows
    own: int
    fit: FitModel

    def __call__(self, task: tuple[Split, int]) -> _FoldScores:
        split, fold = task
        # One thread: the last bits of a matrix product depend on how many threads share it.
        with threadpool_limits(limits=1):
            return _score_fold(self.rows, self.own, self.fit, split, fold)


def _score_fold(rows: Rows, own: int, fit: FitModel, split: Split, fold: int) -> _FoldScores:
    training = np.flatnonzero(split.folds[:own] != fold)
    held_out = np.flatnonzero(split.folds == fold)
    subjects = [rows.subject_ids[i] for i in training]
    fold_seed = derive_seed(split.seed, "fold", str(fold))
    inputs, outcomes = rows.take_inputs(training), rows.outcomes.take(training)
    model = fit(inputs, outcomes, subjects, fold_seed)
    strata = np.full(len(held_out), -1, dtype=np.intp)
    if model is None:
        unknown = np.full(len(held_out), np.nan)
        return _FoldScores(held_out, unknown, unknown, strata, None, None, False, False)
    scores = model.score(rows.take_inputs(held_out))
    if not model.is_empty:
        known = ~np.isnan(scores)
        strata[known] = scores[known] > model.cut
    coefficients = _spread(model.columns, model.coefficients, rows.values.shape[1])
    return _FoldScores(
        held_out,
        scores,
        scores * model.deviation,
        strata,
        fit_baseline(model.predict(inputs), outcomes),
        coefficients,
        is_empty=model.is_empty,
        is_flawed=model.failures > 0,
    )


def _join_folds(split: Split, folds: Sequence[_FoldScores]) -> RepeatScores:
    scores, predictors = (np.full(len(split.folds), np.nan) for _ in range(2))
    strata = np.full(len(split.folds), -1, dtype=np.intp)
    for fold in folds:
        scores[fold.held_out], strata[fold.held_out] = fold.scores, fold.strata
        predictors[fold.held_out] = fold.predictors
    fitted = [fold.coefficients for fold in folds if fold.coefficients is not None]
    return RepeatScores(
        scores,
        strata,
        split.folds,
        np.array(fitted).reshape(len(fitted), -1) if fitted else np.empty((0, 0)),
        failed=len(folds) - len(fitted),
        empty=sum(fold.is_empty for fold in folds),
        flawed=sum(fold.is_flawed for fold in folds),
        predictors=predictors,
        baselines=tuple(fold.baseline for fold in folds),
    )


def _spread(columns: Indices, coefficients: Floats, width: int) -> Floats:
    spread = np.zeros(width)
    spread[columns] = coefficients
    return spread


def _join(own: Rows, outside: Rows) -> Rows:
    return Rows(
        own.subject_ids + outside.subject_ids,
        own.arms + outside.arms,
        np.concatenate([own.values, outside.values]),
        join_outcomes([own.outcomes, outside.outcomes]),
        None if own.batches is None else own.batches + (outside.batches or ()),
    )
