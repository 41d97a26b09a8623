"""Uno's C, AUC, Brier scores, restricted means and calibration slope against R.

The numbers are those of R 4.2.2 and survival 3.5-3, written by ``tests/golden/r/accuracy.R`` to
``accuracy.csv``; ``session.txt`` says on what and when. Brier score and AUC follow their formulas there.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from sksurv.metrics import brier_score, concordance_index_ipcw, cumulative_dynamic_auc
from sksurv.util import Surv
from survival_data import load_gbsg, load_veteran

from radfeat.modelling.accuracy import define_auc, define_brier, define_integrated_brier, define_uno
from radfeat.modelling.baseline import fit_baseline, predict_risks
from radfeat.modelling.calibration import estimate_risk, measure_slope
from radfeat.modelling.concordance import estimate_concordance
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.predicted import Predicted
from radfeat.modelling.regression import fit_cox
from radfeat.modelling.resampling import Statistic
from radfeat.modelling.restricted_means import measure_rmst
from radfeat.modelling.survival import compute_logrank

CSV = Path(__file__).parent / "r" / "accuracy.csv"
HORIZONS = {"veteran": (90.0, 250.0), "gbsg": (730.0, 1825.0)}


def read_golden(data: str) -> dict[tuple[str, float | None], float]:
    with CSV.open(encoding="utf-8", newline="") as lines:
        return {
            (row["measure"], None if row["at"] == "NA" else float(row["at"])): float(row["value"])
            for row in csv.DictReader(lines)
            if row["data"] == data
        }


@pytest.fixture(scope="module", params=["veteran", "gbsg"])
def judged(request):
    """Name, scores as in R's ``predict(type = "lp")``, outcomes, the two groups, R's numbers."""
    table, outcomes = load_veteran() if request.param == "veteran" else load_gbsg()
    design = table.to_numpy()
    scores = (design - design.mean(axis=0)) @ fit_cox(design, outcomes).coefficients
    second = (table["trt"] == 2 if request.param == "veteran" else table["hormon"] == 1).to_numpy()
    return request.param, scores, outcomes, second, read_golden(request.param)


def value(statistic: Statistic, outcomes: Outcomes) -> float:
    return float(statistic(np.ones((1, len(outcomes))))[0])


def risks_of(scores: Floats, outcomes: Outcomes, times: Floats) -> Floats:
    return predict_risks(fit_baseline(scores, outcomes), scores, times)


def test_concordances_equal_those_of_r(judged):
    name, scores, outcomes, _, golden = judged
    assert estimate_concordance(scores, outcomes) == pytest.approx(golden["harrell_c", None], abs=1e-10)
    uno = define_uno(scores, outcomes, np.inf)
    assert value(uno, outcomes) == pytest.approx(golden["uno_c", None], abs=1e-10)
    for horizon in HORIZONS[name]:
        uno = define_uno(scores, outcomes, horizon)
        assert value(uno, outcomes) == pytest.approx(golden["uno_c", horizon], abs=1e-10)


@pytest.mark.requirement("R-STAT-1")
def test_auc_and_brier_scores_at_horizons_equal_those_of_r(judged):
    name, scores, outcomes, _, golden = judged
    for horizon in HORIZONS[name]:
        risks = risks_of(scores, outcomes, np.array([horizon]))[:, 0]
        assert risks.mean() == pytest.approx(golden["risk_mean", horizon], abs=1e-9)
        assert value(define_auc(scores, outcomes, horizon), outcomes) == pytest.approx(
            golden["auc", horizon], abs=1e-10
        )
        assert value(define_brier(risks, outcomes, horizon), outcomes) == pytest.approx(
            golden["brier", horizon], abs=1e-9
        )
        grid = np.unique(outcomes.times)
        integrated = define_integrated_brier(risks_of(scores, outcomes, grid), outcomes, grid, horizon)
        assert value(integrated, outcomes) == pytest.approx(golden["integrated_brier", horizon], abs=1e-9)


def test_observed_risks_and_restricted_means_equal_those_of_r(judged):
    name, _, outcomes, second, golden = judged
    for horizon in HORIZONS[name]:
        observed = estimate_risk(outcomes, horizon, 0.95).estimate
        assert observed == pytest.approx(golden["observed_risk", horizon], abs=1e-10)
        for number, group in ((1, ~second), (2, second)):
            found = measure_rmst(outcomes.take(np.flatnonzero(group)), horizon)
            assert found.mean == pytest.approx(golden[f"rmst_{number}", horizon], rel=1e-10)
            assert found.error == pytest.approx(golden[f"rmst_error_{number}", horizon], rel=1e-9)


@pytest.mark.requirement("R-STAT-1")
def test_calibration_slope_and_log_rank_equal_those_of_r(judged):
    _, scores, outcomes, second, golden = judged
    halved = Predicted("m", scores[None] / 2, scores[None] / 2, np.empty(0), np.empty((0, 0)), outcomes)
    slope = measure_slope(halved, 0.95)
    assert slope.estimate == pytest.approx(golden["slope_of_half", None], abs=1e-8)
    half = 1.959963984540054 * golden["slope_error_of_half", None]
    assert (slope.lo, slope.hi) == pytest.approx((slope.estimate - half, slope.estimate + half), abs=1e-8)
    assert compute_logrank(outcomes, second)[0] == pytest.approx(golden["logrank", None], rel=1e-9)


def test_measures_agree_with_scikit_survival_where_no_event_is_tied_with_a_censoring(judged):
    """It takes the share not censored just after an event's time, R and this package that just before."""
    name, scores, outcomes, _, _ = judged
    apart = Outcomes(outcomes.kind, outcomes.times + 0.5 * ~outcomes.events, outcomes.events)
    both = Surv.from_arrays(apart.events, apart.times)
    horizon = HORIZONS[name][0] + 0.25
    theirs = concordance_index_ipcw(both, both, scores, tau=horizon)[0]
    assert value(define_uno(scores, apart, horizon), apart) == pytest.approx(theirs, abs=1e-10)
    theirs = cumulative_dynamic_auc(both, both, scores, horizon)[0][0]
    assert value(define_auc(scores, apart, horizon), apart) == pytest.approx(theirs, abs=1e-10)
    risks = risks_of(scores, apart, np.array([horizon]))[:, 0]
    theirs = brier_score(both, both, 1 - risks, horizon)[1][0]
    assert value(define_brier(risks, apart, horizon), apart) == pytest.approx(theirs, abs=1e-10)
