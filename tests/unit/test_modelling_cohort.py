"""The join of features and clinical sheet: one subject, one row; what became of the others."""

import numpy as np
import pytest

from radfeat.core.errors import CohortError
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import StudyTable, build_cohort, build_study, require_declared
from radfeat.modelling.predictors import select_predictors
from radfeat.modelling.settings import CovariateSettings, ModellingSettings
from studies import AGE, make_settings, make_tables, roi_row


def clinical_row(subject: str, arm: str = "control", **changes: object) -> ClinicalRow:
    outcomes = {"os": SubjectOutcome(5.0, True), "response": None} | changes.pop("outcomes", {})
    return ClinicalRow(subject, arm, outcomes, changes)


def join(rows: list, clinical: list[ClinicalRow], settings: ModellingSettings | None = None) -> StudyTable:
    return build_study(*make_tables(rows), ClinicalSheet(tuple(clinical)), settings or make_settings())


def test_subjects_table_says_what_became_of_every_subject() -> None:
    rows = [roi_row("S1"), roi_row("S2", reason="ROI_EMPTY", volume=None), roi_row("S4"), roi_row("S9")]
    nothing = clinical_row("S4", outcomes={"os": None})
    study = join(rows, [clinical_row("S1"), clinical_row("S2"), clinical_row("S3"), nothing])
    excluded = {r["subject_id"]: r["excluded"] for r in study.subjects.to_pylist()}
    assert excluded == {
        "S1": None,
        "S2": "no features: ROI_EMPTY",
        "S3": "no image in the image sheet",
        "S4": "no outcome in the clinical sheet",
    }
    assert study.subject_ids == ("S1", "S4"), "those with features; S9 is not in the clinical sheet"


def test_subjects_table_says_where_a_smaller_lesion_stands_for_the_largest() -> None:
    lost = roi_row("S1", lesion="2", volume=900.0, reason="QC_EXCLUDED")
    study = join([roi_row("S1", lesion="1"), lost, roi_row("S2")], [clinical_row("S1"), clinical_row("S2")])
    noted, plain = study.subjects.to_pylist()
    assert noted["roi_id"] == "ST/A/S1/T0/CT/GTV/1"
    assert noted["note"].startswith("ST/A/S1/T0/CT/GTV/2 has no features (QC_EXCLUDED)")
    assert noted["excluded"] is plain["note"] is None


def test_cohort_holds_the_arm_s_subjects_with_the_outcome_in_order() -> None:
    rows = [roi_row(s, features={"f0": float(s[1]), "f1": 0.0}) for s in ("S3", "S1", "S2", "S4")]
    clinical = [
        clinical_row("S1"),
        clinical_row("S2", "experimental"),
        clinical_row("S3"),
        clinical_row("S4", outcomes={"os": None}),
    ]
    study = join(rows, clinical)
    cohort = build_cohort(study, "os", ["control"], offered=False)
    assert cohort.subject_ids == ("S1", "S3")
    assert cohort.values[:, 0].tolist() == [1.0, 3.0]
    assert len(build_cohort(study, "os", ["control", "experimental"])) == 3
    assert len(build_cohort(study, "response", ["control"])) == 0


def test_only_offered_features_enter_unless_all_are_asked_for() -> None:
    rows = [roi_row(f"S{i}", features={"f0": float(i), "f1": 7.0}) for i in range(6)]
    study = join(rows, [clinical_row(f"S{i}") for i in range(6)])
    assert build_cohort(study, "os", ["control"]).features == ("f0",)
    assert build_cohort(study, "os", ["control"], offered=False).features == ("f0", "f1")


def test_volume_is_that_of_the_lesions_as_drawn_whatever_the_features_are() -> None:
    mesh = "original_shape_MeshVolume"
    rows = [
        roi_row(f"S{i}", lesion=lesion, volume=volume, features={"f0": float(i), mesh: 0.9 * volume})
        for i in range(3)
        for lesion, volume in (("1", 100.0 + i), ("2", 300.0))
    ]
    clinical = ClinicalSheet(tuple(clinical_row(f"S{i}") for i in range(3)))
    for names in (("f0", mesh), ("f0",)):
        shown = [({k: v for k, v in f.items() if k != mesh or mesh in names}, r) for f, r in rows]
        tables = make_tables(shown, names)
        combined = build_study(*tables, clinical, make_settings(lesions="volume_weighted"))
        assert combined.volumes_mm3.tolist() == [400.0, 401.0, 402.0]
        cohort = build_cohort(combined, "os", ["control"])
        np.testing.assert_allclose(cohort.log_volumes, np.log([400.0, 401.0, 402.0]))
        assert combined.offer.restating_volume == len(names), "as the mesh, f0 rises with the sum"
        largest = build_study(*tables, clinical, make_settings(lesions="largest"))
        assert largest.volumes_mm3.tolist() == [300.0, 300.0, 300.0]


