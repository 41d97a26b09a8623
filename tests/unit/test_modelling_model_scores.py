"""Scores and risks of every model of an arm: the measures of ``performance`` follow from these tables."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.special import expit

from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.baseline import Baseline
from radfeat.modelling.cohort import build_cohort
from radfeat.modelling.cross_validation import OutOfFold, RepeatScores, Rows
from radfeat.modelling.feasibility import judge_arm
from radfeat.modelling.horizons import Horizons
from radfeat.modelling.model_scores import build_risks, build_scores
from radfeat.modelling.predicted import predict_subjects
from studies import AGE, OS, PROGRESSION, RESPONSE, SHRINKAGE, binary, draw_study, make_settings

HORIZONS = (200.0, 400.0)
SETTINGS = make_settings(
    endpoints=(OS.model_copy(update={"horizons": HORIZONS}), RESPONSE, SHRINKAGE, PROGRESSION),
    covariates=(AGE,),
    repeats=3,
)
MODELS = {"radiomics", "clinical", "volume", "clinical_volume", "clinical_radiomics", "random_features"}

Row = Mapping[str, object]


@pytest.fixture(scope="module")
def results() -> dict[str, ArmResult]:
    study = draw_study(SETTINGS, prognostic=1.0)
    return {e.name: fit_arm(study, e.name, "control", SETTINGS) for e in SETTINGS.endpoints}


def estimate(result: ArmResult, model: str, metric: str) -> float:
    (found,) = (
        r["estimate"] for r in result.performance.to_pylist() if (r["model"], r["metric"]) == (model, metric)
    )
    assert found is not None
    return found


def outcomes_of(result: ArmResult) -> dict[str, Row]:
    """The row of each own subject in the first repeat, for its outcome."""
    rows = result.predictions.to_pylist()
    return {r["subject_id"]: r for r in rows if r["arm"] == r["model_arm"] and r["repeat"] == 1}


def scores_of(result: ArmResult, model: str, column: str = "score") -> list[dict[str, float]]:
    """Of each repeat, by subject."""
    rows = [r for r in result.model_scores.to_pylist() if r["model"] == model]
    return [
        {r["subject_id"]: r[column] for r in rows if r["repeat"] == repeat}
        for repeat in sorted({r["repeat"] for r in rows})
    ]


def risks_of(result: ArmResult, model: str, horizon: float = 0.0) -> dict[str, float]:
    rows = result.risks.to_pylist()
    return {r["subject_id"]: r["risk"] for r in rows if (r["model"], r["horizon"]) == (model, horizon)}


def share_ordered(pairs: list[tuple[str, str]], scores: Mapping[str, float]) -> float:
    """Share of pairs whose first scores above the second; one half of a tie."""
    gaps = [round(scores[a] - scores[b], 10) for a, b in pairs]
    return sum(1.0 if gap > 0 else 0.5 if gap == 0 else 0.0 for gap in gaps) / len(pairs)


@pytest.mark.parametrize("model", ["radiomics", "volume", "clinical_radiomics", "random_features"])
@pytest.mark.parametrize(("endpoint", "metric"), [("os", "harrell_c"), ("response", "auc")])
def test_discrimination_is_the_mean_over_the_repeats_in_the_table(
    results: dict[str, ArmResult], endpoint: str, metric: str, model: str
) -> None:
    known = outcomes_of(results[endpoint])
    pairs = [
        (a, b)
        for a in known
        for b in known
        if known[a]["event"]
        and (known[a]["time"] < known[b]["time"] if endpoint == "os" else not known[b]["event"])
    ]
    found = [share_ordered(pairs, scores) for scores in scores_of(results[endpoint], model)]
    assert len(found) == 3
    assert np.mean(found) == pytest.approx(estimate(results[endpoint], model, metric), abs=1e-12)


@pytest.mark.parametrize("model", ["radiomics", "clinical", "marginal"])
def test_brier_score_of_probabilities_follows_from_the_table(
    results: dict[str, ArmResult], model: str
) -> None:
    result = results["response"]
    known, risks = outcomes_of(result), risks_of(result, model)
    assert risks.keys() == known.keys()
    found = np.mean([(known[s]["event"] - risk) ** 2 for s, risk in risks.items()])
    assert found == pytest.approx(estimate(result, model, "brier"), abs=1e-12)


def test_observed_to_expected_follows_from_the_table(results: dict[str, ArmResult]) -> None:
    known, risks = outcomes_of(results["response"]), risks_of(results["response"], "volume")
    observed = np.mean([row["event"] for row in known.values()])
    found = observed / np.mean(list(risks.values()))
    assert found == pytest.approx(estimate(results["response"], "volume", "observed_to_expected"), abs=1e-12)

    known = outcomes_of(results["os"])
    for horizon in HORIZONS:
        survival = 1.0
        for time in sorted({r["time"] for r in known.values() if r["event"] and r["time"] <= horizon}):
            died = sum(r["time"] == time and r["event"] for r in known.values())
            survival *= 1 - died / sum(r["time"] >= time for r in known.values())
        found = (1 - survival) / np.mean(list(risks_of(results["os"], "volume", horizon).values()))
        wanted = estimate(results["os"], "volume", f"observed_to_expected_at_{horizon:g}")
        assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("endpoint", "horizon"), [("os", 400.0), ("response", 0.0)])
def test_curves_of_every_model_rest_on_the_risks_of_the_table(
    results: dict[str, ArmResult], endpoint: str, horizon: float
) -> None:
    result = results[endpoint]
    for model in MODELS:
        risks = np.array(list(risks_of(result, model, horizon).values()))
        groups = [r for r in result.calibration.to_pylist() if (r["model"], r["horizon"]) == (model, horizon)]
        total = sum(r["n"] * r["predicted"] for r in groups)
        assert total == pytest.approx(risks.sum(), abs=1e-12)
        for row in result.decision_curves.to_pylist():
            if (row["model"], row["horizon"]) == (model, horizon):
                assert row["treated"] == (risks >= row["threshold"] - 1e-10).sum()


def test_values_of_a_continuous_endpoint_and_their_means_follow_from_the_tables(
    results: dict[str, ArmResult],
) -> None:
    result = results["shrinkage"]
    known, values = outcomes_of(result), risks_of(result, "clinical")
    measured = np.array([known[s]["value"] for s in values])
    errors = measured - np.array(list(values.values()))
    predictors = scores_of(result, "clinical", "predictor")
    means = np.array([value - np.mean([p[s] for p in predictors]) for s, value in values.items()])
    found = np.sqrt((errors**2).mean())
    assert found == pytest.approx(estimate(result, "clinical", "rmse"), abs=1e-12)
    share = 1 - (errors**2).sum() / ((measured - means) ** 2).sum()
    assert share == pytest.approx(estimate(result, "clinical", "r_squared"), abs=1e-12)


def test_scores_of_the_radiomic_model_are_those_of_the_predictions(results: dict[str, ArmResult]) -> None:
    for result in results.values():
        own = [r for r in result.predictions.to_pylist() if r["arm"] == "control"]
        wanted = {(r["subject_id"], r["repeat"]): (r["fold"], r["score"]) for r in own}
        found = [r for r in result.model_scores.to_pylist() if r["model"] == "radiomics"]
        assert {(r["subject_id"], r["repeat"]): (r["fold"], r["score"]) for r in found} == wanted


def test_every_model_has_all_own_subjects_and_no_other(results: dict[str, ArmResult]) -> None:
    for endpoint, result in results.items():
        scores, risks = result.model_scores.to_pylist(), result.risks.to_pylist()
        assert {r["model"] for r in scores} == MODELS
        assert len(scores) == len(MODELS) * 30 * 3
        assert {r["subject_id"] for r in scores} == outcomes_of(result).keys()
        moments = {"os": HORIZONS, "progression": ()}.get(endpoint, (0.0,))
        assert {(r["model"], r["horizon"]) for r in risks} == {
            (model, horizon) for model in (*MODELS, "marginal") for horizon in moments
        }
        assert len(risks) == (len(MODELS) + 1) * 30 * len(moments)


def test_where_events_compete_there_are_scores_and_no_risks(results: dict[str, ArmResult]) -> None:
    assert results["progression"].model_scores.num_rows > 0
    assert results["progression"].risks.num_rows == 0
    assert results["progression"].risks.column_names == results["os"].risks.column_names


def test_score_that_a_repeat_lacks_is_null_and_a_subject_without_any_has_no_risk() -> None:
    cohort = build_cohort(draw_study(SETTINGS), "response", ["control"])
    verdict = judge_arm(cohort, "control", SETTINGS, None)
    rows = Rows(("a", "b", "c", "out"), ("x", "x", "x", "y"), np.empty((4, 0)), binary([1, 0, 1, 0]))
    folds, none = np.array([0, 1, 0, 1]), np.empty((0, 0))
    baselines = (Baseline(np.empty(0), np.empty(0)),) * 2
    repeats = tuple(
        RepeatScores(np.array(s), np.full(4, -1), folds, none, 0, 0, 0, 2 * np.array(s), baselines)
        for s in ([0.5, np.nan, np.nan, 9.0], [1.0, 0.25, np.nan, 9.0])
    )
    result = {"m": OutOfFold(rows, 3, repeats)}
    table = build_scores(result, verdict).to_pylist()
    assert [(r["subject_id"], r["repeat"], r["fold"], r["score"], r["predictor"]) for r in table] == [
        ("a", 1, 1, 0.5, 1.0),
        ("a", 2, 1, 1.0, 2.0),
        ("b", 1, 2, None, None),
        ("b", 2, 2, 0.25, 0.5),
        ("c", 1, 1, None, None),
        ("c", 2, 1, None, None),
    ]
    horizons = Horizons((), 0.0, "", (0.01, 0.99))
    predicted = [predict_subjects("m", result["m"], ())]
    risks = build_risks(result, predicted, horizons, verdict).to_pylist()
    wanted = {"a": np.mean([expit(1.0), expit(2.0)]), "b": expit(0.5)}
    assert {r["subject_id"]: r["risk"] for r in risks} == pytest.approx(wanted, abs=1e-12)
