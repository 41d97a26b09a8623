"""Repeated cross-validation of a model in one arm; subjects outside it are scored by the folds' models."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from radfeat.core.digest import derive_seed
from radfeat.modelling.baseline import Baseline, fit_baseline
from radfeat.modelling.fold_model import FitModel
from radfeat.modelling.outcomes import Floats, Indices, Outcomes, join_outcomes
from radfeat.modelling.splits import assign_folds


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows that are split: subjects, their arms, model inputs (rows x columns) and outcomes."""

    subject_ids: tuple[str, ...]
    arms: tuple[str, ...]
    values: Floats
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often and how the rows are split; ``seeds`` has one seed a repeat."""

    folds: int
    seeds: tuple[int, ...]


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
    def mean_scores(self) -> Floats:
        """Score of each row averaged over the repeats that scored it; NaN where none did."""
        scores = np.array([r.scores for r in self.repeats])
        known = ~np.isnan(scores)
        counts = known.sum(axis=0)
        sums = np.where(known, scores, 0.0).sum(axis=0)
        means: Floats = np.divide(sums, counts, out=np.full(scores.shape[1], np.nan), where=counts > 0)
        return means

    @property
    def strata(self) -> Indices:
        """Stratum of each row by majority of repeats; a draw goes to the first that has one; -1 none."""
        return combine_strata(np.array([r.strata for r in self.repeats]))

    @property
    def coefficients(self) -> Floats:
        """Coefficients of all fitted folds, fits x columns."""
        return np.concatenate([r.coefficients for r in self.repeats])

    def count(self, what: str) -> int:
        """Folds ``failed``, ``empty`` or ``flawed``, over all repeats."""
        return sum(int(getattr(r, what)) for r in self.repeats)


def combine_strata(strata: Indices) -> Indices:
    """Majority over repeats (repeats x rows of 1, 0, -1); a draw goes to the first that has a stratum."""
    high, low = (strata == 1).sum(axis=0), (strata == 0).sum(axis=0)
    first = np.array([next((s for s in column if s >= 0), -1) for column in strata.T], dtype=np.intp)
    return np.where(high > low, 1, np.where(low > high, 0, first)).astype(np.intp)


def cross_validate(own: Rows, outside: Rows | None, fit: FitModel, schedule: Schedule) -> OutOfFold:
    """Score every own row by a model that was fitted without it, and every outside row by one fold's model.

    Outside rows are dealt into the same folds, within their arm and stratified like the own ones: fold k's
    model scores fold k's rows of every arm. So every score, own or outside, comes from one model of the same
    size, and all are shrunk alike.
    """
    everyone = own if outside is None else _join(own, outside)
    # One thread: the last bits of a matrix product depend on how many threads share it.
    with threadpool_limits(limits=1):
        repeats = [
            _score_folds(everyone, len(own.subject_ids), fit, schedule.folds, seed) for seed in schedule.seeds
        ]
    return OutOfFold(everyone, len(own.subject_ids), tuple(repeats))


def deal_rows(rows: Rows, folds: int, seed: int) -> Indices:
    """Fold of each row, dealt within each arm."""
    dealt = np.full(len(rows.subject_ids), -1, dtype=np.intp)
    arms = np.array(rows.arms, dtype=object)
    for arm in sorted(set(rows.arms)):
        members = np.flatnonzero(arms == arm)
        subjects = [rows.subject_ids[i] for i in members]
        dealt[members] = assign_folds(subjects, rows.outcomes.take(members).classes, folds, seed)
    return dealt


def _score_folds(rows: Rows, own: int, fit: FitModel, folds: int, seed: int) -> RepeatScores:
    dealt = deal_rows(rows, folds, seed)
    scores, predictors = np.full(len(dealt), np.nan), np.full(len(dealt), np.nan)
    baselines: list[Baseline | None] = [None] * folds
    strata = np.full(len(dealt), -1, dtype=np.intp)
    coefficients: list[Floats] = []
    failed = empty = flawed = 0
    for fold in range(folds):
        training = np.flatnonzero(dealt[:own] != fold)
        held_out = np.flatnonzero(dealt == fold)
        subjects = [rows.subject_ids[i] for i in training]
        fold_seed = derive_seed(seed, "fold", str(fold))
        model = fit(rows.values[training], rows.outcomes.take(training), subjects, fold_seed)
        if model is None:
            failed += 1
            continue
        scores[held_out] = model.score(rows.values[held_out])
        predictors[held_out] = scores[held_out] * model.deviation
        baselines[fold] = fit_baseline(model.predict(rows.values[training]), rows.outcomes.take(training))
        if model.is_empty:
            empty += 1
        else:
            strata[held_out] = scores[held_out] > model.cut
        flawed += model.failures > 0
        coefficients.append(_spread(model.columns, model.coefficients, rows.values.shape[1]))
    stacked = np.array(coefficients).reshape(len(coefficients), rows.values.shape[1])
    return RepeatScores(scores, strata, dealt, stacked, failed, empty, flawed, predictors, tuple(baselines))


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
    )