def test_categories_become_indicators_of_all_but_the_first() -> None:
    sex = CovariateSettings(column="sex", kind="categorical")
    settings = make_settings(covariates=(AGE, sex))
    clinical = [
        clinical_row("S1", age=60.0, sex="M"),
        clinical_row("S2", age=None, sex="F"),
        clinical_row("S3", age=70.0, sex=None),
    ]
    study = join([roi_row(f"S{i}") for i in (1, 2, 3)], clinical, settings)
    assert study.covariate_names == ("age", "sex=M")
    np.testing.assert_array_equal(study.covariates, [[60, 1], [np.nan, 0], [70, np.nan]])


def test_subject_at_two_sites_is_refused() -> None:
    rows = [roi_row("S1", site="A"), roi_row("S1", site="B")]
    with pytest.raises(CohortError, match="at several sites"):
        join(rows, [clinical_row("S1")])
    assert join(rows, [clinical_row("S2")]).subject_ids == (), "no matter if the sheet does not name it"


def test_candidate_with_a_typing_error_is_refused_with_a_hint() -> None:
    rows = [roi_row("S1", features={"f0": 1.0, "original_glcm_Contrast": 1.0})]
    tables = make_tables(rows, ["f0", "original_glcm_Contrast"])
    settings = make_settings(candidates=("original_glcm_Contrats",))
    with pytest.raises(CohortError, match="Did you mean original_glcm_Contrast"):
        build_study(*tables, ClinicalSheet((clinical_row("S1"),)), settings)


def test_undeclared_endpoint_or_arm_is_refused() -> None:
    study = join([roi_row("S1")], [clinical_row("S1")])
    for endpoint, arm in (("pfs", "control"), ("os", "placebo")):
        with pytest.raises(CohortError, match="there is no such"):
            require_declared(study, endpoint, arm, make_settings())


def test_no_subject_at_all_is_a_study_without_rows() -> None:
    study = join([roi_row("S1")], [clinical_row("S2")])
    assert len(build_cohort(study, "os", ["control"])) == 0
    assert study.offer.kept == ()


def test_offer_leaves_out_what_the_settings_say_and_counts_it() -> None:
    rng = np.random.default_rng(0)
    volume = np.exp(rng.normal(size=40))
    values = np.column_stack([rng.normal(size=40), volume**2, np.full(40, 3.0), rng.normal(size=40)])
    values[:10, 3] = np.nan
    offer = select_predictors(values, volume, make_settings())
    assert offer.kept == (0, 1)
    assert (offer.missing, offer.near_constant, offer.restating_volume) == (1, 1, 1)
    assert "1 of those offered restate volume" in offer.sentence
    dropping = select_predictors(values, volume, make_settings(drop_volume_restating=True))
    assert dropping.kept == (0,)
    assert "1 restating volume" in dropping.sentence


def test_offer_is_blind_to_arm_and_outcome() -> None:
    """In the even subjects alone a feature is constant, one is missing, one restates volume."""
    rng = np.random.default_rng(4)
    rows, ids = [], [f"S{i:02d}" for i in range(40)]
    for i, subject in enumerate(ids):
        even = i % 2 == 0
        volume = float(np.exp(rng.normal()))
        values = rng.normal(size=3).tolist()
        features = {"f0": 1.0 if even else values[0], "f2": volume if even else values[1], "f3": values[2]}
        features |= {} if even and i < 14 else {"f1": rng.normal()}
        rows.append(roi_row(subject, volume=volume, features=features))
    tables = make_tables(rows, ("f0", "f1", "f2", "f3"))
    arms = ("control", "experimental")
    nothing = {"os": None, "response": None}
    sheets = [
        [clinical_row(s, arms[i % 2]) for i, s in enumerate(ids)],
        [clinical_row(s, arms[(i + 1) % 2]) for i, s in enumerate(ids)],
        [clinical_row(s, arms[i // 20]) for i, s in enumerate(ids)],
        [clinical_row(s, outcomes=nothing if i % 2 == 0 else {}) for i, s in enumerate(ids)],
        [clinical_row(s, outcomes=nothing if i % 2 else {}) for i, s in enumerate(ids)],
    ]
    offers = [build_study(*tables, ClinicalSheet(tuple(sheet)), make_settings()).offer for sheet in sheets]
    told = {(o.kept, o.missing, o.near_constant, o.restating_volume) for o in offers}
    assert told == {((0, 1, 2, 3), 0, 0, 0)}


def test_rounding_noise_about_a_constant_is_constant() -> None:
    column = 1e6 + 1e-6 * np.arange(20.0)[:, None]
    assert select_predictors(column, np.arange(1.0, 21.0), make_settings()).near_constant == 1
