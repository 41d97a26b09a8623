"""Kaplan-Meier, log-rank and concordance on numbers that can be counted by hand."""

import numpy as np
import pytest

from radfeat.modelling.concordance import compute_concordance, estimate_concordance
from radfeat.modelling.cross_validation import Rows
from radfeat.modelling.curves import build_curves
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.survival import compute_curve, compute_logrank, compute_rmst
from studies import binary, survival

FIVE = survival([1, 2, 2, 3, 4], [1, 1, 0, 1, 0])


def test_curve_steps_at_events_and_counts_everyone() -> None:
    curve = compute_curve(FIVE, 0.95)
    assert [(p.time, p.at_risk, p.events, p.censored) for p in curve] == [
        (1, 5, 1, 0),
        (2, 4, 1, 1),
        (3, 2, 1, 0),
        (4, 1, 0, 1),
    ]
    assert [p.survival for p in curve] == pytest.approx([0.8, 0.6, 0.3, 0.3])
    assert all(p.lo < p.survival < p.hi for p in curve)


def test_limits_are_one_before_the_first_event_and_undefined_at_zero() -> None:
    first, last = compute_curve(survival([1, 2], [0, 1]), 0.95)
    assert (first.survival, first.lo, first.hi) == (1.0, 1.0, 1.0)
    assert (last.survival, last.lo, last.hi) == (0.0, None, None)


def test_restricted_mean_is_the_area_under_the_curve() -> None:
    curve = compute_curve(FIVE, 0.95)
    assert compute_rmst(curve, 3.5) == pytest.approx(1 + 0.8 + 0.6 + 0.3 * 0.5)
    assert compute_rmst(curve, 0.5) == pytest.approx(0.5)


def test_log_rank_of_equal_groups_is_zero_and_without_events_undefined() -> None:
    twice = survival([1, 1, 2, 2, 3, 3], [1, 1, 0, 0, 1, 1])
    statistic, p = compute_logrank(twice, np.array([True, False] * 3))
    assert (statistic, p) == pytest.approx((0.0, 1.0))
    assert compute_logrank(survival([1, 2], [0, 0]), np.array([True, False])) is None
    assert compute_logrank(survival([1, 2], [1, 1]), np.array([True, True])) is None


@pytest.mark.parametrize(
    ("times", "events", "scores", "expected"),
    [
        ([1, 2, 3], [1, 1, 1], [3, 2, 1], 1.0),
        ([1, 2, 3], [1, 1, 1], [1, 2, 3], 0.0),
        ([1, 2, 3], [1, 1, 1], [7, 7, 7], 0.5),
        ([1, 2], [0, 1], [9, 1], 0.5),  # the censored one leaves first: no comparable pair, chance
        ([2, 2], [1, 0], [1, 0], 1.0),  # an event and a censoring at one time are comparable
        ([2, 2, 3], [1, 1, 0], [5, 0, 1], 0.5),  # two events at one time are not
    ],
)
def test_concordance_counts_pairs_as_r_does(
    times: list[int], events: list[int], scores: list[float], expected: float
) -> None:
    assert estimate_concordance(np.array(scores, dtype=float), survival(times, events)) == expected


def test_auc_counts_ties_as_half() -> None:
    assert estimate_concordance(np.array([3.0, 1.0, 2.0, 1.0]), binary([1, 1, 0, 0])) == 0.625


def test_scores_that_differ_by_rounding_are_tied() -> None:
    scores = np.array([0.1 + 0.2, 0.3])
    assert estimate_concordance(scores, binary([1, 0])) == 0.5


@pytest.mark.parametrize("outcomes", [survival([1, 2], [0, 0]), binary([1, 1])])
def test_without_comparable_pair_there_is_no_estimate(outcomes: Outcomes) -> None:
    c = compute_concordance(np.array([1.0, 2.0]), outcomes, resamples=50, level=0.9, seed=0)
    assert (c.estimate, c.lo, c.hi) == (None, None, None)


def test_limits_depend_on_the_seed_alone() -> None:
    scores = np.random.default_rng(0).normal(size=30)
    outcomes = survival(np.arange(1.0, 31.0), np.arange(30) % 3 > 0)
    first, again, other = (
        compute_concordance(scores, outcomes, resamples=99, level=0.95, seed=s) for s in (1, 1, 2)
    )
    assert first == again
    assert first.estimate == other.estimate
    assert (first.lo, first.hi) != (other.lo, other.hi)


def test_curves_are_per_arm_and_stratum_and_leave_out_those_without_stratum() -> None:
    rows = Rows(tuple("abcde"), ("x", "x", "x", "y", "y"), np.zeros((5, 1)), FIVE)
    table = build_curves("os", "x", rows, np.array([1, 0, -1, 1, 1]), 0.95).to_pylist()
    starts: dict[tuple[str, str], int] = {}
    for row in table:
        starts.setdefault((row["arm"], row["stratum"]), row["at_risk"])
    assert starts == {("x", "all"): 3, ("x", "high"): 1, ("x", "low"): 1, ("y", "all"): 2, ("y", "high"): 2}


def test_binary_endpoint_has_no_curves() -> None:
    rows = Rows(("a", "b"), ("x", "x"), np.zeros((2, 1)), binary([0, 1]))
    assert build_curves("response", "x", rows, np.array([0, 1]), 0.95).num_rows == 0
