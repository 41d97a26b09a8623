"""One endpoint in one arm, from the gate to the tables and the model."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from radfeat.core.errors import CohortError
from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.cohort import build_cohort
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.memory import Machine, estimate_memory_mb, limit_workers
from radfeat.modelling.model_files import score_model
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import PREDICTIONS, TABLES
from studies import AGE, draw_study, make_settings

SETTINGS = make_settings(covariates=(AGE,), permutations=3)
EFFECT = 3.0
NAMES = (
    "feasibility",
    "predictions",
    "performance",
    "coefficients",
    "selection",
    "survival_curves",
    "restricted_means",
    "calibration",
    "decision_curves",
    "model_scores",
    "risks",
)


@pytest.fixture(scope="module", params=["os", "response"])
def fitted(request: pytest.FixtureRequest) -> ArmResult:
    study = draw_study(SETTINGS, prognostic=EFFECT)
    return fit_arm(study, request.param, "control", SETTINGS)


@pytest.fixture(scope="module")
def infeasible() -> ArmResult:
    settings = make_settings(min_events=40)
    return fit_arm(draw_study(settings, prognostic=1.5), "os", "control", settings)


def digests(result: ArmResult) -> dict[str, str]:
    return {name: compute_logical_digest(getattr(result, name), TABLES[name]) for name in NAMES}


def metrics(result: ArmResult) -> dict[tuple[str, str], dict[str, object]]:
    return {(r["model"], r["metric"]): r for r in result.performance.to_pylist()}


def test_every_table_is_there_and_its_keys_are_unique(fitted: ArmResult) -> None:
    for name in NAMES:
        rows = getattr(fitted, name).to_pylist()
        keys = [tuple(row[k] for k in TABLES[name].key) for row in rows]
        assert len(set(keys)) == len(keys)
    assert fitted.feasibility["feasible"].to_pylist() == [True]


def test_every_subject_of_both_arms_has_one_score_a_repeat(fitted: ArmResult) -> None:
    rows = fitted.predictions.to_pylist()
    assert len(rows) == 60 * 2
    assert {r["arm"] for r in rows} == {"control", "experimental"}
    assert {r["model_arm"] for r in rows} == {"control"}
    assert {r["fold"] for r in rows} == {1, 2, 3}
    assert all(r["score"] is not None for r in rows)


def test_planted_effect_is_seen_in_the_arm(fitted: ArmResult) -> None:
    endpoint = fitted.model.endpoint
    row = metrics(fitted)["radiomics", "harrell_c" if endpoint == "os" else "auc"]
    assert row["lo"] > 0.5
    assert row["lo"] < row["estimate"] < row["hi"]
    assert row["level"] == 0.95
    selection = {r["feature"]: r for r in fitted.selection.to_pylist()}
    assert selection["f0"]["frequency"] == 1.0
    assert selection["f0"]["mean_coefficient"] > 0
    assert "f0" in [t.feature for t in fitted.model.terms]


def test_comparators_and_permutations_are_beside_it(fitted: ArmResult) -> None:
    found = metrics(fitted)
    metric = "harrell_c" if fitted.model.endpoint == "os" else "auc"
    assert {m for m, name in found if name == metric} == {
        "radiomics",
        "clinical",
        "volume",
        "clinical_volume",
        "clinical_radiomics",
        "random_features",
        "site_left_out",
        "site_left_out:A",
        "site_left_out:B",
        "site_left_out:C",
        "permuted",
    }
    assert found["radiomics", "permutation_p"]["estimate"] in (0.25, 0.5, 0.75, 1.0)
    assert found["radiomics", "permutation_ties"]["estimate"] in (0.0, 1.0, 2.0, 3.0)
    assert found["radiomics", "folds_failed"]["estimate"] == 0.0
    assert ("radiomics", "logrank_p") in found or metric == "auc"


def test_curves_of_both_arms_are_by_the_scores_of_one_model(fitted: ArmResult) -> None:
    rows = fitted.survival_curves.to_pylist()
    if fitted.model.endpoint == "response":
        assert rows == []
        return
    assert {(r["arm"], r["stratum"]) for r in rows} == {
        (arm, stratum) for arm in ("control", "experimental") for stratum in ("all", "low", "high")
    }


def test_coefficients_are_the_model_s_terms(fitted: ArmResult) -> None:
    rows = {r["feature"]: r["coefficient"] for r in fitted.coefficients.to_pylist()}
    assert rows == {t.feature: t.coefficient for t in fitted.model.terms}


def test_model_scores_its_training_subjects_with_mean_zero_and_deviation_one(fitted: ArmResult) -> None:
    cohort = build_cohort(draw_study(SETTINGS, prognostic=EFFECT), fitted.model.endpoint, ["control"])
    scores, is_high = score_model(fitted.model, cohort.values, cohort.features)
    assert (scores.mean(), scores.std()) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert abs(is_high.mean() - 0.5) <= 0.1


def test_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    settings = make_settings(permutations=1)
    plain = fit_arm(draw_study(settings, prognostic=0.5), "os", "control", settings)
    again = fit_arm(draw_study(settings, prognostic=0.5), "os", "control", settings)
    order = np.random.default_rng(0).permutation(60).tolist()
    shuffled = fit_arm(draw_study(settings, prognostic=0.5, order=order), "os", "control", settings)
    assert digests(plain) == digests(again) == digests(shuffled)
    assert plain.model == shuffled.model
    other = make_settings(permutations=1, seed=1)
    assert digests(fit_arm(draw_study(other, prognostic=0.5), "os", "control", other)) != digests(plain)


def test_infeasible_arm_is_described_and_nothing_is_fitted(infeasible: ArmResult) -> None:
    sentence = infeasible.feasibility["sentence"][0].as_py()
    assert infeasible.feasibility["feasible"].to_pylist() == [False]
    assert "but 40 events are needed" in sentence
    assert "no model is fitted" in sentence
    (row,) = infeasible.performance.to_pylist()
    assert (row["metric"], row["estimate"], row["method"]) == ("harrell_c", None, sentence)
    for name in ("predictions", "coefficients", "selection", "model_scores", "risks"):
        assert getattr(infeasible, name).num_rows == 0
        assert getattr(infeasible, name).column_names == list(TABLES[name].column_names)
    assert {r["stratum"] for r in infeasible.survival_curves.to_pylist()} == {"all"}
    assert not infeasible.model.fitted
    assert infeasible.model.sentence == sentence


@pytest.mark.parametrize(
    ("changes", "endpoint", "words"),
    [
        ({"min_per_class": 29}, "response", "but 29 of each class are needed"),
        ({"folds": 20}, "os", "too few for 20 folds"),
        ({"near_constant_share": 0.01}, "os", "no feature passes the filters"),
    ],
)
def test_each_obstacle_is_said_in_one_sentence(changes: dict[str, object], endpoint: str, words: str) -> None:
    settings = make_settings(**changes)
    result = fit_arm(draw_study(settings), endpoint, "control", settings)
    (sentence,) = result.feasibility["sentence"].to_pylist()
    assert words in sentence
    assert sentence.count(". ") == 0


def test_arm_without_subjects_has_all_its_tables() -> None:
    settings = make_settings(arms=("control", "experimental", "third"))
    study = draw_study(make_settings())
    result = fit_arm(study, "os", "third", settings)
    assert result.feasibility["n"].to_pylist() == [0]
    assert result.survival_curves.num_rows == 0
    assert not result.model.fitted


def test_undeclared_arm_is_refused() -> None:
    with pytest.raises(CohortError, match="no such arm"):
        fit_arm(draw_study(SETTINGS), "os", "placebo", SETTINGS)


def test_with_one_arm_nothing_is_said_about_prediction_of_treatment_effects() -> None:
    settings = make_settings(arms=("only",), candidates=("f1",), screen=True)
    study = draw_study(settings, subjects=30, prognostic=1.5)
    result = fit_arm(study, "os", "only", settings)
    assert result.feasibility["feasible"].to_pylist() == [True]
    table = build_interactions(study, "os", result.predictions, settings)
    assert table.num_rows == 0
    texts = [str(getattr(result, name).to_pylist()) for name in NAMES] + [result.model.model_dump_json()]
    assert not [text for text in texts if "predictive" in text.lower()]


def planted(settings: ModellingSettings, endpoint: str, **effects: float) -> pa.Table:
    study = draw_study(settings, subjects=100, **effects)
    predictions = pa.concat_tables(fit_arm(study, endpoint, a, settings).predictions for a in settings.arms)
    return build_interactions(study, endpoint, predictions, settings)


@pytest.mark.parametrize("endpoint", ["os", "response"])
def test_planted_interaction_is_claimed_for_the_candidate_and_seen_in_the_score(endpoint: str) -> None:
    rows = planted(make_settings(candidates=("f1", "f0")), endpoint, predictive=2.0).to_pylist()
    found = {r["biomarker"]: r for r in rows}
    assert found.keys() == {"score:control", "score:experimental", "f0", "f1"}
    assert found["f1"]["claim"]
    assert found["f1"]["ratio_lo"] > 1.0
    assert "Claimed as predictive" in found["f1"]["sentence"]
    score = found["score:experimental"]
    assert score["ratio_lo"] > 1.0
    assert not score["claim"]
    assert "(the score does better in the arm it was fitted in)" in score["sentence"]
    assert not found["f0"]["claim"]
    assert {r["adjustment"] for r in rows} == {"holm, family of 2"}
    for row in rows:
        if row["p"] is not None:
            assert row["hr_experimental"] == pytest.approx(row["hr_reference"] * row["ratio"])


def test_strong_prognosis_alone_is_not_claimed() -> None:
    rows = planted(make_settings(candidates=("f0",)), "os", prognostic=1.5).to_pylist()
    assert not any(r["claim"] for r in rows)
    assert not any("predictive" in r["sentence"] for r in rows)
    assert all(r["hr_experimental"] > 1.2 and r["hr_reference"] > 1.2 for r in rows), "it works in both"


def test_screen_is_one_feature_of_each_cluster_and_never_a_claim() -> None:
    rows = planted(make_settings(screen=True), "os", predictive=2.0).to_pylist()
    screened = [r for r in rows if r["kind"] == "screen"]
    assert len(screened) == 6, "of eight features two are near-copies"
    assert min(r["p_adjusted"] for r in screened) < 0.001
    assert not any(r["claim"] for r in screened)
    assert all("never a claim" in r["sentence"] for r in screened)


def test_interactions_of_arms_without_models_are_rows_that_say_so() -> None:
    settings = make_settings(min_events=45, candidates=("f1",))
    study = draw_study(settings, predictive=2.0)
    table = build_interactions(study, "os", build_table(PREDICTIONS, []), settings)
    rows = {r["biomarker"]: r for r in table.to_pylist()}
    assert len(rows) == 3
    assert all(r["p"] is None and r["ratio"] is None and not r["claim"] for r in rows.values())
    assert rows["score:control"]["sentence"] == "Not tested for score:control: its arm has no model."
    assert "45 events are needed" in rows["f1"]["sentence"]


def test_third_arm_is_contrasted_with_the_first_and_in_the_same_family() -> None:
    settings = make_settings(arms=("control", "a", "b"), candidates=("f1",))
    study = draw_study(settings, subjects=90, predictive=2.0)
    table = build_interactions(study, "os", build_table(PREDICTIONS, []), settings)
    rows = table.to_pylist()
    assert [(r["experimental_arm"], r["reference_arm"]) for r in rows if r["biomarker"] == "f1"] == [
        ("a", "control"),
        ("b", "control"),
    ]
    assert {r["adjustment"] for r in rows} == {"holm, family of 4", "holm, family of 2"}


def test_predictions_in_another_order_give_the_same_interactions() -> None:
    settings = make_settings()
    study = draw_study(settings, predictive=1.0)
    predictions = pa.concat_tables(fit_arm(study, "os", a, settings).predictions for a in settings.arms)
    shuffled = predictions.take(np.random.default_rng(0).permutation(predictions.num_rows))
    first, second = (build_interactions(study, "os", p, settings) for p in (predictions, shuffled))
    assert first.equals(second)


@pytest.mark.parametrize("endpoint", ["os", "response"])
def test_number_of_processes_changes_no_number(endpoint: str) -> None:
    settings = make_settings(covariates=(AGE,), permutations=2, batch_effects="combat", min_site=5)
    study = draw_study(settings, prognostic=1.0)
    alone, beside = (fit_arm(study, endpoint, "control", settings, Machine(n)) for n in (1, 2))
    assert digests(alone) == digests(beside)
    assert alone.model == beside.model


def test_features_beyond_memory_are_a_sentence_before_anything_is_fitted() -> None:
    with pytest.raises(CohortError, match="8 features of 60 subjects, about 250 MB"):
        fit_arm(draw_study(SETTINGS), "os", "control", SETTINGS, Machine(1, memory_mb=100.0))


def test_workers_are_as_many_as_memory_holds() -> None:
    needed = estimate_memory_mb(300, 1300)
    assert 250 < needed < 500
    assert limit_workers(8, 3.5 * needed, 300, 1300, "a") == 3
    assert limit_workers(8, None, 300, 1300, "a") == 8
    assert estimate_memory_mb(300, 40_000) > 60_000


def test_stability_and_batches_are_reported() -> None:
    settings = make_settings(batch_effects="combat", min_site=11)
    result = fit_arm(draw_study(settings, prognostic=2.0), "os", "control", settings)
    found = metrics(result)
    assert (
        0
        < found["radiomics", "jaccard_features"]["estimate"]
        <= found["radiomics", "jaccard_clusters"]["estimate"]
    )
    assert found["radiomics", "batches_own"]["estimate"] == 0.0
    assert found["radiomics", "batches_pooled"]["estimate"] == 3.0
    assert "A, B, C" in found["radiomics", "batches_pooled"]["method"]
    selection = {r["feature"]: r for r in result.selection.to_pylist()}
    assert selection["f2"]["cluster"] == selection["f3"]["cluster"]
    assert selection["f2"]["cluster_frequency"] >= max(selection[f]["frequency"] for f in ("f2", "f3"))


def test_feature_constant_in_the_arm_has_no_cluster() -> None:
    """It varies over both arms, and so is offered; in the arm that is fitted it is one value."""
    study = draw_study(SETTINGS, prognostic=2.0)
    values = study.values.copy()
    values[[arm == "control" for arm in study.arms], 4] = 1.0
    result = fit_arm(replace(study, values=values), "os", "control", SETTINGS)
    row = next(r for r in result.selection.to_pylist() if r["feature"] == "f4")
    assert (row["cluster"], row["cluster_frequency"], row["selected"]) == (None, None, 0)


def test_screened_features_that_do_not_fit_into_memory_are_a_sentence() -> None:
    """Also where no arm was large enough for a model, which asks for the memory as well."""
    settings = make_settings(screen=True, min_events=1000)
    study = draw_study(settings, subjects=40)
    nothing = pa.concat_tables(fit_arm(study, "os", arm, settings).predictions for arm in settings.arms)
    assert nothing.num_rows == 0
    with pytest.raises(CohortError, match=r"too many features for the memory.*allowed 100 MB"):
        build_interactions(study, "os", nothing, settings, machine=Machine(1, 100))
