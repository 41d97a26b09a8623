"""A measure over repeats is the mean of the repeats' measures, never the measure of a mean score."""

from collections.abc import Callable

import numpy as np
import pytest

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.accuracy import define_auc, define_uno
from radfeat.modelling.agreement import define_pearson, define_spearman
from radfeat.modelling.calibration import measure_slope
from radfeat.modelling.concordance import order_pairs
from radfeat.modelling.cross_validation import OutOfFold, Rows, Schedule, cross_validate
from radfeat.modelling.discrimination import compute_discrimination, estimate_discrimination
from radfeat.modelling.evaluation import Metric, measure_discrimination
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import PlainFit
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.predicted import Predicted
from radfeat.modelling.resampling import Statistic, draw_counts
from studies import binary, continuous, make_settings, survival

NAN = np.nan
ONE_OF_THREE = binary([1, 0, 0])
SETTINGS = make_settings(folds=5, bootstrap=50)
VERDICT = Feasibility("response", "a", 60, 30, 12, 6, 3, 8, True, "")


def value(statistic: Statistic, subjects: int) -> float:
    return float(statistic(np.ones((1, subjects)))[0])


def test_auc_of_two_repeats_is_their_mean() -> None:
    # Both pairs right; one wrong and one tied. The mean score would have one of each: 0.5.
    scores = np.array([[1.0, 0.0, 0.5], [0.0, 10.0, 0.0]])
    assert estimate_discrimination(scores, ONE_OF_THREE) == (1 + 0.25) / 2
    assert estimate_discrimination(scores.mean(axis=0), ONE_OF_THREE) == 0.5


def test_concordance_of_two_repeats_is_their_mean() -> None:
    # Three pairs right; two wrong and one tied. The mean score would have 2.5 of 3.
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 2.0]])
    outcomes = survival([1, 2, 3], [1, 1, 0])
    assert estimate_discrimination(scores, outcomes) == pytest.approx((1 + 1 / 6) / 2)


def test_a_pair_has_the_mean_over_the_repeats_that_score_both() -> None:
    # First over second: right, wrong. First over third: right, and not known.
    scores = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, NAN]])
    assert order_pairs(scores)[0].tolist() == [0.5, 0.5, 1.0]
    assert estimate_discrimination(scores, ONE_OF_THREE) == (0.5 + 1) / 2


def test_subjects_whom_no_repeat_scores_together_are_not_compared() -> None:
    scores = np.array([[2.0, 1.0, NAN], [NAN, 5.0, 9.0]])
    outcomes = survival([1, 2, 3], [1, 1, 0])
    # First over second is right, second over third wrong; first and third never meet.
    assert np.isnan(order_pairs(scores)[0, 2])
    assert estimate_discrimination(scores, outcomes) == 0.5
    assert value(define_uno(scores, outcomes, 9.0), 3) == 0.5
    assert value(define_auc(scores, outcomes, 1.0), 3) == 1.0
    assert estimate_discrimination(np.array([[2.0, 1.0, NAN], [NAN, NAN, 9.0]]), ONE_OF_THREE) == 1.0


def test_uno_and_auc_of_two_repeats_are_their_means() -> None:
    # Nobody is censored before 3, so that all weigh alike. By 2: two cases against two beyond.
    outcomes = survival([1, 2, 3, 4], [1, 1, 1, 1])
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 4.0, 0.0, 9.0]])
    assert value(define_auc(scores, outcomes, 2.0), 4) == (1 + 2 / 4) / 2
    assert value(define_uno(scores, outcomes, 9.0), 4) == pytest.approx((1 + 2 / 6) / 2)


@pytest.mark.parametrize(
    "define",
    [
        lambda scores, times, values: define_uno(scores, times, 1.5),
        lambda scores, times, values: define_auc(scores, times, 0.7),
        lambda scores, times, values: define_spearman(scores, values),
        lambda scores, times, values: define_pearson(scores, values),
    ],
    ids=["uno", "auc", "spearman", "pearson"],
)
def test_in_every_resample_it_is_the_mean_of_the_repeats(
    define: Callable[[Floats, Outcomes, Floats], Statistic],
) -> None:
    rng = np.random.default_rng(1)
    # Rounded, so that there are ties.
    scores, values = rng.normal(size=(4, 30)).round(1), rng.normal(size=30).round(1)
    times = survival(rng.exponential(size=30) + 0.01, rng.random(30) < 0.7)
    counts = np.concatenate(list(draw_counts(30, 20, 1)))
    each = [define(row, times, values)(counts) for row in scores]
    found = define(scores, times, values)(counts)
    assert found == pytest.approx(np.mean(each, axis=0), abs=1e-12)
    assert found != pytest.approx(define(scores.mean(axis=0), times, values)(counts), abs=1e-3)


def test_limits_are_percentiles_of_the_mean_over_repeats() -> None:
    rng = np.random.default_rng(2)
    scores, outcomes = rng.normal(size=(3, 40)), binary(np.arange(40) % 3 == 0)
    found = compute_discrimination(scores, outcomes, resamples=200, level=0.9, seed=5)
    drawn = []
    for counts in np.concatenate(list(draw_counts(40, 200, 5))):
        chosen = np.repeat(np.arange(40), counts.astype(int))
        drawn.append(np.mean([estimate_discrimination(row[chosen], outcomes.take(chosen)) for row in scores]))
    assert (found.lo, found.hi) == pytest.approx(tuple(np.quantile(drawn, [0.05, 0.95])), abs=1e-12)


