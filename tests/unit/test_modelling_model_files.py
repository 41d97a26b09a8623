"""Models as JSON: a round trip, the scores of the pipeline, and refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from radfeat.core.errors import CohortError, TableError
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.cohort import Cohort, build_cohort
from radfeat.modelling.feasibility import judge_arm
from radfeat.modelling.fitted_model import build_model
from radfeat.modelling.fold_model import ElasticNetFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.model_files import ArmModel, digest_features, read_model, score_model, write_model
from radfeat.modelling.settings import UnseenBatch
from studies import draw_study, make_settings

SETTINGS = make_settings(penalties=20)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return build_cohort(draw_study(SETTINGS, prognostic=2.0), "os", ["control"])


@pytest.fixture(scope="module")
def model() -> ArmModel:
    return fit_arm(draw_study(SETTINGS, prognostic=2.0), "os", "control", SETTINGS).model


def test_round_trip_through_the_file_is_exact(tmp_path: Path, model: ArmModel) -> None:
    write_model(tmp_path / "model.json", model)
    assert read_model(tmp_path / "model.json") == model
    assert json.loads((tmp_path / "model.json").read_text())["format"] == "radfeat-arm-model/2"


@pytest.mark.parametrize("unseen", [None, *UnseenBatch])
@pytest.mark.parametrize("min_site", [5, 11])
def test_scores_of_the_record_equal_those_of_the_pipeline(
    cohort: Cohort, unseen: UnseenBatch | None, min_site: int
) -> None:
    """Sites A, B, C have 10 subjects each; of 11, all are pooled. D is new."""
    changes = {} if unseen is None else {"batch_effects": "combat", "unseen_batch": unseen}
    settings = make_settings(penalties=20, min_site=min_site, **changes)
    training = Inputs(cohort.values + np.array([[ord(b)] for b in cohort.batches]), cohort.batches)
    fitted = ElasticNetFit(settings)(training, cohort.outcomes, cohort.subject_ids, 1)
    record = build_model(cohort, judge_arm(cohort, "control", settings, None), fitted, settings)
    values = np.random.default_rng(5).normal(size=(20, len(cohort.features))) * 3 + 66
    values[::4, 0] = np.nan
    new = Inputs(values, tuple("ABCD"[i % 4] for i in range(20)))
    scores, is_high = score_model(record, new.values, cohort.features, new.batches)
    assert len(record.terms) > 0
    assert scores == pytest.approx(fitted.score(new), abs=1e-12, nan_ok=True)
    np.testing.assert_array_equal(is_high, fitted.score(new) > fitted.cut)
    assert np.isnan(scores[3::4]).all() == (unseen is UnseenBatch.REFUSE)
    assert not np.isnan(np.delete(scores, slice(3, None, 4))).any()


def test_model_that_takes_out_batch_effects_asks_for_batches(cohort: Cohort) -> None:
    settings = make_settings(penalties=20, batch_effects="combat", min_site=5)
    model = fit_arm(draw_study(settings, prognostic=2.0), "os", "control", settings).model
    assert model.batches is not None
    assert model.batches.own == ("A", "B", "C")
    with pytest.raises(CohortError, match="takes out effects of the site"):
        score_model(model, cohort.values, cohort.features)


def test_terms_name_their_cluster(model: ArmModel) -> None:
    for term in model.terms:
        assert term.feature in term.cluster_members
    for twins in ({"f2", "f3"}, {"f6", "f7"}):
        assert all(set(t.cluster_members) == twins for t in model.terms if t.feature in twins)


@pytest.mark.parametrize(
    "change",
    [lambda f: f[:-1], lambda f: (*f, "extra"), lambda f: f[::-1], lambda f: (*f[:-1], "other")],
    ids=["missing", "extra", "another order", "another name"],
)
def test_another_feature_schema_is_refused(cohort: Cohort, model: ArmModel, change) -> None:
    features = change(cohort.features)
    with pytest.raises(CohortError, match="the features are not those that the model was offered"):
        score_model(model, np.zeros((2, len(features))), features)


def test_record_without_a_model_is_refused_with_its_reason() -> None:
    settings = make_settings(min_events=50)
    missing = fit_arm(draw_study(settings), "os", "control", settings).model
    with pytest.raises(CohortError, match="but 50 events are needed"):
        score_model(missing, np.zeros((1, len(missing.features))), missing.features)


def test_empty_model_scores_everyone_zero_and_low(model: ArmModel) -> None:
    empty = model.model_copy(update={"terms": (), "deviation": 0.0})
    scores, is_high = score_model(empty, np.ones((3, len(empty.features))), empty.features)
    assert not scores.any()
    assert not is_high.any()


@pytest.mark.parametrize(
    "text", ["", "{}", "not json", '{"format": "radfeat-arm-model/1"}', "[1]"], ids=lambda t: t or "empty"
)
def test_what_is_not_a_model_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(TableError, match="this is not a model of radfeat"):
        read_model(path)


def test_absent_and_tampered_models_are_refused(tmp_path: Path, model: ArmModel) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        read_model(tmp_path / "absent.json")
    tampered = model.model_copy(update={"features": tuple(reversed(model.features))})
    write_model(tmp_path / "model.json", tampered)
    with pytest.raises(TableError, match="do not fit its digest"):
        read_model(tmp_path / "model.json")


def test_digest_tells_names_and_order_apart(model: ArmModel) -> None:
    assert digest_features(["a", "b"]) != digest_features(["b", "a"])
    assert model.feature_schema_digest == digest_features(model.features)
    assert model.kind is EndpointKind.TIME_TO_EVENT


def test_training_digest_changes_with_outcomes_inputs_and_subjects() -> None:
    digests = {
        fit_arm(draw_study(SETTINGS, prognostic=p, seed=s), "os", a, SETTINGS).model.training_digest
        for p, s, a in (
            (0.0, 0, "control"),
            (1.0, 0, "control"),
            (0.0, 1, "control"),
            (0.0, 0, "experimental"),
        )
    }
    assert len(digests) == 4
