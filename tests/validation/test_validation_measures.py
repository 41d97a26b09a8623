"""Means, errors, bounds and verdicts, counted by hand."""

import math

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


def test_uniform_permutation_p_passes_and_a_lump_does_not() -> None:
    even = [k / 20 for k in range(1, 21) for _ in range(25)]
    assert assess_uniformity(even, 19).estimate == pytest.approx(1.0)
    low = [0.05] * 50 + even[50:]
    assert assess_uniformity(low, 19).estimate < 0.001
    high = even[:125] + [0.7] * 375
    assert assess_uniformity(high, 19).estimate == pytest.approx(1.0), "ties at C = 0.5 only make p greater"
    assert math.isnan(assess_uniformity([], 19).estimate)


def test_uniformity_is_the_chi_square_of_the_least_values_and_the_rest() -> None:
    ps = [0.05] * 10 + [0.10] * 0 + [0.15] * 5 + [0.20] * 5 + [0.25] * 5 + [0.5] * 75
    # (10 - 5)^2 / 5 + (0 - 5)^2 / 5 = 10 on five degrees of freedom.
    assert assess_uniformity(ps, 19).estimate == pytest.approx(0.0752, abs=1e-4)