def test_correlations_of_two_repeats_are_their_means() -> None:
    # Ranks in order, and the two last exchanged: rho 1 and 0.5. The mean score has 1.
    scores, measured = np.array([[1.0, 2.0, 9.0], [1.0, 3.0, 2.0]]), np.array([1.0, 2.0, 3.0])
    assert value(define_spearman(scores, measured), 3) == pytest.approx(0.75)
    assert value(define_pearson(np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]), measured), 3) == pytest.approx(
        0.75
    )


def test_correlation_within_a_repeat_is_among_those_whom_it_scores() -> None:
    measured = np.array([1.0, 2.0, 3.0, -9.0])
    scores = np.array([[1.0, 2.0, 3.0, NAN], [3.0, 2.0, 1.0, 4.0]])
    # In the second repeat ranks 2, 3, 4, 1 of the values meet 3, 2, 1, 4: rho -1.
    assert value(define_spearman(scores, measured), 4) == pytest.approx(0.0)
    alone = define_pearson(scores[:1], measured)
    assert value(alone, 4) == pytest.approx(1.0)
    assert np.isnan(alone(np.array([[0.0, 0.0, 0.0, 4.0]]))[0]), "nobody drawn has a score"


def test_a_repeat_without_any_order_counts_as_chance_beside_others() -> None:
    measured, ranks = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])
    scores = np.array([ranks, np.zeros(3)])
    assert value(define_spearman(scores, measured), 3) == pytest.approx(0.5)
    assert value(define_pearson(scores, measured), 3) == pytest.approx(0.5)
    assert estimate_discrimination(scores, survival([3, 2, 1], [1, 1, 1])) == (1 + 0.5) / 2
    assert np.isnan(value(define_spearman(np.zeros((2, 3)), measured), 3))


def predict_twice(second: Floats) -> Predicted:
    first = np.arange(6.0)
    outcomes = continuous([0.0, 3.0, 1.0, 4.0, 2.0, 7.0])
    predictors = np.array([first, second])
    return Predicted("m", predictors, predictors, np.empty(0), np.empty((6, 0)), outcomes)


def test_calibration_slopes_are_weighted_by_their_information() -> None:
    alone = measure_slope(predict_twice(np.zeros(6)), 0.95)
    assert None not in (alone.estimate, alone.lo)
    # Twice the spread: half the slope and error, four times the information. (1 + 4 / 2) / 5 of both.
    both = measure_slope(predict_twice(2 * np.arange(6.0)), 0.95)
    assert both.estimate == pytest.approx(0.6 * alone.estimate)
    assert both.estimate - both.lo == pytest.approx(0.6 * (alone.estimate - alone.lo))


def test_calibration_slope_leaves_out_what_a_repeat_did_not_score() -> None:
    partly = np.array([0.0, 1.0, 2.0, 3.0, NAN, NAN])
    # 0, 3, 1, 4 on 0 to 3: slope 1, variance 5 / 2 / 5 of the four left over two degrees of freedom.
    twice = predict_twice(partly)
    alone = Predicted("m", partly[None], partly[None], twice.grid, twice.risks, twice.outcomes)
    assert measure_slope(alone, 0.95).estimate == pytest.approx(1.0)
    assert measure_slope(predict_twice(np.full(6, NAN)), 0.95) == measure_slope(
        predict_twice(np.zeros(6)), 0.95
    )


HALVES = {
    EndpointKind.TIME_TO_EVENT: survival(np.repeat([1.0, 2.0], 30), [1] * 60),
    EndpointKind.BINARY: binary([1] * 30 + [0] * 30),
    EndpointKind.CONTINUOUS: continuous(np.repeat([1.0, 0.0], 30)),
}


def cross_validate_useless(kind: EndpointKind, repeats: int) -> OutOfFold:
    """Scores by a covariate that has the same values in both halves of the outcome."""
    values = np.tile(np.random.default_rng(0).normal(size=30), 2)[:, None]
    rows = Rows(tuple(f"S{i:02d}" for i in range(60)), ("a",) * 60, values, HALVES[kind])
    return cross_validate(rows, None, PlainFit(), Schedule(5, tuple(range(repeats))))


def measure(result: OutOfFold) -> Metric:
    return measure_discrimination("clinical", result, VERDICT, SETTINGS)


def test_row_of_a_model_holds_the_mean_over_its_repeats_and_says_so() -> None:
    result = cross_validate_useless(EndpointKind.BINARY, 3)
    found = measure(result)
    each = [estimate_discrimination(r.scores, result.rows.outcomes) for r in result.repeats]
    assert found.estimate == pytest.approx(np.mean(each), abs=1e-12)
    assert found.method.startswith("Out-of-fold scores of 5 folds, mean of the auc of 3 repeats;")


@pytest.mark.parametrize("kind", list(EndpointKind))
def test_useless_covariate_leans_less_against_the_outcome_than_its_mean_score(kind: EndpointKind) -> None:
    """Held-out subjects leave the training set poorer by their own outcome: no score is at chance."""
    result = cross_validate_useless(kind, 10)
    least = -0.25 if kind is EndpointKind.CONTINUOUS else 0.35
    mean_score = result.scores.mean(axis=0)
    assert estimate_discrimination(mean_score, result.rows.outcomes) < least - 0.1
    assert measure(result).estimate > least
