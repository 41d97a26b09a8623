"""Cox regression, log-rank, concordance and restricted means against R.

The numbers are those of R 4.2.2, survival 3.5-3 (Efron ties), as ``tests/golden/r/survival.R`` prints them.
"""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from sksurv.metrics import concordance_index_censored
from survival_data import load_gbsg, load_veteran

from radfeat.modelling.concordance import compute_concordance, estimate_concordance
from radfeat.modelling.interaction_fit import fit_interaction
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.regression import Regression, fit_cox, null_log_likelihood
from radfeat.modelling.survival import compute_curve, compute_logrank, compute_rmst


@pytest.fixture(scope="module")
def veteran() -> tuple[pd.DataFrame, Outcomes]:
    return load_veteran()


@pytest.fixture(scope="module")
def gbsg() -> tuple[pd.DataFrame, Outcomes]:
    return load_gbsg()


def fit(data: tuple[pd.DataFrame, Outcomes]) -> Regression:
    return fit_cox(data[0].to_numpy(), data[1])


def z_pgr(table: pd.DataFrame) -> Floats:
    logged = np.log1p(table["pgr"].to_numpy())
    return (logged - logged.mean()) / logged.std(ddof=1)


@pytest.mark.requirement("R-STAT-1")
def test_veteran_coefficients_equal_those_of_r(veteran):
    expected = [
        0.2946028215,
        0.8615604628,
        1.196066374,
        0.4012916543,
        -0.03281532619,
        8.132051305e-05,
        -0.008706474946,
        0.007159360190,
    ]
    fitted = fit(veteran)
    assert fitted.converged
    assert fitted.coefficients == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_veteran_log_likelihoods_equal_those_of_r(veteran):
    assert null_log_likelihood(veteran[1]) == pytest.approx(-505.4490549, abs=1e-7)
    assert fit(veteran).log_likelihood == pytest.approx(-474.3971117, abs=1e-7)


def test_veteran_log_rank_equals_that_of_r(veteran):
    table, outcomes = veteran
    chi2, _ = compute_logrank(outcomes, (table["trt"] == 2).to_numpy())
    assert chi2 == pytest.approx(0.008227343202, rel=1e-9)


def test_gbsg_coefficients_equal_those_of_r(gbsg):
    expected = [
        -0.3462784276,
        -0.0094592389,
        0.2584448409,
        0.0077960839,
        0.6361117046,
        0.7796542429,
        0.0487886004,
        -0.0022172357,
        0.0001973107,
    ]
    fitted = fit(gbsg)
    assert fitted.coefficients == pytest.approx(expected, abs=6e-11)
    assert fitted.log_likelihood == pytest.approx(-1735.732104, abs=1e-6)
    assert null_log_likelihood(gbsg[1]) == pytest.approx(-1788.104737, abs=1e-6)


@pytest.mark.requirement("R-STAT-1")
def test_gbsg_concordance_equals_that_of_r(gbsg):
    table, outcomes = gbsg
    scores = table.to_numpy() @ fit(gbsg).coefficients
    assert estimate_concordance(scores, outcomes) == pytest.approx(0.691851028, abs=1e-9)


def test_gbsg_interaction_equals_that_of_r(gbsg):
    table, outcomes = gbsg
    z, hormon = z_pgr(table), table["hormon"].to_numpy()
    fitted = fit_cox(np.column_stack([hormon, z, hormon * z]), outcomes)
    assert fitted.coefficients == pytest.approx([-0.4075321069, -0.3141688402, -0.3039787447], abs=1e-10)


