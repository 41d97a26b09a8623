"""ComBat by hand and at its edges; whose batch is whose; labels travel beside the values."""

import numpy as np
import pyarrow as pa
import pytest

from radfeat.modelling.batch_effects import ComBat
from radfeat.modelling.batch_labels import find_scanners, label_batches
from radfeat.modelling.cross_validation import Rows, Schedule, cross_validate
from radfeat.modelling.fold_model import ElasticNetFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.preprocessing import FeatureStepsFit
from radfeat.modelling.settings import UnseenBatch
from studies import make_settings, make_tables, roi_row, survival

RNG = np.random.default_rng(2)
BATCHES = ["A"] * 20 + ["B"] * 20
SHIFTED = RNG.normal(size=(40, 8)) * np.repeat([[1.0], [3.0]], 20, axis=0) + np.repeat(
    [[0.0], [5.0]], 20, axis=0
)


def test_one_column_is_brought_to_the_mean_of_all_and_the_spread_within() -> None:
    """A: 0, 2 (mean 1); B: 10, 14 (mean 12). Mean 6.5, variance within (1 + 1 + 4 + 4) / 4; no shrinkage."""
    adjusted = ComBat(2).fit_transform(np.array([[0.0], [2.0], [10.0], [14.0]]), batches=["A", "A", "B", "B"])
    half = np.sqrt(2.5) / np.sqrt(2)
    assert adjusted[:, 0] == pytest.approx([6.5 - half, 6.5 + half, 6.5 - half, 6.5 + half])


def test_location_and_scale_of_batches_become_alike() -> None:
    adjusted = ComBat(5).fit_transform(SHIFTED, batches=BATCHES)
    first, second = adjusted[:20], adjusted[20:]
    gap, before = (
        np.abs(a.mean(axis=0) - b.mean(axis=0)) for a, b in ((first, second), (SHIFTED[:20], SHIFTED[20:]))
    )
    assert before.min() > 3
    assert (gap < 0.25 * before).all()
    assert (SHIFTED[20:].std(axis=0) / SHIFTED[:20].std(axis=0)).min() > 2
    assert (second.std(axis=0) / first.std(axis=0)).max() < 1.6


def test_batch_of_one_row_gives_numbers_and_is_pooled() -> None:
    batches = [*BATCHES[:-1], "tiny"]
    step = ComBat(2).fit(SHIFTED, batches=batches)
    assert (step.own_, step.pooled_, step.has_pool_) == (("A", "B"), ("tiny",), False)
    adjusted = step.transform(SHIFTED, batches=batches)
    assert np.isfinite(adjusted).all()
    np.testing.assert_array_equal(adjusted[-1], SHIFTED[-1])


def test_small_batches_are_one_batch_together() -> None:
    batches = ["A"] * 20 + [f"s{i % 5}" for i in range(20)]
    step = ComBat(10).fit(SHIFTED, batches=batches)
    assert step.pooled_ == ("s0", "s1", "s2", "s3", "s4")
    as_one = ComBat(10).fit_transform(SHIFTED, batches=BATCHES)
    assert step.transform(SHIFTED, batches=batches) == pytest.approx(as_one)


@pytest.mark.parametrize("batches", [["A"] * 40, [f"s{i}" for i in range(40)]], ids=["one batch", "all tiny"])
def test_without_two_batches_nothing_changes(batches: list[str]) -> None:
    np.testing.assert_allclose(ComBat(5).fit_transform(SHIFTED, batches=batches), SHIFTED)


def test_column_that_is_constant_in_one_batch_is_left_as_it_is() -> None:
    values = SHIFTED.copy()
    values[:20, 3] = 7.0
    adjusted = ComBat(5).fit_transform(values, batches=BATCHES)
    np.testing.assert_array_equal(adjusted[:, 3], values[:, 3])
    assert (adjusted[:, 4] != values[:, 4]).all()


