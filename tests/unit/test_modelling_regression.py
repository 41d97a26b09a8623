"""Cox and logistic regression where there is an estimate, and where there is none."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.regression import fit_cox, fit_logistic, fit_regression
from studies import binary, survival

RNG = np.random.default_rng(3)
GROUP = np.repeat([0.0, 1.0], 20)


def test_logistic_regression_of_two_groups_is_the_log_odds_ratio_of_the_table() -> None:
    responds = [i < 5 for i in range(20)] + [i < 12 for i in range(20)]
    fitted = fit_regression(GROUP[:, None], binary(responds))
    assert fitted.converged
    assert fitted.coefficients[0] == pytest.approx(np.log(12 / 8 * 15 / 5))
    assert fitted.covariance[0, 0] == pytest.approx(1 / 5 + 1 / 15 + 1 / 12 + 1 / 8)
    ratio, lo, hi = fitted.interval([1.0, 0.0], 0.95)
    assert ratio == pytest.approx(4.5)
    assert lo * hi == pytest.approx(ratio**2)


def test_logistic_regression_agrees_with_scikit_learn() -> None:
    design = RNG.normal(size=(80, 3))
    responds = RNG.random(80) < 1 / (1 + np.exp(-design[:, 0]))
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(design, responds)
    ours = fit_regression(design, binary(responds))
    assert ours.coefficients == pytest.approx([*theirs.coef_[0], theirs.intercept_[0]], abs=1e-5)


def test_cox_regression_without_ties_maximises_the_partial_likelihood() -> None:
    """Two subjects at risk at the first death, one at the second: beta solves d/db log(1 / (1 + e^b)) ..."""
    outcomes = survival([1, 2, 3, 4], [1, 1, 1, 0])
    design = np.array([[1.0], [0.0], [1.0], [0.0]])
    beta = fit_cox(design, outcomes).coefficients[0]

    def log_likelihood(b: float) -> float:
        e = np.exp(b)
        return float(b - np.log(2 * e + 2) - np.log(e + 2) + b - np.log(e + 1))

    assert log_likelihood(beta) > max(log_likelihood(beta - 0.01), log_likelihood(beta + 0.01))
    assert fit_cox(design, outcomes).log_likelihood == pytest.approx(log_likelihood(beta))


def test_efron_shares_the_risk_set_among_tied_deaths() -> None:
    """Deaths of A and B at one time, C censored later; at beta 0 the likelihood is 1/3 * 1/(3 - 2/2)."""
    fitted = fit_cox(np.array([[1.0], [-1.0], [0.0]]), survival([1, 1, 2], [1, 1, 0]))
    assert fitted.coefficients[0] == pytest.approx(0.0, abs=1e-12)
    assert fitted.log_likelihood == pytest.approx(-np.log(3) - np.log(2))


@pytest.mark.parametrize("rare", [1, 3, 20])
def test_separation_has_no_estimate_however_rare_the_group(rare: int) -> None:
    column = np.zeros(40)
    column[:rare] = 1.0
    responds = np.where(column == 1, True, np.arange(40) % 2 == 0)
    assert not fit_regression(column[:, None], binary(responds)).converged
    all_die_first = survival(np.where(column == 1, 1.0, 5.0 + np.arange(40)), column == 1)
    assert not fit_regression(column[:, None], all_die_first).converged


@pytest.mark.parametrize(
    "outcomes",
    [survival(np.arange(1.0, 41.0), np.zeros(40)), binary(np.zeros(40)), binary(np.ones(40))],
    ids=["no event", "no positive", "no negative"],
)
def test_one_class_has_no_estimate(outcomes: Outcomes) -> None:
    assert not fit_regression(GROUP[:, None], outcomes).converged


@pytest.mark.parametrize("fit", [fit_cox, fit_logistic])
def test_columns_that_repeat_each_other_have_no_estimate(fit) -> None:
    column = RNG.normal(size=40)
    outcomes = survival(np.arange(1.0, 41.0), np.arange(40) % 2) if fit is fit_cox else binary(GROUP)
    assert not fit(np.column_stack([column, 2 * column + 1e-9]), outcomes).converged


def test_constant_column_has_no_estimate() -> None:
    assert not fit_cox(np.ones((40, 1)), survival(np.arange(1.0, 41.0), np.ones(40))).converged


def test_strong_but_finite_effect_is_an_estimate() -> None:
    z = np.linspace(-2, 2, 60)
    responds = RNG.random(60) < 1 / (1 + np.exp(-3 * z))
    assert fit_regression(z[:, None], binary(responds)).converged


def test_origin_and_scale_of_a_column_do_not_matter() -> None:
    column = RNG.normal(size=40)
    outcomes = survival(RNG.permutation(40) // 2 + 1.0, RNG.random(40) < 0.7)
    plain, other = (fit_cox(c[:, None], outcomes) for c in (column, 1e4 * column - 1e6))
    assert other.coefficients[0] * 1e4 == pytest.approx(plain.coefficients[0], rel=1e-6)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)
