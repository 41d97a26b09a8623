"""Scores of new subjects: equal to those of the pipeline, refused where the features are others."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from applied_runs import DELTA, MARKS, NAMES, Fitted, draw_rows, fit, write_run
from radfeat.core.errors import CohortError, SettingsError, TableError
from radfeat.modelling.apply import Selection
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.model_files import read_model
from radfeat.pipeline.apply import apply_to_run, describe_scores
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import APPLIED_SCORES
from studies import make_settings, roi_row

ROWS = draw_rows(60, 1)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    made = fit(tmp_path_factory.mktemp("model"), ROWS)
    assert len(read_model(made.path).terms) > 1
    return made


def apply(model: Path, features: Path, **selection: object) -> list[dict]:
    out = features.parent / "out.parquet"
    apply_to_run(model, features, out, Selection(**selection))
    return read_table(out, APPLIED_SCORES, verify=True).to_pylist()


@pytest.mark.requirement("R-MODEL-1")
@pytest.mark.parametrize("lesions", ["largest", "volume_weighted", "sum"])
@pytest.mark.parametrize("delta", [None, DELTA], ids=["values", "changes"])
def test_training_subjects_get_the_scores_that_they_had_in_the_run(
    tmp_path: Path, lesions: str, delta: dict | None
) -> None:
    settings = make_settings(penalties=20, lesions=lesions, delta=delta)
    rows = draw_rows(60, 1, visits=("T0", "T1") if delta else ("T0",))
    made = fit(tmp_path, rows, settings)
    assert made.pipeline.coefficients.any()
    scored = apply(made.path, write_run(tmp_path / "run", rows))
    assert tuple(row["subject_id"] for row in scored) == made.subject_ids
    np.testing.assert_allclose([row["score"] for row in scored], made.scores, rtol=0, atol=1e-12)
    high = made.scores > made.pipeline.cut
    assert [row["stratum"] for row in scored] == ["high" if h else "low" for h in high]
    assert not any(row["out_of_range"] or row["imputed"] or row["excluded"] for row in scored)


@pytest.mark.parametrize("batch", ["site", "scanner"])
@pytest.mark.parametrize("unseen", ["pooled", "unadjusted", "refuse"])
@pytest.mark.parametrize(("min_site", "fate"), [(5, "not adjusted"), (12, "adjusted as its pooled batch")])
def test_effects_of_known_sites_are_taken_out_and_strange_ones_treated_as_declared(
    tmp_path: Path, batch: str, unseen: str, min_site: int, fate: str
) -> None:
    """Sites A and B have 20 training subjects each, C and D 10, which are pooled if 12 are asked for."""
    rows = move_sites(ROWS, "ABABCD")
    plain = {"penalties": 20, "batch_effects": "combat", "batch": batch}
    made = fit(tmp_path, rows, make_settings(**plain, min_site=min_site, unseen_batch=unseen))
    scored = apply(made.path, write_run(tmp_path / "run", rows))
    np.testing.assert_allclose([row["score"] for row in scored], made.scores, rtol=0, atol=1e-12)
    assert not any(row["excluded"] for row in scored)
    strange = apply(made.path, write_run(tmp_path / "other", move_sites(ROWS, "X")))
    if unseen == "refuse":
        assert all(row["score"] is row["stratum"] is None for row in strange)
        assert strange[0]["excluded"].endswith("X is none of the model's, and the model refuses others")
    else:
        said = f"{batch} X is none of the model's: {fate if unseen == 'pooled' else 'not adjusted'}"
        assert all(row["note"].endswith(said) for row in strange)
        assert all(row["excluded"] is None and row["score"] is not None for row in strange)


def move_sites(rows: list, sites: str) -> list:
    """The same rows at other sites, each with a scanner of its own."""
    places = {s: sites[i % len(sites)] for i, s in enumerate(sorted({f["subject_id"] for f, _ in rows}))}
    return [
        (f | {"site_id": places[f["subject_id"]]}, r | {"site_id": places[r["subject_id"]]}) for f, r in rows
    ]


def test_order_of_columns_and_further_features_do_not_matter(tmp_path: Path, fitted: Fitted) -> None:
    scored = apply(fitted.path, write_run(tmp_path, ROWS, names=NAMES[::-1]))
    np.testing.assert_allclose([row["score"] for row in scored], fitted.scores, rtol=0, atol=1e-12)


def test_missing_predictor_is_imputed_as_in_training_and_counted(tmp_path: Path, fitted: Fitted) -> None:
    model = read_model(fitted.path)
    gone, places = model.terms[0], list(model.features)
    values = dict.fromkeys(NAMES, 1.0)
    row = roi_row("N1", features={k: v for k, v in values.items() if k != gone.feature})
    (scored,) = apply(fitted.path, write_run(tmp_path, [row]))
    known = np.array([[values[name] if name != gone.feature else np.nan for name in places]])
    assert scored["imputed"] == 1
    assert scored["score"] == pytest.approx(float(fitted.pipeline.score(Inputs(known))[0]), abs=1e-12)


def test_value_outside_the_range_of_training_is_a_warning(tmp_path: Path, fitted: Fitted) -> None:
    term = read_model(fitted.path).terms[0]
    inside = dict.fromkeys(NAMES, 1.0)
    rows = [
        roi_row("N1", features=inside),
        roi_row("N2", features=inside | {term.feature: term.high}),
        roi_row("N3", features=inside | {term.feature: term.high * 1.001}),
    ]
    features = write_run(tmp_path, rows)
    scored = apply(fitted.path, features)
    assert [row["out_of_range"] for row in scored] == [0, 0, 1]
    assert scored[2]["outside"].startswith(f"{term.feature} {term.high * 1.001:.6g} (")
    lines = describe_scores(read_table(features.parent / "out.parquet", APPLIED_SCORES))
    assert "warning: predictors outside the range of training in 1: N3" in lines


def test_a_model_of_nothing_says_that_it_knows_nothing() -> None:
    row = {"subject_id": "N1", "score": 0.0, "stratum": None, "out_of_range": 0, "imputed": 0}
    told = {count: describe_scores(pa.Table.from_pylist([row | {"predictors": count}])) for count in (0, 2)}
    assert told[0][1:] == [
        "warning: the model selected no predictor: every score is 0, and nobody has a stratum"
    ]
    assert told[2][1:] == []


def test_subject_without_features_is_a_row_without_a_score(tmp_path: Path, fitted: Fitted) -> None:
    rows = [
        roi_row("N1", features=dict.fromkeys(NAMES, 1.0)),
        roi_row("N2", reason="ROI_EMPTY"),
        roi_row("N3", roi="NODE", features=dict.fromkeys(NAMES, 1.0)),
    ]
    found = {row["subject_id"]: row for row in apply(fitted.path, write_run(tmp_path, rows), rois=("GTV",))}
    assert found["N2"]["excluded"] == "no features: ROI_EMPTY"
    assert found["N3"]["excluded"] == "no ROI of the declared name, timepoint and image"
    assert found["N2"]["score"] is found["N3"]["stratum"] is None
    assert found["N1"]["excluded"] is None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"roi": "LIVER"}, {"rois": ("LIVER",)}),
        ({"timepoint": "T9"}, {"timepoint": "T9"}),
        ({"image": "CT-2"}, {"image_id": "CT-2"}),
    ],
)
def test_only_name_of_a_run_is_that_of_the_model_unless_another_is_named(
    tmp_path: Path, fitted: Fitted, other: dict[str, str], named: dict[str, object]
) -> None:
    """The run that fitted the model had one name, and declared none."""
    features = write_run(tmp_path, [roi_row("N1", features=dict.fromkeys(NAMES, 1.0), **other)])
    with pytest.raises(CohortError, match="no row of the image sheet has the declared"):
        apply(fitted.path, features)
    (scored,) = apply(fitted.path, features, **named)
    assert scored["score"] is not None


def test_scores_carry_the_standing_of_their_model_and_its_digest(tmp_path: Path, fitted: Fitted) -> None:
    apply(fitted.path, write_run(tmp_path, ROWS))
    marks = read_identity(tmp_path / "out.parquet").marks
    assert marks["standing"] == "exploratory", "of a model that no lock says otherwise of"
    assert len(marks["model_sha256"]) == 64


@pytest.mark.requirement("R-MODEL-1")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"names": NAMES[1:]}, f"1 of 6 missing, {NAMES[0]} first"),
        ({"catalogue": {"bin_width": 20.0}}, "bin_width 20.0, not 25.0"),
        ({"catalogue": {"unit": "mm"}}, "unit mm, not 1"),
        ({"catalogue": {"image_type": "LoG"}}, "image_type LoG, not original"),
        ({"marks": MARKS | {"recipe": "ibsi"}}, "another recipe (found ibsi, allowed pyradiomics)"),
        ({"marks": MARKS | {"measurement": "x" * 64}}, "with other settings (found digest xxxxxxxxxxxx"),
        ({"marks": {}}, "another recipe (found none"),
        ({"series": {"unit": "SUVbw", "modality": "PT"}}, "(found PT in SUVbw, allowed CT in HU)"),
        ({"series": {"unit": "arbitrary"}}, "(found CT in arbitrary, allowed CT in HU)"),
    ],
)
def test_features_that_are_not_those_of_the_model_are_refused_in_one_sentence(
    tmp_path: Path, fitted: Fitted, change: dict, sentence: str
) -> None:
    features = write_run(tmp_path, ROWS, **change)
    with pytest.raises(CohortError) as refused:
        apply(fitted.path, features)
    assert sentence in refused.value.sentence
    assert not (tmp_path / "out.parquet").exists()


def test_wording_of_the_catalogue_is_no_difference(tmp_path: Path, fitted: Fitted) -> None:
    wording = {"description": "In other words.", "ibsi_deviation": "Another sentence."}
    assert apply(fitted.path, write_run(tmp_path, ROWS, catalogue=wording))


def test_names_of_another_sheet_can_be_given(tmp_path: Path, fitted: Fitted) -> None:
    model = json.loads(fitted.path.read_text())
    model["origin"] |= {"rois": ["tumour"], "timepoint": "week0", "image_id": "ct"}
    declared = tmp_path / "model.json"
    declared.write_text(json.dumps(model))
    features = write_run(tmp_path, ROWS)
    with pytest.raises(CohortError, match="the declared roi"):
        apply(declared, features)
    assert apply(declared, features, rois=("GTV",), timepoint="T0", image_id="CT")


def test_one_timepoint_for_a_model_of_changes_is_refused(tmp_path: Path) -> None:
    rows = draw_rows(40, 1, visits=("T0", "T1"))
    made = fit(tmp_path, rows, make_settings(delta=DELTA))
    with pytest.raises(CohortError, match="Leave --timepoint out"):
        apply(made.path, write_run(tmp_path, rows), timepoint="T0")


def test_subject_at_two_sites_is_refused(tmp_path: Path, fitted: Fitted) -> None:
    known = dict.fromkeys(NAMES, 1.0)
    rows = [roi_row("N1", site=site, features=known) for site in "AB"]
    with pytest.raises(CohortError, match="at several sites"):
        apply(fitted.path, write_run(tmp_path, rows))


@pytest.mark.parametrize("missing", ["rois", "series", "feature_catalogue", "features"])
def test_table_that_is_not_there_is_named(tmp_path: Path, fitted: Fitted, missing: str) -> None:
    features = write_run(tmp_path, ROWS[:2])
    (tmp_path / f"{missing}.parquet").unlink()
    with pytest.raises(TableError, match=f"{missing}.parquet: there is no such table"):
        apply(fitted.path, features)


def test_model_without_an_origin_is_refused(tmp_path: Path, fitted: Fitted) -> None:
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(json.loads(fitted.path.read_text()) | {"origin": None}))
    with pytest.raises(CohortError, match="does not say how its features were measured"):
        apply(bare, write_run(tmp_path, ROWS[:2]))


def test_nothing_but_a_table_of_scores_is_written_over(tmp_path: Path, fitted: Fitted) -> None:
    features = write_run(tmp_path, ROWS)
    before = features.read_bytes()
    for out in (features, fitted.path, tmp_path):
        with pytest.raises(SettingsError, match="would take the place of something else"):
            apply_to_run(fitted.path, features, out, Selection())
    assert features.read_bytes() == before
    assert apply(fitted.path, features) == apply(fitted.path, features)
