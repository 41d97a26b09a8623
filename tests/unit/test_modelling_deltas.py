"""Changes between two visits: their definitions, their gaps, and which lesions they are of."""

import numpy as np
import pytest
from pydantic import ValidationError

from radfeat.modelling.additive import is_additive
from radfeat.modelling.delta_settings import DeltaKind, DeltaSettings, UnmatchedLesions
from radfeat.modelling.deltas import Gap, compute_changes, name_delta, name_deltas, split_predictor
from radfeat.modelling.lesions import build_subject_row, select_rois
from radfeat.modelling.settings import LesionRule, ModellingSettings
from radfeat.modelling.subject_rows import SubjectRows, build_subject_rows
from studies import make_settings, make_tables, roi_row

MESH, MEAN = "original_shape_MeshVolume", "original_firstorder_Mean"


def settings_of(lesions: str = "largest", **changes: object) -> ModellingSettings:
    plain = {"baseline": "T0", "followup": "T1", "kinds": ("absolute",)}
    return make_settings(delta=plain | changes, lesions=lesions)


def visit(subject: str, timepoint: str, f0: float, **more: object) -> tuple[dict, dict]:
    return roi_row(subject, timepoint=timepoint, features={"f0": f0}, **more)


def rows_of(
    rows: list, settings: ModellingSettings, days: dict[str, float | None] | None = None
) -> SubjectRows:
    return build_subject_rows(*make_tables(rows, ["f0"]), days or {}, settings)


def test_changes_are_those_of_the_definitions() -> None:
    values, gaps = compute_changes(np.array([2.0]), np.array([5.0]), 14.0, tuple(DeltaKind))
    assert values == pytest.approx([3.0, 1.5, np.log(2.5), 1.5])
    assert gaps.tolist() == [Gap.NONE] * 4


@pytest.mark.parametrize(
    ("first", "second", "days", "expected"),
    [
        (0.0, 5.0, 7.0, ["NONE", "DIVISION_BY_ZERO", "LOG_OF_NON_POSITIVE", "NONE"]),
        (0.0, 0.0, 7.0, ["NONE", "DIVISION_BY_ZERO", "LOG_OF_NON_POSITIVE", "NONE"]),
        (5e-324, 5.0, 7.0, ["NONE", "DIVISION_BY_ZERO", "NONE", "NONE"]),
        (2.0, 0.0, 7.0, ["NONE", "NONE", "LOG_OF_NON_POSITIVE", "NONE"]),
        (-2.0, -1.0, 7.0, ["NONE", "NONE", "LOG_OF_NON_POSITIVE", "NONE"]),
        (2.0, 3.0, np.nan, ["NONE", "NONE", "NONE", "NO_INTERVAL"]),
        (np.nan, 3.0, 7.0, ["MISSING"] * 4),
        (0.0, np.nan, np.nan, ["MISSING"] * 4),
    ],
)
def test_undefined_change_is_missing_with_its_cause(
    first: float, second: float, days: float, expected: list[str]
) -> None:
    values, gaps = compute_changes(np.array([first]), np.array([second]), days, tuple(DeltaKind))
    assert [Gap(g).name for g in gaps] == expected
    np.testing.assert_array_equal(np.isnan(values), gaps != Gap.NONE)


def test_log_ratio_of_extremes_does_not_overflow() -> None:
    values, _ = compute_changes(np.array([1e-200]), np.array([1e200]), 1.0, (DeltaKind.LOG_RATIO,))
    assert values == pytest.approx([400 * np.log(10)])


def test_names_can_be_taken_apart_again() -> None:
    assert name_delta(DeltaKind.LOG_RATIO, MEAN) == f"delta_log_ratio:{MEAN}"
    for name in name_deltas(tuple(DeltaKind), (MEAN,)):
        kind, feature = split_predictor(name)
        assert kind is not None
        assert (name_delta(kind, feature), feature) == (name, MEAN)
    assert split_predictor(MEAN) == (None, MEAN)


def test_change_is_from_baseline_to_followup_and_sizes_are_those_of_the_roi() -> None:
    rows = [visit("S1", "T1", 7.0, volume=50.0), visit("S1", "T0", 4.0, volume=200.0)]
    days = {"ST/A/S1/T0/CT": -3.0, "ST/A/S1/T1/CT": 18.0}
    found = rows_of(rows, settings_of(kinds=("absolute", "per_week")), days)
    assert found.predictors == ("delta_absolute:f0", "delta_per_week:f0")
    row = found.rows["S1"]
    assert row.values.tolist() == [3.0, 1.0]
    assert (row.volume_mm3, row.volume_ratio, row.followup_day) == (200.0, 0.25, 18.0)
    assert row.roi_id == "ST/A/S1/T0/CT/GTV"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([visit("S1", "T0", 1.0)], "no ROI of the declared name and image at T1"),
        ([visit("S1", "T1", 1.0)], "no ROI of the declared name and image at T0"),
        (
            [visit("S1", "T0", 1.0), roi_row("S1", timepoint="T1", reason="ROI_EMPTY")],
            "no features at T1: ROI_EMPTY",
        ),
        (
            [visit("S1", "T0", 1.0, lesion="1"), visit("S1", "T1", 1.0, lesion="2")],
            "no lesion has features at both visits: GTV/1 (T0), GTV/2 (T1)",
        ),
    ],
)
def test_subject_without_both_visits_has_no_row_and_a_reason(rows: list, why: str) -> None:
    others = [visit("S2", "T0", 1.0), visit("S2", "T1", 2.0)]
    found = rows_of([*rows, *others], settings_of())
    assert found.obstacles == {"S1": why}
    assert found.rows.keys() == {"S2"}


