"""Means, errors, bounds and verdicts, counted by hand."""

import math

import numpy as np
import pytest

from validation.measures import (
    Bound,
    Check,
    Measured,
    Verdict,
    assess_uniformity,
    average,
    bound_least,
    bound_level,
    bound_mean,
    bound_most,
    bound_share,
    break_ties,
    divide,
    share,
)


def test_mean_has_the_standard_error_of_its_trials_and_leaves_out_those_without_a_value() -> None:
    found = average([1.0, None, 2.0, 3.0])
    assert found == Measured(2.0, pytest.approx(1 / math.sqrt(3)), 3)
    assert average([4.0]) == Measured(4.0, None, 1)
    assert math.isnan(average([None]).estimate)


def test_share_of_two_conditions_counts_each_trial_once() -> None:
    found = share(
        [(True, True), (True, False), (False, False), (False, False)], lambda r: r[0], lambda r: r[1]
    )
    assert found.estimate == pytest.approx(3 / 8)
    assert found.trials == 4
    assert found.error == pytest.approx(math.sqrt((0.625**2 + 0.125**2 + 2 * 0.375**2) / 3 / 4))


def test_number_is_told_in_multiples_of_another() -> None:
    assert divide(Measured(-3.0, 0.5, 9), -2.0) == Measured(1.5, 0.25, 9)


def test_level_must_lie_within_three_to_seven_hundredths_of_five_hundred_trials() -> None:
    assert bound_level(500) == Bound(0.03, 0.07)
    assert bound_level(100).lo == 0.0
    assert bound_level(100).hi == pytest.approx(0.05 + 3 * math.sqrt(0.05 * 0.95 / 100))
    assert bound_most(500) == Bound(-math.inf, 0.07)


def test_binomial_bound_is_three_standard_errors() -> None:
    assert bound_share(0.95, 361).lo == pytest.approx(0.95 - 3 * math.sqrt(0.95 * 0.05) / 19)
    assert bound_share(0.95, 4).hi == 1.0
    assert bound_least(0.5, 100) == Bound(lo=0.35)


def test_mean_is_bounded_by_its_own_error() -> None:
    assert bound_mean(0.5, Measured(0.7, 0.01, 9)) == Bound(pytest.approx(0.47), pytest.approx(0.53))
    assert bound_mean(0.5, Measured(0.7, None, 1)) == Bound(-math.inf, math.inf)


@pytest.mark.parametrize(
    ("estimate", "bound", "verdict"),
    [
        (0.05, Bound(0.03, 0.07), Verdict.PASSED),
        (0.07, Bound(0.03, 0.07), Verdict.PASSED),
        (0.0701, Bound(0.03, 0.07), Verdict.FAILED),
        (0.02, Bound(0.03, 0.07), Verdict.FAILED),
        (math.nan, Bound(0.03, 0.07), Verdict.FAILED),
        (0.35, Bound(0.03, 0.07).above, Verdict.PASSED),
        (0.05, Bound(0.03, 0.07).above, Verdict.FAILED),
        (0.02, Bound(0.03, 0.07).above, Verdict.FAILED),
        (math.nan, Bound(0.03, 0.07).above, Verdict.FAILED),
        (9.0, None, Verdict.NOT_ASSERTED),
    ],
)
def test_verdict_is_whether_the_number_is_where_it_must_be(
    estimate: float, bound: Bound | None, verdict: Verdict
) -> None:
    assert Check("null", "binary", "x", Measured(estimate, 0.01, 500), bound).verdict is verdict


def test_p_with_ties_broken_is_uniform_and_a_leaking_or_a_lazy_one_is_not() -> None:
    # Of 20 values the observed one is the first; most are 0.5, as of models that select nothing.
    rng = np.random.default_rng(11)
    drawn = np.where(rng.uniform(size=(500, 20)) < 0.7, 0.5, rng.normal(0.5, 0.1, (500, 20)))
    ps = (drawn >= drawn[:, :1]).mean(axis=1)
    ties = (drawn == drawn[:, :1]).sum(axis=1) - 1
    exact = [break_ties(p, t, 19, seed) for seed, (p, t) in enumerate(zip(ps, ties, strict=True))]
    assert min(exact) > 0
    assert max(exact) <= 1
    assert assess_uniformity(exact).estimate > 0.01
    assert assess_uniformity(list(ps)).estimate < 0.001, "ties alone make p too great"
    assert assess_uniformity([0.02] * 60 + exact[60:]).estimate < 0.001
    assert math.isnan(assess_uniformity([]).estimate)


def test_a_p_with_ties_is_broken_between_those_above_it_and_itself() -> None:
    broken = [break_ties(0.5, 4, 19, seed) for seed in range(2000)]
    assert min(broken) == pytest.approx(0.25, abs=0.002)
    assert max(broken) == pytest.approx(0.5, abs=0.002)
