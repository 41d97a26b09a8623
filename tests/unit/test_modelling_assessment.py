"""Horizons, calibration, net benefit, restricted means, and what an arm's tables hold of them."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.analyses import count_analyses
from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.calibration import (
    estimate_risk,
    list_calibration,
    measure_intercept,
    measure_observed_to_expected,
    measure_slope,
)
from radfeat.modelling.cross_validation import OutOfFold, RepeatScores, Rows, Schedule, cross_validate
from radfeat.modelling.decision import list_decisions, list_thresholds
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.evaluation import measure_means
from radfeat.modelling.fold_model import MarginalFit, PlainFit
from radfeat.modelling.horizons import Horizons, resolve_horizons
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.predicted import Predicted, predict_subjects
from radfeat.modelling.restricted_means import build_restricted_means, measure_rmst
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEASIBILITY, PERFORMANCE, PREDICTIONS
from studies import AGE, OS, RESPONSE, binary, draw_study, make_settings, survival

HORIZON_400 = OS.model_copy(update={"horizons": (200.0, 400.0)})
SETTINGS = make_settings(endpoints=(HORIZON_400, RESPONSE), covariates=(AGE,), permutations=1)


def predicted_of(risks: Floats, outcomes: Outcomes, horizon: float = 1.0) -> Predicted:
    logits = np.log(risks / (1 - risks))
    return Predicted("m", logits[None], logits[None], np.array([horizon]), risks[:, None], outcomes)


@pytest.fixture(scope="module", params=["os", "response"])
def fitted(request: pytest.FixtureRequest) -> ArmResult:
    return fit_arm(draw_study(SETTINGS, prognostic=2.0), request.param, "control", SETTINGS)


def metrics(result: ArmResult) -> dict[tuple[str, str], dict[str, object]]:
    return {(r["model"], r["metric"]): r for r in result.performance.to_pylist()}


def test_horizon_without_declaration_is_the_median_observed_time_of_all_arms() -> None:
    study = draw_study(make_settings())
    found = resolve_horizons(study, OS)
    assert found.times == (float(np.median(study.outcomes["os"].times)),)
    assert found.truncation == found.times[0]
    assert "median_observed_time: 60 subjects of all arms" in found.origin
    swapped = replace(study, arms=tuple(reversed(study.arms)))
    assert resolve_horizons(swapped, OS) == found, "blind to arms"


def test_all_arms_are_judged_at_the_horizon_of_all_subjects() -> None:
    settings = make_settings(min_events=1000)
    study = draw_study(settings)
    results = [fit_arm(study, "os", arm, settings) for arm in settings.arms]
    found = {row["horizon"] for result in results for row in result.restricted_means.to_pylist()}
    assert found == {float(np.median(study.outcomes["os"].times))}


def test_declared_horizons_and_truncation_are_kept() -> None:
    study = draw_study(make_settings())
    found = resolve_horizons(study, HORIZON_400.model_copy(update={"uno_truncation": 350.0}))
    assert (found.times, found.truncation, found.origin, found.last) == (
        (200.0, 400.0),
        350.0,
        "declared",
        400.0,
    )
    assert resolve_horizons(study, HORIZON_400).truncation == 400.0
    assert resolve_horizons(study, RESPONSE).times == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"horizons": (400.0, 200.0)},
        {"horizons": (200.0, 200.0)},
        {"horizons": (0.0,)},
        {"horizons": (float("inf"),)},
        {"uno_truncation": 0.0},
        {"thresholds": (0.5, 0.2)},
        {"thresholds": (0.0, 0.2)},
        {"kind": EndpointKind.BINARY, "time": None, "event": None, "column": "c", "horizons": (1.0,)},
    ],
)
def test_impossible_horizons_and_thresholds_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EndpointSettings.model_validate(OS.model_dump() | changes)


def test_observed_risk_is_kaplan_meier_or_a_share_and_unknown_beyond_the_last() -> None:
    outcomes = survival([1, 2, 3, 4], [1, 0, 1, 0])
    assert estimate_risk(outcomes, 2.0, 0.95).estimate == pytest.approx(1 / 4)
    assert estimate_risk(outcomes, 4.0, 0.95).estimate == pytest.approx(1 - 3 / 4 * 1 / 2)
    assert estimate_risk(outcomes, 4.5, 0.95).estimate is None
    assert estimate_risk(outcomes, 0.5, 0.95).estimate == 0
    assert estimate_risk(survival([1, 2], [0, 1]), 9.0, 0.95).estimate == 1, "all had it: the curve ends at 0"
    share = estimate_risk(binary([1, 0, 0, 0]), 0.0, 0.95)
    assert (share.estimate, share.lo) == pytest.approx((0.25, 0.0455873), abs=1e-6)


def test_calibration_of_risks_that_are_right_and_twice_too_high() -> None:
    outcomes = binary([1] + [0] * 9 + [1] * 5 + [0] * 5)
    risks = np.array([0.1] * 10 + [0.5] * 10)
    right = predicted_of(risks, outcomes)
    assert measure_observed_to_expected(right, 0.0, 0.95).estimate == pytest.approx(1.0)
    assert measure_intercept(right, 0.95).estimate == pytest.approx(0.0, abs=1e-8)
    assert measure_slope(right, 0.95).estimate == pytest.approx(1.0, abs=1e-6)
    doubled = replace(right, predictors=2 * right.predictors)
    assert measure_slope(doubled, 0.95).estimate == pytest.approx(0.5, abs=1e-6)
    high = predicted_of(np.array([0.2] * 20), binary([1, 1] + [0] * 18))
    assert measure_observed_to_expected(high, 0.0, 0.95).estimate == pytest.approx(0.5)
    assert measure_intercept(high, 0.95).estimate == pytest.approx(np.log(0.1 / 0.9) - np.log(0.25), abs=1e-8)


def test_calibration_that_is_undefined_is_none() -> None:
    flat = Predicted(
        "m", np.zeros((1, 3)), np.zeros((1, 3)), np.empty(0), np.full((3, 1), 0.5), binary([1, 0, 1])
    )
    assert measure_slope(flat, 0.95).estimate is None
    certain = replace(flat, risks=np.array([[0.0], [0.5], [1.0]]))
    assert measure_intercept(certain, 0.95).estimate is None
    none = replace(flat, risks=np.zeros((3, 1)))
    assert measure_observed_to_expected(none, 0.0, 0.95).estimate is None


def test_groups_are_by_risk_and_keep_equal_risks_together() -> None:
    outcomes = binary([0, 1, 0, 1, 1, 1])
    rows = list(
        list_calibration(predicted_of(np.array([0.1, 0.2, 0.1, 0.6, 0.6, 0.9]), outcomes), 0.0, 3, 0.95)
    )
    assert [(r["group"], r["n"], r["events"]) for r in rows] == [(1, 2, 0), (2, 3, 3), (3, 1, 1)]
    assert rows[1]["predicted"] == pytest.approx((0.2 + 0.6 + 0.6) / 3)
    same = predicted_of(np.full(6, 0.3), outcomes)
    assert [r["n"] for r in list_calibration(same, 0.0, 3, 0.95)] == [6]


def test_net_benefit_counts_true_positives_less_false_ones_at_the_odds() -> None:
    risks = np.array([0.1, 0.2, 0.2, 0.6, 0.9])
    rows = {
        r["threshold"]: r
        for r in list_decisions(predicted_of(risks, binary([0, 1, 0, 0, 1])), 0.0, (0.01, 0.99))
    }
    assert (rows[0.2]["treated"], rows[0.21]["treated"]) == (4, 2), "a risk equal to the threshold is treated"
    assert rows[0.2]["net_benefit"] == pytest.approx(2 / 5 - 2 / 5 * 0.25)
    assert rows[0.5]["net_benefit"] == pytest.approx(1 / 5 - 1 / 5)
    assert rows[0.95]["net_benefit"] == 0.0
    assert rows[0.2]["net_benefit_all"] == pytest.approx(2 / 5 - 3 / 5 * 0.25)
    assert list_thresholds((0.05, 0.08)) == [0.05, 0.06, 0.07, 0.08]


def test_net_benefit_of_a_time_to_event_rests_on_kaplan_meier_among_those_treated() -> None:
    outcomes = survival([1, 2, 3, 4, 5, 6], [1, 0, 1, 0, 1, 0])
    risks = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    (row,) = (
        r
        for r in list_decisions(predicted_of(risks, outcomes, 3.5), 3.5, (0.49, 0.51))
        if r["threshold"] == 0.5
    )
    risk = 1 - 3 / 4 * 1 / 2
    assert row["net_benefit"] == pytest.approx(4 / 6 * (risk - (1 - risk)))
    (row,) = (
        r
        for r in list_decisions(predicted_of(risks, outcomes, 4.5), 4.5, (0.49, 0.51))
        if r["threshold"] == 0.5
    )
    assert row["net_benefit"] is None, "those treated are not observed so long"


def test_restricted_mean_and_its_error_by_hand() -> None:
    found = measure_rmst(survival([1, 2, 3, 4], [1, 1, 0, 0]), 3.0)
    # Survival 1, 3/4, 1/2 over three units; variance (5/4)² 1/12 + (1/2)² 1/6.
    assert found is not None
    assert found.mean == pytest.approx(1 + 0.75 + 0.5)
    assert found.error == pytest.approx(np.sqrt(1.25**2 / 12 + 0.25 / 6))
    assert measure_rmst(survival([1, 2, 3], [1, 1, 0]), 3.5) is None
    assert measure_rmst(survival([1, 2], [1, 1]), 3.5) is not None, "survival is 0 from 2 on"
    assert measure_rmst(survival([], []), 1.0) is None


def test_restricted_means_of_arms_and_strata_are_compared_within_each_other() -> None:
    outcomes = survival([1, 4, 2, 4, 3, 4], [1, 0, 1, 0, 1, 0])
    rows = Rows(tuple("abcdef"), ("x", "x", "x", "x", "y", "y"), np.zeros((6, 1)), outcomes)
    strata = np.array([1, 1, 0, 0, 1, -1])
    table = build_restricted_means("os", "x", rows, strata, (3.0,), 0.95, "x")
    found = {(r["arm"], r["stratum"]): r for r in table.to_pylist()}
    assert found.keys() == {("x", "all"), ("x", "low"), ("x", "high"), ("y", "all"), ("y", "high")}
    assert found["x", "high"]["rmst"] == pytest.approx(1 + 0.5 * 2)
    assert found["x", "high"]["high_minus_low"] == pytest.approx(2.0 - 2.5)
    assert found["x", "low"]["high_minus_low"] is None
    assert found["y", "high"]["arm_minus_reference"] == pytest.approx(3.0 - 2.0)
    assert found["y", "high"]["high_minus_low"] is None, "no subject is low there"
    assert found["x", "high"]["arm_minus_reference"] is None


def test_risks_out_of_fold_are_those_of_the_training_folds_alone() -> None:
    """Two folds, no predictor: each subject has the Breslow risk of the other fold."""
    outcomes = survival([1, 2, 3, 4], [1, 1, 1, 1])
    rows = Rows(("a", "b", "c", "d"), ("x",) * 4, np.zeros((4, 1)), outcomes)
    result = cross_validate(rows, None, MarginalFit(), Schedule(2, (1,)))
    found = predict_subjects("marginal", result, (2.5,))
    folds = result.repeats[0].folds
    for i in range(4):
        others = [j for j in range(4) if folds[j] != folds[i]]
        hazard = sum(
            1 / sum(outcomes.times[k] >= outcomes.times[j] for k in others)
            for j in others
            if outcomes.times[j] <= 2.5
        )
        assert found.risk_at(2.5)[i] == pytest.approx(1 - np.exp(-hazard))


def test_outcome_of_a_subject_does_not_alter_its_own_risk() -> None:
    rng = np.random.default_rng(3)
    times, x = rng.exponential(size=30), rng.normal(size=(30, 1))
    ids = tuple(f"s{i}" for i in range(30))

    def risk(last: float) -> tuple[float, float]:
        outcomes = survival([*times[:-1].tolist(), last], [1] * 30)
        result = cross_validate(Rows(ids, ("x",) * 30, x, outcomes), None, PlainFit(), Schedule(3, (1,)))
        risks = predict_subjects("m", result, (0.7,)).risk_at(0.7)
        return float(risks[-1]), float(risks[:-1].sum())

    (own, others), (moved, moved_others) = risk(0.1), risk(5.0)
    assert own == moved
    assert others != moved_others


@pytest.mark.parametrize(
    ("strata", "words"),
    [
        ([-1, -1, -1, -1], "No subject has a stratum: all have one score."),
        ([0, 0, 0, -1], "A stratum is empty or not observed so long."),
    ],
)
def test_why_there_is_no_difference_of_means_is_said(strata: list[int], words: str) -> None:
    outcomes = survival([1, 2, 3, 4], [1, 1, 1, 1])
    rows = Rows(tuple("abcd"), ("x",) * 4, np.empty((4, 0)), outcomes)
    folds, none = np.zeros(4, dtype=np.intp), np.empty((1, 0))
    repeat = RepeatScores(np.zeros(4), np.array(strata), folds, none, 0, 1, 0, np.zeros(4), (None,))
    (metric,) = measure_means(
        OutOfFold(rows, 4, (repeat,)), Horizons((2.0,), 2.0, "declared", (0.1, 0.9)), SETTINGS
    )
    assert metric.estimate is None
    assert metric.method.endswith(words)


def test_arm_has_metrics_of_risk_for_every_model(fitted: ArmResult) -> None:
    found = metrics(fitted)
    if fitted.model.endpoint == "os":
        wanted = ["uno_c", "calibration_slope", "integrated_brier"]
        wanted += [f"{m}_at_{h}" for m in ("auc", "brier", "observed_to_expected") for h in (200, 400)]
        assert found["radiomics", "uno_c"]["horizon"] == 400.0
        assert found["radiomics", "auc_at_200"]["horizon"] == 200.0
        assert "Horizon 200 (declared)" in str(found["radiomics", "auc_at_200"]["method"])
        assert ("radiomics", "rmst_high_minus_low_at_400") in found
        assert {n for m, n in found if m == "marginal"} == {
            "brier_at_200",
            "brier_at_400",
            "integrated_brier",
        }
        better = "brier_at_400"
    else:
        wanted = ["brier", "calibration_slope", "calibration_intercept", "observed_to_expected"]
        assert {n for m, n in found if m == "marginal"} == {"brier"}
        better = "brier"
    for model in ("radiomics", "clinical", "volume", "clinical_volume"):
        assert {n for m, n in found if m == model} >= set(wanted)
    assert found["radiomics", better]["estimate"] < found["marginal", better]["estimate"]
    slope = found["radiomics", "calibration_slope"]
    assert slope["lo"] < slope["estimate"] < slope["hi"]


def test_arm_has_curves_of_calibration_and_net_benefit(fitted: ArmResult) -> None:
    horizons = {200.0, 400.0} if fitted.model.endpoint == "os" else {0.0}
    calibration = fitted.calibration.to_pylist()
    models = {"radiomics", "clinical", "volume", "clinical_volume", "clinical_radiomics", "random_features"}
    assert {(r["model"], r["horizon"]) for r in calibration} == {(m, h) for m in models for h in horizons}
    own = [r for r in calibration if r["model"] == "radiomics" and r["horizon"] == max(horizons)]
    assert sum(r["n"] for r in own) == 30
    assert [r["predicted"] for r in own] == sorted(r["predicted"] for r in own)
    decisions = fitted.decision_curves.to_pylist()
    assert {(r["model"], r["horizon"]) for r in decisions} == {(m, h) for m in models for h in horizons}
    assert len(decisions) == 99 * len(models) * len(horizons)
    gain = [
        r["net_benefit"] - max(r["net_benefit_all"], 0)
        for r in decisions
        if r["model"] == "radiomics" and r["net_benefit"] is not None and 0.3 < r["threshold"] < 0.7
    ]
    assert np.mean(gain) > 0, "a strong effect is of use"


def test_horizon_that_nobody_reaches_is_said_and_has_no_number() -> None:
    far = OS.model_copy(update={"horizons": (9999.0,)})
    settings = make_settings(endpoints=(far,))
    study = draw_study(settings, seed=1)
    own = [i for i, arm in enumerate(study.arms) if arm == "control"]
    outcomes = study.outcomes["os"].take(np.array(own))
    assert not outcomes.events[outcomes.times.argmax()], "the last one is censored"
    found = metrics(fit_arm(study, "os", "control", settings))
    for name in ("auc_at_9999", "brier_at_9999", "observed_to_expected_at_9999", "integrated_brier"):
        row = found["radiomics", name]
        assert row["estimate"] is None
        assert str(row["method"]).endswith("Undefined here.")
    assert found["radiomics", "uno_c"]["estimate"] is not None


def test_analyses_are_counted_from_the_tables() -> None:
    settings = make_settings(candidates=("f1",), min_events=8)
    study = draw_study(settings)
    results = [fit_arm(study, "os", arm, settings) for arm in settings.arms]
    interactions = build_interactions(study, "os", build_table(PREDICTIONS, []), settings)

    def join(name: str):
        rows = [row for r in results for row in getattr(r, name).to_pylist()]
        return build_table({"feasibility": FEASIBILITY, "performance": PERFORMANCE}[name], rows)

    rows = count_analyses(join("feasibility"), join("performance"), interactions).to_pylist()
    found = {r["kind"]: (r["planned"], r["run"]) for r in rows}
    assert found["models"] == (2, 2)
    assert found["comparators"] == (8, 8), "volume, random features, sites left out, no predictor; two arms"
    assert found["interactions_score"] == (2, 0), "without predictions no score is tested"
    assert found["interactions_candidate"] == (1, 1)
    assert found["interactions_screen"] == (0, 0)
    assert found["p_values"] == (2, 2)
