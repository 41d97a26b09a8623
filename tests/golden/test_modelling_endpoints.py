"""Competing risks, stratification factors and continuous endpoints against R.

The numbers are those of R 4.2.2 and survival 3.5-3, written by ``tests/golden/r/endpoints.R`` to
``endpoints.csv``; ``endpoints_session.txt`` says on what and when. Competing causes are made up.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from survival_data import load_gbsg, load_veteran

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.agreement import define_pearson, define_spearman
from radfeat.modelling.evaluation import compare_strata
from radfeat.modelling.incidence import compute_incidence
from radfeat.modelling.interaction_fit import Interaction, Measure, fit_interaction
from radfeat.modelling.outcomes import Flags, Outcomes
from radfeat.modelling.regression import fit_cox, fit_regression
from radfeat.modelling.stratified import fit_stratified
from radfeat.modelling.survival import compute_curve, compute_logrank
from studies import continuous

CSV = Path(__file__).parent / "r" / "endpoints.csv"
R = {
    (row["data"], row["measure"], row["at"]): float(row["value"])
    for row in csv.DictReader(CSV.read_text(encoding="utf-8").splitlines())
}
Data = tuple[pd.DataFrame, Outcomes]


@pytest.fixture(scope="module")
def veteran() -> Data:
    return load_veteran()


@pytest.fixture(scope="module")
def gbsg() -> Data:
    return load_gbsg()


def compete(outcomes: Outcomes, is_other: Flags) -> Outcomes:
    """Events of some subjects as if they were of another cause."""
    return replace(
        outcomes, events=outcomes.events & ~is_other, competing=np.asarray(outcomes.events & is_other)
    )


def split(data: Data, name: str) -> tuple[Outcomes, dict[str, Flags]]:
    table, outcomes = data
    if name == "veteran":
        return compete(outcomes, (table["prior"] == 10).to_numpy()), {
            "1": (table["trt"] == 1).to_numpy(),
            "2": (table["trt"] == 2).to_numpy(),
        }
    return compete(outcomes, (table["grade3"] == 1).to_numpy()), {
        "0": (table["hormon"] == 0).to_numpy(),
        "1": (table["hormon"] == 1).to_numpy(),
    }


@pytest.mark.parametrize("name", ["veteran", "gbsg", "veteran_one"])
def test_cumulative_incidences_and_their_limits_equal_those_of_r(name, request):
    data = request.getfixturevalue(name.removesuffix("_one"))
    outcomes, groups = split(data, name.removesuffix("_one"))
    if name.endswith("_one"):
        outcomes = compete(data[1], np.zeros(len(data[1]), dtype=np.bool_))
    compared = 0
    for group, members in groups.items():
        points = compute_incidence(outcomes.take(np.flatnonzero(members)), 0.95)
        for part in ("event", "event_lo", "event_hi", "competing"):
            expected = {at: v for (d, m, at), v in R.items() if (d, m) == (name, f"{part}_{group}")}
            for at, value in expected.items():
                cause = part.partition("_")[0]
                last = [p for p in points if p.cause == cause and p.time <= float(at)][-1]
                found = {"lo": last.lo, "hi": last.hi}.get(part.partition("_")[2], last.incidence)
                assert found == pytest.approx(value, rel=1e-10), part
                compared += 1
    assert compared == 24


def test_incidence_is_less_than_one_minus_kaplan_meier_with_competing_events_censored(gbsg):
    outcomes, _ = split(gbsg, "gbsg")
    event = [p for p in compute_incidence(outcomes, 0.95) if p.cause == "event"]
    assert event[-1].incidence < 1 - compute_curve(outcomes, 0.95)[-1].survival - 0.05


def test_cause_specific_cox_regression_equals_that_of_r(veteran):
    outcomes, _ = split(veteran, "veteran")
    fitted = fit_cox(veteran[0][["trt", "karno"]].to_numpy(), outcomes)
    expected = [R["veteran", f"cause_{name}", "NA"] for name in ("trt", "karno")]
    assert fitted.coefficients == pytest.approx(expected, rel=1e-9)
    assert fitted.log_likelihood == pytest.approx(R["veteran", "cause_loglik", "NA"], rel=1e-11)


def stratify_veteran(data: Data) -> Outcomes:
    table, outcomes = data
    cells = table[["smallcell", "adeno", "large"]].to_numpy().astype(int)
    return replace(outcomes, levels=tuple((str(tuple(c)),) for c in cells.tolist()))


def test_stratified_cox_regression_equals_that_of_r(veteran):
    fitted = fit_stratified(veteran[0][["trt", "karno"]].to_numpy(), stratify_veteran(veteran))
    expected = [R["veteran", f"strata_{name}", "NA"] for name in ("trt", "karno")]
    assert fitted.coefficients == pytest.approx(expected, rel=1e-8)
    assert fitted.log_likelihood == pytest.approx(R["veteran", "strata_loglik", "NA"], rel=1e-11)
    assert np.sqrt(fitted.covariance[0, 0]) == pytest.approx(R["veteran", "strata_se_trt", "NA"], rel=1e-8)


def stratify_gbsg(data: Data, outcomes: Outcomes) -> Outcomes:
    table = data[0]
    grade = 1 + table["grade2"] + 2 * table["grade3"]
    return replace(outcomes, levels=tuple(zip(grade.astype(str), table["meno"].astype(str), strict=True)))


def test_stratified_log_rank_equals_that_of_r(veteran, gbsg):
    found = compute_logrank(stratify_veteran(veteran), (veteran[0]["trt"] == 2).to_numpy())
    assert found[0] == pytest.approx(R["veteran", "strata_logrank", "NA"], rel=1e-9)
    found = compute_logrank(stratify_gbsg(gbsg, gbsg[1]), (gbsg[0]["hormon"] == 1).to_numpy())
    assert found[0] == pytest.approx(R["gbsg", "strata_logrank", "NA"], rel=1e-9)


def interact(data: Data, outcomes: Outcomes) -> Interaction:
    """Hormon by log1p(pgr); the factors are given as covariates too, and must not enter twice."""
    table = data[0]
    covariates = table[["age", "grade3", "meno"]].to_numpy()
    found = fit_interaction(
        np.log1p(table["pgr"].to_numpy()),
        (table["hormon"] == 1).to_numpy(),
        covariates,
        stratify_gbsg(data, outcomes),
        0.95,
    )
    assert found is not None
    return found


def test_interaction_in_strata_equals_that_of_r(gbsg):
    found = interact(gbsg, gbsg[1])
    assert np.log(found.ratio[0]) == pytest.approx(R["gbsg", "strata_interaction", "NA"], rel=1e-8)
    assert found.chi2 == pytest.approx(R["gbsg", "strata_lrt", "NA"], rel=1e-7)
    assert found.measure is Measure.HAZARD_RATIO


def test_logistic_interaction_with_indicators_of_factors_equals_that_of_r(gbsg):
    early = gbsg[1].events & (gbsg[1].times < 730)
    found = interact(gbsg, Outcomes(EndpointKind.BINARY, np.full(len(early), np.nan), early))
    assert np.log(found.ratio[0]) == pytest.approx(R["gbsg", "logistic_interaction", "NA"], rel=1e-8)
    assert found.chi2 == pytest.approx(R["gbsg", "logistic_lrt", "NA"], rel=1e-7)


def test_linear_interaction_and_its_f_test_equal_those_of_r(gbsg):
    found = interact(gbsg, continuous(np.log1p(gbsg[0]["er"]).tolist()))
    expected = [R["gbsg", f"linear_{name}", "NA"] for name in ("interaction", "lo", "hi")]
    assert found.ratio == pytest.approx(expected, rel=1e-9)
    assert found.reference[0] == pytest.approx(R["gbsg", "linear_reference", "NA"], rel=1e-9)
    assert found.f == pytest.approx(R["gbsg", "linear_f", "NA"], rel=1e-8)
    assert found.df == R["gbsg", "linear_df", "NA"]
    assert found.p == pytest.approx(R["gbsg", "linear_p", "NA"], rel=1e-8)
    assert found.chi2 is None


def test_mean_difference_and_correlations_equal_those_of_r(gbsg):
    table = gbsg[0]
    outcomes = continuous(np.log1p(table["er"]).tolist())
    group = (table["hormon"] == 1).to_numpy()
    fitted = fit_regression(group.astype(float)[:, None], outcomes)
    assert fitted.log_likelihood == pytest.approx(R["gbsg", "linear_loglik", "NA"], rel=1e-11)
    estimate, lo, _ = compare_strata(outcomes, group, 0.95)
    assert estimate == pytest.approx(R["gbsg", "mean_difference", "NA"], rel=1e-9)
    assert lo == pytest.approx(R["gbsg", "mean_difference_lo", "NA"], rel=1e-9)
    once = np.ones((1, len(table)))
    a, b = table["pgr"].to_numpy(), table["er"].to_numpy()
    assert define_spearman(a, b)(once)[0] == pytest.approx(R["gbsg", "spearman", "NA"], rel=1e-10)
    assert define_pearson(a, b)(once)[0] == pytest.approx(R["gbsg", "pearson", "NA"], rel=1e-10)