def test_gbsg_interaction_test_equals_that_of_r_whatever_the_scale_of_the_biomarker(gbsg):
    table, outcomes = gbsg
    for biomarker in (z_pgr(table), 100 * z_pgr(table) - 7):
        found = fit_interaction(
            biomarker, (table["hormon"] == 1).to_numpy(), np.empty((len(table), 0)), outcomes, 0.95
        )
        assert found.chi2 == pytest.approx(6.032988, abs=1e-6)
        assert found.p == pytest.approx(0.014041, abs=1e-6)
    # R's z has standard deviation 1 with n - 1 in the denominator, ours with n.
    per_sd = np.sqrt((len(table) - 1) / len(table))
    assert np.log(found.ratio[0]) == pytest.approx(-0.3039787447 * per_sd, abs=1e-9)
    assert np.log(found.reference[0]) == pytest.approx(-0.3141688402 * per_sd, abs=1e-9)
    assert found.experimental[0] == pytest.approx(found.reference[0] * found.ratio[0], rel=1e-12)


def test_gbsg_log_rank_and_restricted_means_equal_those_of_r(gbsg):
    table, outcomes = gbsg
    treated = (table["hormon"] == 1).to_numpy()
    assert compute_logrank(outcomes, treated)[0] == pytest.approx(8.564780854, abs=1e-8)
    means = [
        compute_rmst(compute_curve(outcomes.take(np.flatnonzero(group)), 0.95), 1825)
        for group in (~treated, treated)
    ]
    assert means == pytest.approx([1264.118100, 1413.422085], abs=1e-6)


def test_standard_errors_agree_with_lifelines_at_its_tightest_precision(veteran):
    table, outcomes = veteran
    frame = table.assign(time=outcomes.times, event=outcomes.events)
    theirs = CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-12})
    ours = fit(veteran)
    assert ours.coefficients == pytest.approx(theirs.params_.to_numpy(), rel=1e-8, abs=1e-10)
    errors = np.sqrt(np.diag(ours.covariance))
    assert errors == pytest.approx(theirs.standard_errors_.to_numpy(), rel=1e-7)


@pytest.mark.requirement("R-STAT-1")
def test_kaplan_meier_and_its_limits_agree_with_lifelines(veteran):
    outcomes = veteran[1]
    theirs = KaplanMeierFitter().fit(outcomes.times, outcomes.events, alpha=0.1)
    limits = theirs.confidence_interval_survival_function_
    curve = [p for p in compute_curve(outcomes, 0.9) if p.survival > 0]
    times = [p.time for p in curve]
    assert [p.survival for p in curve] == pytest.approx(theirs.survival_function_.loc[times].iloc[:, 0])
    assert [p.lo for p in curve] == pytest.approx(limits.loc[times].iloc[:, 0].to_numpy())
    assert [p.hi for p in curve] == pytest.approx(limits.loc[times].iloc[:, 1].to_numpy())
    assert [p.at_risk for p in curve] == theirs.event_table.loc[times, "at_risk"].tolist()


def test_log_rank_agrees_with_lifelines(gbsg):
    table, outcomes = gbsg
    big = (table["size"] > 25).to_numpy()
    theirs = logrank_test(
        outcomes.times[big], outcomes.times[~big], outcomes.events[big], outcomes.events[~big]
    )
    statistic, p = compute_logrank(outcomes, big)
    assert statistic == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert p == pytest.approx(theirs.p_value, rel=1e-9)


def test_concordance_agrees_with_scikit_survival_where_scores_are_tied(veteran):
    """Karnofsky scores are tied in 12 values; times are tied too, which scikit-survival counts as R does."""
    table, outcomes = veteran
    scores = -table["karno"].to_numpy()
    theirs = concordance_index_censored(outcomes.events, outcomes.times, scores)[0]
    assert estimate_concordance(scores, outcomes) == pytest.approx(theirs, abs=1e-12)


def test_bootstrap_limits_of_c_agree_with_a_jackknife(veteran):
    table, outcomes = veteran
    scores, n = -table["karno"].to_numpy(), len(table)
    without = [np.flatnonzero(np.arange(n) != i) for i in range(n)]
    left_out = np.array([estimate_concordance(scores[rows], outcomes.take(rows)) for rows in without])
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    c = compute_concordance(scores, outcomes, resamples=1000, level=0.95, seed=1)
    assert c.lo < c.estimate < c.hi
    assert c.hi - c.lo == pytest.approx(2 * 1.96 * error, rel=0.15)
