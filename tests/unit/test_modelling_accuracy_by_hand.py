"""Censoring weights, Uno's C, AUC, Brier scores, baselines and the bootstrap on numbers counted by hand."""

import numpy as np
import pytest

from radfeat.modelling.accuracy import (
    define_auc,
    define_binary_brier,
    define_brier,
    define_integrated_brier,
    define_uno,
)
from radfeat.modelling.baseline import fit_baseline, fit_intercept, predict_risks
from radfeat.modelling.censoring import count_censoring, estimate_censoring, weigh_events, weigh_survivors
from radfeat.modelling.concordance import compute_concordance
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.resampling import Statistic, resample
from studies import binary, survival

# Event at 1, censored at 2, event at 3 and censored at 3, event at 5.
FIVE = survival([1, 2, 3, 3, 5], [1, 0, 1, 0, 1])


def value(statistic: Statistic, outcomes: Outcomes) -> float:
    return float(statistic(np.ones((1, len(outcomes))))[0])


def test_share_not_censored_takes_events_before_censorings_of_one_time() -> None:
    # At 2: 1 of 4 is censored. At 3: of 3 at risk one has the event first, 1 of the other 2 is censored.
    free = estimate_censoring(count_censoring(FIVE), np.ones((1, 5)))[0]
    assert free == pytest.approx([1, 3 / 4, 3 / 8, 3 / 8])


def test_weights_are_the_inverse_just_before_an_event_and_just_after_a_horizon() -> None:
    censoring = count_censoring(FIVE)
    free = estimate_censoring(censoring, np.ones((1, 5)))
    assert weigh_events(censoring, free)[0] == pytest.approx([1, 1, 4 / 3, 4 / 3, 8 / 3])
    times = np.array([0.5, 2.0, 2.5, 9.0])
    assert weigh_survivors(censoring, free, times)[0] == pytest.approx([1, 4 / 3, 4 / 3, 8 / 3])


def test_a_subject_drawn_twice_counts_as_two() -> None:
    counts = np.array([[2.0, 0, 1, 1, 1]])
    doubled = FIVE.take(np.array([0, 0, 2, 3, 4]))
    free = estimate_censoring(count_censoring(FIVE), counts)[0]
    theirs = estimate_censoring(count_censoring(doubled), np.ones((1, 5)))[0]
    assert free[[0, 2, 3]] == pytest.approx(theirs)


def test_uno_weighs_pairs_by_the_square_and_stops_before_the_truncation() -> None:
    # Right: 1 against the four others. Wrong: 3 against 5; and 3 against the censored at 3.
    scores = np.array([9.0, 0, 1, 2, 3])
    weight = (4 / 3) ** 2
    assert value(define_uno(scores, FIVE, 9.0), FIVE) == pytest.approx(4 / (4 + 2 * weight))
    assert value(define_uno(scores, FIVE, 3.0), FIVE) == pytest.approx(1.0)


def test_uno_is_harrell_where_nobody_is_censored() -> None:
    outcomes = survival([4, 2, 7, 1, 5], [1] * 5)
    scores = np.array([0.3, 0.9, 0.1, 0.2, 0.3])
    harrell = compute_concordance(scores, outcomes, resamples=50, level=0.9, seed=1)
    uno = resample(define_uno(scores, outcomes, 99.0), 5, 50, 0.9, 1)
    assert (uno.estimate, uno.lo, uno.hi) == pytest.approx((harrell.estimate, harrell.lo, harrell.hi))


def test_auc_compares_those_with_the_event_by_the_horizon_with_those_beyond_it() -> None:
    # By 3: events at 1 (weight 1) and 3 (weight 4/3); beyond: 5 alone. The censored are neither.
    scores = np.array([5.0, 9, 1, 9, 1])
    assert value(define_auc(scores, FIVE, 3.0), FIVE) == pytest.approx((1 + 0.5 * 4 / 3) / (1 + 4 / 3))


def test_brier_score_weighs_who_is_known() -> None:
    risks = np.array([0.5, 0.9, 1.0, 0.9, 0.25])
    # At 2: the event at 1 missed by 0.5; beyond 2, each of the three at 4/3.
    expected = (0.25 + 4 / 3 * (1.0 + 0.81 + 0.0625)) / 5
    assert value(define_brier(risks, FIVE, 2.0), FIVE) == pytest.approx(expected)


def test_integrated_brier_score_is_the_area_of_its_steps() -> None:
    outcomes = survival([1, 2, 4], [1, 1, 1])
    grid = np.array([1.0, 2.0, 4.0])
    risks = np.array([[0.5, 0.5, 0.5]] * 3)
    # 0 before 1; 1/4 from 1 to 3: every subject is 0.5 from the truth.
    assert value(define_integrated_brier(risks, outcomes, grid, 3.0), outcomes) == pytest.approx(0.25 * 2 / 3)


def test_brier_score_of_probabilities() -> None:
    outcomes = binary([1, 0, 1])
    assert value(define_binary_brier(np.array([1.0, 0.5, 0.5]), outcomes), outcomes) == pytest.approx(0.5 / 3)


def test_breslow_baseline_of_alike_subjects_is_nelson_aalen() -> None:
    baseline = fit_baseline(np.zeros(5), FIVE)
    assert baseline.times.tolist() == [1, 2, 3, 5]
    assert baseline.hazards == pytest.approx([1 / 5, 1 / 5, 1 / 5 + 1 / 3, 1 / 5 + 1 / 3 + 1])
    risks = predict_risks(baseline, np.array([0.0, np.log(2)]), np.array([0.5, 3.0]))
    assert risks == pytest.approx(np.array([[0, 1 - np.exp(-8 / 15)], [0, 1 - np.exp(-16 / 15)]]))


def test_expected_events_add_up_to_those_observed() -> None:
    predictors = np.array([0.3, -1.0, 2.0, 0.0, 0.1])
    baseline = fit_baseline(predictors, FIVE)
    hazards = baseline.hazards[np.searchsorted(baseline.times, FIVE.times)]
    assert (np.exp(predictors) * hazards).sum() == pytest.approx(3)


def test_intercept_makes_probabilities_add_up_to_the_positive_class() -> None:
    outcomes = binary([1, 0, 0, 1, 0])
    offsets = np.array([0.3, -1.0, 2.0, 0.0, 0.1])
    baseline = fit_baseline(offsets, outcomes)
    assert predict_risks(baseline, offsets, np.empty(0)).sum() == pytest.approx(2, abs=1e-8)
    assert fit_intercept(np.zeros(5), outcomes) == pytest.approx(np.log(2 / 3), abs=1e-9)
    assert predict_risks(fit_baseline(offsets, binary([0] * 5)), offsets, np.empty(0)).tolist() == [[0.0]] * 5


def test_undefined_statistic_is_none_and_undefined_resamples_are_left_out() -> None:
    scores = np.arange(5.0)
    assert resample(define_auc(scores, FIVE, 9.0), 5, 50, 0.95, 1).estimate is None, "nobody beyond 9"
    assert resample(define_uno(scores, survival([1, 2, 3, 4, 5], [0] * 5), 9.0), 5, 50, 0.95, 1).hi is None
    found = resample(define_auc(scores, FIVE, 3.0), 5, 200, 0.95, 1)
    assert found.lo is not None
    assert 0 <= found.lo <= (found.estimate or 0) <= (found.hi or 0) <= 1
