"""The filter by repeatability: what it drops, what it says, what it refuses."""

import numpy as np
import pyarrow as pa
import pytest

from radfeat.core.errors import CohortError
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.predictors import select_predictors
from radfeat.modelling.repeatability import Repeatability, find_repeatability
from radfeat.modelling.repeatability_settings import RepeatabilityFilter
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import REPEATABILITY, ROIS
from studies import OS, draw_study, make_settings, make_tables, roi_row

NAMES = ("f0", "f1", "f2", "f3")


def limit_row(
    feature: str,
    limit: float | None,
    *,
    source: str = "readers",
    image: str = "CT",
    region: str = "GTV",
    icc: str = "icc_2_1",
) -> dict[str, object]:
    counts = dict.fromkeys(("targets", "complete", "subjects", "repeats", "missing", "degrees"), 2)
    row: dict[str, object] = {
        "source": source,
        "image_id": image,
        "region": region,
        "feature": feature,
        "balanced": True,
        "cv_method": "log",
        "level": 0.95,
        f"{icc}_lo": limit,
    }
    return counts | row


def find(rows: list[dict[str, object]], **changes: object) -> Repeatability:
    rois = build_table(ROIS, [roi_row("S1")[1], roi_row("S2", roi="GTV-2")[1] | {"role": "GTV"}])
    settings = RepeatabilityFilter.model_validate({"source": "readers"} | changes)
    table = build_table(REPEATABILITY, rows)
    return find_repeatability(table, rois, rois["roi_id"].to_pylist(), NAMES, settings)


ROWS = [limit_row("f0", 0.9), limit_row("f1", 0.75), limit_row("f2", 0.7499), limit_row("f3", None)]


def test_a_feature_is_kept_from_the_limit_on_and_dropped_without_an_estimate() -> None:
    assert find(ROWS).dropped.tolist() == [False, False, True, True]
    assert find(ROWS, unestimated="keep").dropped.tolist() == [False, False, True, False]
    assert find(ROWS[:3]).dropped.tolist() == [False, False, True, True], "absent is without an estimate"
    assert find(ROWS, least=0.8).dropped.tolist() == [False, True, True, True]


def test_only_source_image_region_and_correlation_asked_for_count() -> None:
    strangers = [
        limit_row("f0", 0.1, source="perturbation"),
        limit_row("f0", 0.1, image="PT"),
        limit_row("f0", 0.1, region="node"),
    ]
    assert not find(ROWS + strangers).dropped[0]
    consistent = [limit_row("f0", 0.1), limit_row("f1", 0.2, icc="icc_3_1", region="node")]
    with pytest.raises(CohortError, match="no repeats of source test_retest"):
        find(consistent, source="test_retest")
    assert find([limit_row("f0", 0.95, icc="icc_3_1")], icc="icc_3_1").lower_limits[0] == 0.95


def test_the_lowest_limit_of_the_regions_that_enter_counts() -> None:
    rois = build_table(ROIS, [roi_row("S1")[1], roi_row("S2", roi="node")[1]])
    rows = [limit_row("f0", 0.9), limit_row("f0", 0.6, region="node"), limit_row("f1", 0.8)]
    table, settings = (
        build_table(REPEATABILITY, rows),
        RepeatabilityFilter.model_validate({"source": "readers"}),
    )
    found = find_repeatability(table, rois, rois["roi_id"].to_pylist(), NAMES[:2], settings)
    assert found.lower_limits.tolist() == [0.6, 0.8]


def test_no_repeats_of_what_enters_is_said_with_what_there_is() -> None:
    with pytest.raises(CohortError) as caught:
        find([limit_row("f0", 0.9, region="node")])
    assert "readers of CT node" in caught.value.sentence
    assert "readers of CT GTV" in caught.value.sentence


def test_offer_counts_what_was_dropped_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(40, 4))
    volumes = np.arange(1.0, 41.0)
    offer = select_predictors(values, volumes, make_settings(), find(ROWS))
    assert (offer.kept, offer.unrepeatable, offer.unestimated) == ((0, 1), 2, 1)
    assert "2 not repeatable" in offer.sentence
    kept = select_predictors(values, volumes, make_settings(), find(ROWS, unestimated="keep"))
    assert (kept.kept, kept.unrepeatable, kept.unestimated) == ((0, 1, 3), 1, 1)
    assert "1 kept without an estimate" in kept.repeatability_words
    assert select_predictors(values, volumes, make_settings()).repeatability_words == ""


def test_a_constant_feature_counts_once() -> None:
    values = np.random.default_rng(0).normal(size=(40, 4))
    values[:, 3] = 1.0
    offer = select_predictors(values, np.arange(1.0, 41.0), make_settings(), find(ROWS))
    assert (offer.near_constant, offer.unrepeatable) == (1, 1)


def build(rows: list[dict[str, object]] | None, subjects: int = 30) -> StudyTable:
    rng = np.random.default_rng(5)
    drawn = [roi_row(f"S{i:02d}", features={n: float(rng.normal()) for n in NAMES}) for i in range(subjects)]
    clinical = [
        ClinicalRow(f"S{i:02d}", "control", {"os": SubjectOutcome(float(i + 1), i % 2 == 0)}, {})
        for i in range(subjects)
    ]
    settings = filtered()
    table: pa.Table | None = None if rows is None else build_table(REPEATABILITY, rows)
    return build_study(
        *make_tables(drawn, NAMES), ClinicalSheet(tuple(clinical)), settings, repeatability=table
    )


def filtered() -> ModellingSettings:
    return make_settings(endpoints=(OS,), arms=("control",), repeatability={"source": "readers"})


def test_feasibility_says_how_many_features_were_not_repeatable() -> None:
    result = fit_arm(build(ROWS), "os", "control", filtered())
    (row,) = result.feasibility.to_pylist()
    assert (row["predictors"], row["unrepeatable"]) == (2, 2)
    assert row["sentence"].endswith(
        "2 features were left out as not repeatable (lower limit of icc_2_1 by readers below 0.75), "
        "1 of them without an estimate."
    )


def test_the_filter_is_blind_to_arm_and_outcome_and_needs_its_table() -> None:
    assert build(ROWS).offer.kept == (0, 1)
    with pytest.raises(CohortError, match="no repeats at all"):
        build(None)


def test_without_the_filter_nothing_is_said() -> None:
    settings = make_settings(endpoints=(OS,))
    (row,) = fit_arm(draw_study(settings), "os", "control", settings).feasibility.to_pylist()
    assert row["unrepeatable"] is None
    assert "repeatable" not in row["sentence"]


def test_shuffled_arms_and_outcomes_do_not_alter_the_offer() -> None:
    settings = make_settings(endpoints=(OS,), repeatability={"source": "readers"})
    rng = np.random.default_rng(6)
    names = [f"S{i:02d}" for i in range(30)]
    drawn = [roi_row(s, features={n: float(rng.normal()) for n in NAMES}) for s in names]
    limits = build_table(REPEATABILITY, ROWS)
    offers = []
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permutation(30)
        clinical = [
            ClinicalRow(s, settings.arms[int(n) % 2], {"os": SubjectOutcome(float(n + 1), bool(n % 3))}, {})
            for s, n in zip(names, shuffled, strict=True)
        ]
        sheet = ClinicalSheet(tuple(clinical))
        offers.append(build_study(*make_tables(drawn, NAMES), sheet, settings, repeatability=limits).offer)
    assert {offer.kept for offer in offers} == {(0, 1)}
    assert {offer.unrepeatable for offer in offers} == {2}
