"""Out-of-fold means out of fold: what a fold's model has seen, whom it scores, what is counted."""

from collections.abc import Sequence

import numpy as np
import pytest

from radfeat.modelling.comparators import Permuted, permute_procedure
from radfeat.modelling.cross_validation import Rows, Schedule, combine_strata, cross_validate, deal_rows
from radfeat.modelling.discrimination import estimate_discrimination
from radfeat.modelling.fold_model import FoldModel, PlainFit, finish_model
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.outcomes import Outcomes
from studies import binary, survival

N = 24
IDS = tuple(f"S{i:02d}" for i in range(N))
OWN = Rows(IDS, ("own",) * N, np.arange(N, dtype=float)[:, None], binary(np.arange(N) % 3 == 0))
OUTSIDE = Rows(
    tuple(f"T{i:02d}" for i in range(10)),
    ("other",) * 10,
    np.arange(100.0, 110.0)[:, None],
    binary(np.arange(10) % 2 == 0),
)
SCHEDULE = Schedule(4, (1, 2))


class Spy:
    """Fits nothing of its own, and remembers which subjects each model has seen."""

    def __init__(self) -> None:
        self.seen: list[frozenset[str]] = []
        self.seeds: list[int] = []

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        assert len(inputs) == len(outcomes) == len(subjects)
        self.seen.append(frozenset(subjects))
        self.seeds.append(seed)
        return PlainFit()(inputs, outcomes, subjects, seed)


def fail(inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int) -> None:
    """A model that can never be fitted."""


def test_no_model_has_seen_the_subjects_it_scores() -> None:
    spy = Spy()
    result = cross_validate(OWN, OUTSIDE, spy, SCHEDULE)
    assert len(spy.seen) == len(set(spy.seeds)) == 8
    models = iter(spy.seen)
    for repeat in result.repeats:
        for fold in range(4):
            seen = next(models)
            scored = {result.rows.subject_ids[i] for i in np.flatnonzero(repeat.folds == fold)}
            assert not seen & scored
            assert seen == set(IDS) - scored, "all the arm's others, and nobody from outside"


def test_every_row_own_or_outside_is_scored_once_a_repeat_by_one_model() -> None:
    result = cross_validate(OWN, OUTSIDE, PlainFit(), SCHEDULE)
    assert result.own == N
    for repeat in result.repeats:
        assert not np.isnan(repeat.scores).any()
        assert set(repeat.strata) <= {0, 1}
        own, outside = repeat.folds[:N], repeat.folds[N:]
        assert np.ptp(np.bincount(own, minlength=4)) <= 1
        assert np.ptp(np.bincount(outside, minlength=4)) <= 1


def test_outside_rows_change_nothing_for_the_own_ones() -> None:
    alone, beside = (
        cross_validate(OWN, None, PlainFit(), SCHEDULE),
        cross_validate(OWN, OUTSIDE, PlainFit(), SCHEDULE),
    )
    np.testing.assert_array_equal(alone.scores, beside.scores[:, :N])
    np.testing.assert_array_equal(alone.coefficients, beside.coefficients)


def test_folds_are_dealt_within_each_arm() -> None:
    mixed = Rows(IDS, ("a", "b") * (N // 2), OWN.values, OWN.outcomes)
    folds = deal_rows(mixed, 4, 5)
    for arm in ("a", "b"):
        members = np.array([a == arm for a in mixed.arms])
        assert np.bincount(folds[members]).tolist() == [3, 3, 3, 3]


def test_folds_that_fail_leave_no_score_and_are_counted() -> None:
    result = cross_validate(OWN, None, fail, SCHEDULE)
    assert np.isnan(result.scores).all()
    assert (result.strata == -1).all()
    assert result.count("failed") == 8
    assert result.coefficients.shape == (0, 1)


@pytest.mark.parametrize("coefficient", [0.0, 1.5])
def test_models_that_tell_no_rows_apart_score_zero_and_give_no_stratum(coefficient: float) -> None:
    constant = Rows(IDS, OWN.arms, np.ones((N, 1)), OWN.outcomes)

    def empty(inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int) -> FoldModel:
        steps = PlainFit()(Inputs(OWN.values), OWN.outcomes, IDS, seed).steps
        return finish_model(steps, inputs, np.array([coefficient]))

    result = cross_validate(constant, None, empty, SCHEDULE)
    assert not result.scores.any()
    assert (result.strata == -1).all()
    assert result.count("empty") == 8


def test_measure_is_of_the_repeats_that_have_scores() -> None:
    calls: list[int] = []

    def sometimes(inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int) -> FoldModel | None:
        calls.append(seed)
        return None if len(calls) <= 4 else PlainFit()(inputs, outcomes, subjects, seed)

    result = cross_validate(OWN, None, sometimes, SCHEDULE)
    assert np.isnan(result.scores[0]).all()
    second = estimate_discrimination(result.scores[1], OWN.outcomes)
    assert estimate_discrimination(result.scores, OWN.outcomes) == second


def test_stratum_is_that_of_most_repeats_and_a_draw_goes_to_the_first() -> None:
    strata = np.array([[1, 0, -1, -1], [1, 1, 0, -1], [0, -1, 0, -1]])
    assert combine_strata(strata).tolist() == [1, 0, 0, -1]


def test_permutation_p_counts_the_data_among_the_permutations() -> None:
    assert Permuted(0.9, (0.5, 0.6, 0.4)).p == 0.25
    assert Permuted(0.5, (0.5, 0.6, 0.4)).p == 0.75
    assert Permuted(0.1, (0.5, 0.6, 0.4)).p == 1.0


def test_permutations_depend_on_their_seed_and_keep_time_with_event() -> None:
    outcomes = survival(np.arange(1.0, N + 1), np.arange(N) % 2)
    pairs = set(zip(outcomes.times, outcomes.events, strict=True))
    seen: list[Outcomes] = []

    def watch(inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int) -> FoldModel | None:
        seen.append(outcomes)
        return PlainFit()(inputs, outcomes, subjects, seed)

    rows = Rows(IDS, OWN.arms, OWN.values, outcomes)
    observed = cross_validate(rows, None, PlainFit(), SCHEDULE).repeats[0].scores
    first, again, other = (permute_procedure(observed, rows, watch, SCHEDULE, 3, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.permuted != other.permuted
    assert first.observed > max(first.permuted) or first.p > 0.25
    for fitted in seen:
        assert set(zip(fitted.times, fitted.events, strict=True)) <= pairs


def test_procedure_without_any_model_is_at_chance() -> None:
    rows = Rows(IDS, OWN.arms, OWN.values, OWN.outcomes)
    permuted = permute_procedure(np.full(N, np.nan), rows, fail, SCHEDULE, 2, 1)
    assert (permuted.observed, permuted.permuted, permuted.p) == (0.5, (0.5, 0.5), 1.0)


@pytest.mark.parametrize("folds", [3, 4])
def test_repeats_are_split_differently(folds: int) -> None:
    first, second = cross_validate(OWN, None, PlainFit(), Schedule(folds, (1, 2))).repeats
    assert (first.folds != second.folds).any()
