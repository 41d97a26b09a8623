"""Which ROIs enter, and how several lesions become one row."""

import numpy as np
import pytest

from radfeat.core.errors import CohortError
from radfeat.modelling.lesions import build_subject_row, select_rois
from radfeat.modelling.settings import LesionRule
from studies import make_settings, make_tables, roi_row

TWO_LESIONS = [
    roi_row("S1", lesion="1", volume=100.0, features={"f0": 1.0, "f1": 10.0}),
    roi_row("S1", lesion="2", volume=300.0, features={"f0": 5.0}),
]


def test_largest_lesion_with_features_stands_for_the_subject() -> None:
    rows = [*TWO_LESIONS, roi_row("S1", lesion="3", volume=900.0, reason="ROI_EMPTY")]
    table = select_rois(*make_tables(rows), make_settings())
    row = build_subject_row(table, np.arange(3), LesionRule.LARGEST)
    assert row.roi_id.endswith("/2")
    assert row.volume_mm3 == 300.0
    assert row.values[0] == 5.0
    assert np.isnan(row.values[1])


@pytest.mark.parametrize(
    ("volume", "words"), [(900.0, "is no smaller"), (300.0, "is no smaller"), (None, "may be larger")]
)
def test_note_names_a_lesion_without_features_that_may_be_the_largest(
    volume: float | None, words: str
) -> None:
    rows = [*TWO_LESIONS, roi_row("S1", lesion="3", volume=volume, reason="QC_EXCLUDED")]
    row = build_subject_row(
        select_rois(*make_tables(rows), make_settings()), np.arange(3), LesionRule.LARGEST
    )
    case = "ST/A/S1/T0/CT/GTV"
    assert row.note == (
        f"{case}/3 has no features (QC_EXCLUDED) and {words}; {case}/2 stands for the subject"
    )


def test_lesion_without_features_is_no_matter_where_it_is_smaller() -> None:
    rows = [*TWO_LESIONS, roi_row("S1", lesion="3", volume=299.0, reason="QC_EXCLUDED")]
    table = select_rois(*make_tables(rows), make_settings())
    assert build_subject_row(table, np.arange(3), LesionRule.LARGEST).note is None


@pytest.mark.parametrize("lesions", [1, 2])
def test_note_names_every_lesion_that_a_mean_leaves_out(lesions: int) -> None:
    rows = [*TWO_LESIONS[:lesions], roi_row("S1", lesion="3", volume=9.0, reason="ROI_TOO_SMALL")]
    table = select_rois(*make_tables(rows), make_settings())
    whole = build_subject_row(table, np.arange(lesions), LesionRule.VOLUME_WEIGHTED)
    partial = build_subject_row(table, np.arange(lesions + 1), LesionRule.VOLUME_WEIGHTED)
    assert whole.note is None
    assert partial.note == (
        "ST/A/S1/T0/CT/GTV/3 has no features (ROI_TOO_SMALL); mean, sum and volume are of the other lesions"
    )


def test_first_by_key_stands_where_lesions_are_equally_large() -> None:
    rows = [roi_row("S1", lesion=n, features={"f0": float(n)}) for n in ("2", "1", "3")]
    table = select_rois(*make_tables(rows, ["f0"]), make_settings())
    assert build_subject_row(table, np.arange(3), LesionRule.LARGEST).values.tolist() == [1.0]


def test_weighted_mean_is_by_volume_and_over_the_known_values() -> None:
    table = select_rois(*make_tables(TWO_LESIONS), make_settings())
    row = build_subject_row(table, np.arange(2), LesionRule.VOLUME_WEIGHTED)
    assert row.roi_id is None
    assert row.volume_mm3 == 400.0
    assert row.values == pytest.approx([0.25 * 1.0 + 0.75 * 5.0, 10.0])


def test_subject_without_features_has_no_row() -> None:
    table = select_rois(*make_tables([roi_row("S1", reason="GEOMETRY")]), make_settings())
    assert build_subject_row(table, np.arange(1), LesionRule.LARGEST) is None


@pytest.mark.parametrize(
    ("second", "setting"),
    [({"roi": "NODE"}, "rois"), ({"timepoint": "T1"}, "timepoint"), ({"image": "PET"}, "image_id")],
)
def test_ambiguity_is_refused_until_the_settings_say_which(second: dict[str, str], setting: str) -> None:
    tables = make_tables([roi_row("S1"), roi_row("S1", **second)])
    with pytest.raises(CohortError, match=f"modelling.{setting}"):
        select_rois(*tables, make_settings())
    wanted = next(iter(second.values()))
    table = select_rois(*tables, make_settings(**{setting: (wanted,) if setting == "rois" else wanted}))
    assert len(table.roi_ids) == 1


def test_declared_roi_that_does_not_occur_is_refused_with_those_that_do() -> None:
    with pytest.raises(CohortError, match=r"no row of the image sheet has the declared roi \(found GTV\)"):
        select_rois(*make_tables([roi_row("S1")]), make_settings(rois=("PTV",)))