def test_missing_values_are_refused() -> None:
    values = SHIFTED.copy()
    values[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        ComBat(5).fit(values, batches=BATCHES)


@pytest.mark.parametrize("unseen", list(UnseenBatch))
def test_unseen_batch_is_treated_as_declared(unseen: UnseenBatch) -> None:
    batches = ["A"] * 16 + [f"s{i}" for i in range(4)] * 1 + ["B"] * 16 + [f"s{i}" for i in range(4)]
    step = ComBat(8, unseen).fit(SHIFTED, batches=batches)
    assert step.has_pool_
    new = step.transform(SHIFTED[:1], batches=["new"])
    expected = {
        UnseenBatch.POOLED: step.transform(SHIFTED[:1], batches=["s0"]),
        UnseenBatch.UNADJUSTED: SHIFTED[:1],
        UnseenBatch.REFUSE: np.full((1, 8), np.nan),
    }[unseen]
    np.testing.assert_array_equal(new, expected)


def test_rows_are_adjusted_by_the_training_rows_alone() -> None:
    step = ComBat(5).fit(SHIFTED, batches=BATCHES)
    alone = step.transform(SHIFTED[:1], batches=["B"])
    beside = step.transform(np.vstack([SHIFTED[:1], SHIFTED * 100]), batches=["B", *BATCHES])
    np.testing.assert_array_equal(alone[0], beside[0])


def test_labels_are_no_predictor() -> None:
    settings = make_settings(batch_effects="combat", min_site=5)
    steps = FeatureStepsFit(settings)(Inputs(SHIFTED, tuple(BATCHES)))
    assert steps.transform(Inputs(SHIFTED, tuple(BATCHES))).shape[1] <= 8
    assert set(steps.columns) <= set(range(8))


def test_rows_of_a_refused_batch_have_neither_score_nor_stratum() -> None:
    settings = make_settings(batch_effects="combat", min_site=5, unseen_batch="refuse")
    times = RNG.exponential(np.exp(-SHIFTED[:, 0])) + 0.1
    batches = ("lonely", *BATCHES[1:])
    rows = Rows(
        tuple(f"S{i}" for i in range(40)), ("a",) * 40, SHIFTED, survival(times, np.ones(40)), batches
    )
    result = cross_validate(rows, None, ElasticNetFit(settings), Schedule(4, (1,)))
    assert np.isnan(result.scores[:, 0])
    assert result.strata[0] == -1
    assert not np.isnan(result.scores[:, 1:]).any()


def test_batch_is_the_scanner_of_the_image_that_enters_or_else_the_site() -> None:
    rows = [
        roi_row("S1", timepoint="T0"),
        roi_row("S1", timepoint="T1"),
        roi_row("S2", site="B", timepoint="T0"),
        roi_row("S3", roi="GTV", lesion="1"),
        roi_row("S3", roi="GTV", lesion="2", image="PT"),
    ]
    features, _ = make_tables(rows)
    cases = dict.fromkeys(features["case_id"].to_pylist())
    scanners = dict(zip(cases, ["X", "later", None, "Y", "Z"], strict=True))
    series = pa.table({"case_id": list(scanners), "scanner": list(scanners.values())})
    settings = make_settings(batch="scanner", timepoint="T0")
    found = find_scanners(features, series, settings)
    assert found == {"S1": "X", "S3": "Y + Z"}
    sites = {"S1": "A", "S2": "B", "S3": "A"}
    assert label_batches(["S1", "S2", "S3"], sites, found, settings) == ("X", "(site B)", "Y + Z")
    assert label_batches(["S1", "S2"], sites, found, make_settings()) == ("A", "B")


def test_scanners_of_other_visits_and_of_images_of_other_rois_are_none_of_the_batch() -> None:
    rows = [roi_row("S1", timepoint=visit) for visit in ("T0", "T1", "T2")]
    rows += [roi_row("S1", roi="PET-GTV", image="PT", timepoint="T0")]
    features, _ = make_tables(rows)
    cases = dict.fromkeys(features["case_id"].to_pylist())
    scanners = dict(zip(cases, ["first", "second", "third", "pet"], strict=True))
    series = pa.table({"case_id": list(scanners), "scanner": list(scanners.values())})
    change = make_settings(batch="scanner", delta={"baseline": "T0", "followup": "T1"}, rois=("GTV",))
    assert find_scanners(features, series, change) == {"S1": "first + second"}
    value = make_settings(batch="scanner", timepoint="T0", rois=("GTV",))
    assert find_scanners(features, series, value) == {"S1": "first"}