@pytest.mark.parametrize("end", [5.0, 4.0])
def test_followup_that_is_not_later_is_refused_for_the_subject(end: float) -> None:
    rows = [visit("S1", "T0", 1.0), visit("S1", "T1", 2.0)]
    found = rows_of(rows, settings_of(), {"ST/A/S1/T0/CT": 5.0, "ST/A/S1/T1/CT": end})
    assert found.obstacles == {"S1": f"the image of T1 (day {end:g}) is not later than that of T0 (day 5)"}


LESIONS = [
    visit("S1", "T0", 1.0, lesion="1", volume=900.0),
    visit("S1", "T0", 2.0, lesion="2", volume=100.0),
    visit("S1", "T0", 8.0, lesion="3", volume=300.0),
    visit("S1", "T1", 5.0, lesion="2", volume=600.0),
    visit("S1", "T1", 9.0, lesion="3", volume=200.0),
    visit("S1", "T1", 70.0, lesion="4", volume=999.0),
]


def test_lesion_that_was_the_largest_is_followed_and_those_of_one_visit_are_noted() -> None:
    row = rows_of(LESIONS, settings_of()).rows["S1"]
    assert row.roi_id.endswith("/3"), "900 mm3 has no second visit; of 100 and 300 the largest at baseline"
    assert row.values.tolist() == [1.0]
    assert row.note == "left out, at one visit only: GTV/1 (T0), GTV/4 (T1)"


def test_means_are_over_the_matched_lesions_with_each_visit_s_volumes() -> None:
    row = rows_of(LESIONS, settings_of("volume_weighted")).rows["S1"]
    before, after = (100 * 2 + 300 * 8) / 400, (600 * 5 + 200 * 9) / 800
    assert row.values == pytest.approx([after - before])
    assert row.volume_ratio == pytest.approx(2.0)


def test_subject_can_be_excluded_for_a_lesion_of_one_visit() -> None:
    found = rows_of(LESIONS, settings_of(unmatched=UnmatchedLesions.EXCLUDE_SUBJECT))
    assert found.obstacles == {"S1": "lesions at one visit only: GTV/1 (T0), GTV/4 (T1)"}
    matched = [row for row in LESIONS if row[0]["lesion_id"] in ("2", "3")]
    assert "S1" in rows_of(matched, settings_of(unmatched=UnmatchedLesions.EXCLUDE_SUBJECT)).rows


def test_each_visit_can_stand_on_its_own() -> None:
    row = rows_of(LESIONS, settings_of(unmatched=UnmatchedLesions.EACH_VISIT)).rows["S1"]
    assert row.values.tolist() == [69.0]
    assert row.note is None


def test_lesion_that_failed_at_one_visit_counts_as_unmatched() -> None:
    failed = roi_row("S1", timepoint="T1", lesion="3", reason="ROI_EMPTY", volume=0.0)
    kept = [row for row in LESIONS if not (row[0]["lesion_id"] == "3" and row[0]["timepoint"] == "T1")]
    row = rows_of([*kept, failed], settings_of()).rows["S1"]
    assert row.roi_id.endswith("/2")
    assert "GTV/3 (T0)" in str(row.note)


@pytest.mark.parametrize(
    "wrong",
    [
        {"baseline": "T0", "followup": "T0"},
        {"baseline": "T0"},
        {"baseline": "T0", "followup": "T1", "kinds": []},
        {"baseline": "T0", "followup": "T1", "kinds": ["absolute", "absolute"]},
        {"baseline": "T0", "followup": "T1", "landmark_day": 0},
        {"baseline": "T0", "followup": "T1", "kinds": ["ratio"]},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeltaSettings.model_validate(wrong)


def test_timepoint_and_delta_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        make_settings(delta={"baseline": "T0", "followup": "T1"}, timepoint="T0")


def test_sum_adds_what_adds_up_and_averages_the_rest() -> None:
    rows = [
        roi_row("S1", lesion="1", volume=100.0, features={MESH: 95.0, MEAN: 10.0}),
        roi_row("S1", lesion="2", volume=300.0, features={MESH: 290.0, MEAN: 50.0}),
    ]
    table = select_rois(*make_tables(rows, [MESH, MEAN]), make_settings())
    row = build_subject_row(table, np.arange(2), LesionRule.SUM)
    assert row.values == pytest.approx([385.0, 40.0])
    assert (row.roi_id, row.volume_mm3) == (None, 400.0)


def test_sum_is_missing_where_one_of_its_parts_is() -> None:
    rows = [
        roi_row("S1", lesion="1", volume=100.0, features={MESH: 95.0}),
        roi_row("S1", lesion="2", volume=300.0, features={MEAN: 50.0}),
    ]
    table = select_rois(*make_tables(rows, [MESH, MEAN]), make_settings())
    values = build_subject_row(table, np.arange(2), LesionRule.SUM).values
    assert np.isnan(values[0])
    assert values[1] == 50.0


@pytest.mark.parametrize(
    ("feature", "adds"),
    [
        ("original_firstorder_TotalEnergy", True),
        ("log-sigma-2-0-mm-3D_firstorder_Energy", True),
        ("original_shape_SurfaceVolumeRatio", False),
        ("original_shape_Maximum3DDiameter", False),
        ("original_glcm_JointEnergy", False),
        ("original_glrlm_GrayLevelNonUniformity", False),
        ("f0", False),
    ],
)
def test_only_integrals_add_up(feature: str, adds: bool) -> None:
    assert is_additive(feature) is adds
