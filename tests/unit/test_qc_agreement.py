"""Intraclass correlations and within-subject measures on tables that can be counted by hand."""

import math

import numpy as np
import pytest

from radfeat.core.vocabulary import IccForm
from radfeat.qc.agreement import Estimate, MeanSquares, compute_mean_squares, estimate_icc
from radfeat.qc.repeatability_settings import CvMethod
from radfeat.qc.within_subject import estimate_cv, estimate_within


def squares_of(rows: list[list[float]]) -> MeanSquares:
    found = compute_mean_squares(np.array(rows))
    assert found is not None
    return found


def test_mean_squares_by_hand() -> None:
    found = squares_of([[1.0, 3.0], [5.0, 7.0]])
    assert (found.between, found.repeats, found.error, found.within) == (16.0, 4.0, 0.0, 2.0)


def test_a_shift_between_repeats_costs_agreement_but_not_consistency() -> None:
    found = squares_of([[1.0, 3.0], [5.0, 7.0]])
    assert estimate_icc(IccForm.CONSISTENCY, found, 0.95) == Estimate(1.0, 1.0, 1.0)
    # 16 / (16 + 2 x 4 / 2)
    assert estimate_icc(IccForm.AGREEMENT, found, 0.95).value == pytest.approx(0.8)
    # (16 - 2) / (16 + 2)
    assert estimate_icc(IccForm.ONE_WAY, found, 0.95).value == pytest.approx(14 / 18)


def test_equal_repeats_agree_wholly() -> None:
    found = squares_of([[0.1, 0.1], [0.7, 0.7], [0.3, 0.3]])
    for form in IccForm:
        assert estimate_icc(form, found, 0.95) == Estimate(1.0, 1.0, 1.0)


def test_rounding_alone_is_no_disagreement() -> None:
    noisy = [[0.1, 0.1 + 1e-17], [0.7, np.nextafter(0.7, 1)], [0.3, np.nextafter(0.3, 0)]]
    for form in IccForm:
        found = estimate_icc(form, squares_of(noisy), 0.95)
        assert found.value == pytest.approx(1.0)
        assert found.lo == pytest.approx(1.0)


def test_targets_that_do_not_differ_have_no_consistency() -> None:
    found = squares_of([[1.0, 2.0], [1.0, 2.0]])
    assert estimate_icc(IccForm.CONSISTENCY, found, 0.95) == Estimate()
    assert estimate_icc(IccForm.AGREEMENT, squares_of([[1.0, 2.0], [2.0, 1.0]]), 0.95) == Estimate()


@pytest.mark.parametrize(
    "rows", [[[5.0, 5.0], [5.0, 5.0 + 1e-12]], [[1.0, 2.0]], [[1.0], [2.0]], [[0.0, 0.0], [0.0, 0.0]]]
)
def test_constant_values_or_too_few_have_no_mean_squares(rows: list[list[float]]) -> None:
    assert compute_mean_squares(np.array(rows)) is None


def test_limits_hold_the_estimate_and_widen_with_the_level() -> None:
    found = squares_of([[1.0, 1.4, 0.8], [2.0, 2.4, 2.2], [4.0, 3.5, 4.4], [3.0, 2.6, 3.3]])
    for form in IccForm:
        narrow, wide = estimate_icc(form, found, 0.8), estimate_icc(form, found, 0.99)
        assert None not in (wide.lo, narrow.lo, narrow.value, narrow.hi, wide.hi)
        assert wide.lo < narrow.lo < narrow.value < narrow.hi < wide.hi  # type: ignore[operator]


def test_variance_within_is_pooled_by_degrees_of_freedom() -> None:
    targets = [np.array([1.0, 3.0]), np.array([2.0, 2.0, 5.0]), np.array([7.0])]
    within = estimate_within(targets, 0.95)
    assert within is not None
    assert within.degrees == 3
    assert within.deviation.value == pytest.approx(math.sqrt((2.0 + 6.0) / 3))
    assert within.coefficient.value == pytest.approx(1.96 * math.sqrt(2) * math.sqrt(8 / 3))


def test_no_repeat_no_deviation() -> None:
    assert estimate_within([np.array([1.0]), np.array([])], 0.95) is None
    assert estimate_cv([np.array([1.0])], CvMethod.LOG, 0.95) == Estimate()


def test_cv_by_hand() -> None:
    targets = [np.array([9.0, 11.0]), np.array([18.0, 22.0])]
    # Deviations sqrt(2) of 10 and 2 sqrt(2) of 20: a relative variance of 0.02 each.
    assert estimate_cv(targets, CvMethod.ROOT_MEAN_SQUARE, 0.95).value == pytest.approx(math.sqrt(0.02))
    variance = math.log(11 / 9) ** 2 / 2
    assert estimate_cv(targets, CvMethod.LOG, 0.95).value == pytest.approx(math.sqrt(math.expm1(variance)))


@pytest.mark.parametrize("method", list(CvMethod))
def test_a_value_of_zero_or_less_has_no_cv(method: CvMethod) -> None:
    assert estimate_cv([np.array([1.0, 2.0]), np.array([0.0, 1.0])], method, 0.95) == Estimate()


def test_a_limit_beyond_all_numbers_is_none() -> None:
    found = estimate_cv([np.array([1e-300, 1e300])], CvMethod.LOG, 0.95)
    assert found == Estimate(None, None, None)


def test_a_limit_of_next_to_no_degrees_of_freedom_is_none() -> None:
    """The quantile is a number, and its product with squares of volumes in mm3 is none."""
    squares = MeanSquares(2, 2, 2438500.214346525, 2031021798.253252, 1e8, 1e8)
    found = estimate_icc(IccForm.AGREEMENT, squares, 0.95)
    assert found == Estimate(pytest.approx(-0.047978, abs=1e-6))
