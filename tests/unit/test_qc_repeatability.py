"""Which rows of the image sheet repeat each other, and the table made of them."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from pydantic import ValidationError

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.qc.repeatability import build_repeatability
from radfeat.qc.repeatability_settings import RepeatabilitySettings
from radfeat.qc.repeats import list_drawings, list_single_drawings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURES, PERTURBED_FEATURES, ROIS

Row = dict[str, object]


def drawn(
    subject: str,
    value: float | None,
    *,
    timepoint: str = "T0",
    image: str = "CT",
    roi: str = "GTV",
    lesion: str = "",
    role: str | None = None,
    reader: str | None = None,
) -> Row:
    key = RoiKey(CaseKey("ST", "A", subject, timepoint, image), roi, lesion)
    return {
        "roi_id": key.roi_id,
        "case_id": key.case.case_id,
        "study_id": "ST",
        "site_id": "A",
        "subject_id": subject,
        "timepoint": timepoint,
        "image_id": image,
        "roi": roi,
        "lesion_id": lesion or None,
        "role": role,
        "reader_id": reader,
        "value": value,
    }


def build(rows: Sequence[Row], perturbed: Sequence[Row] = (), **settings: object) -> list[Row]:
    rois, features = _tables(rows)
    altered = build_table(PERTURBED_FEATURES, perturbed, ["f"] if perturbed else [])
    found = build_repeatability(rois, features, altered, RepeatabilitySettings.model_validate(settings))
    return found.to_pylist()  # type: ignore[no-any-return]


def _tables(rows: Sequence[Row]) -> tuple[pa.Table, pa.Table]:
    drawings, measured = [], []
    for row in rows:
        failed = row["value"] is None
        state = {"status": "FAILED" if failed else "OK", "reason": "COMPUTE_ERROR" if failed else None}
        plain = {k: v for k, v in row.items() if k != "value"}
        drawings.append(plain | state)
        fixed = {k: v for k, v in plain.items() if k not in ("role", "reader_id")}
        measured.append(fixed | state | ({} if failed else {"f": row["value"]}))
    return build_table(ROIS, drawings), build_table(FEATURES, measured, ["f"])


def test_nothing_repeated_gives_no_rows() -> None:
    assert build([drawn("S1", 1.0), drawn("S2", 2.0), drawn("S1", 1.1, timepoint="T1")]) == []


def test_declared_timepoints_are_scan_and_repeat() -> None:
    rows = [drawn(s, v, timepoint="test") for s, v in (("S1", 1.0), ("S2", 5.0), ("S3", 9.0))]
    rows += [drawn(s, v, timepoint="retest") for s, v in (("S1", 3.0), ("S2", 7.0))]
    rows += [drawn("S1", 99.0, timepoint="week 12")]
    (row,) = build(rows, retest_timepoints=["test", "retest"])
    assert (row["source"], row["image_id"], row["region"]) == ("test_retest", "CT", "GTV")
    assert (row["targets"], row["complete"], row["subjects"], row["repeats"]) == (2, 2, 2, 2)
    assert row["balanced"] is True
    assert row["icc_2_1"] == pytest.approx(0.8)
    assert row["icc_3_1"] == pytest.approx(1.0)
    assert row["within_sd"] == pytest.approx(2**0.5)
    assert (row["mean"], row["degrees"], row["note"]) == (4.0, 2, None)


def test_declared_images_are_scan_and_repeat_at_each_timepoint() -> None:
    rows = [
        drawn(s, v, image=image, timepoint=t)
        for s, t, v, image in (
            ("S1", "T0", 1.0, "CT"),
            ("S1", "T0", 3.0, "CT-2"),
            ("S1", "T1", 5.0, "CT"),
            ("S1", "T1", 7.0, "CT-2"),
        )
    ]
    (row,) = build(rows, retest_images=["CT", "CT-2"])
    assert (row["image_id"], row["targets"], row["subjects"]) == ("CT", 2, 1)


def test_readers_are_found_by_role_and_pooled_neither_over_images_nor_regions() -> None:
    rows = [
        drawn(s, v, image=image, roi=f"{role}-{reader}", role=role, reader=reader)
        for image in ("CT", "PT")
        for role in ("GTV", "node")
        for s, reader, v in (("S1", "r1", 1.0), ("S1", "r2", 3.0), ("S2", "r1", 5.0), ("S2", "r2", 7.0))
    ]
    found = build(rows)
    assert [(r["source"], r["image_id"], r["region"], r["complete"]) for r in found] == [
        ("readers", image, role, 2) for image in ("CT", "PT") for role in ("GTV", "node")
    ]


def test_lesions_are_targets_of_their_own_and_subjects_are_counted() -> None:
    rows = [
        drawn("S1", v, roi=f"GTV-{reader}", role="GTV", lesion=lesion, reader=reader)
        for lesion, reader, v in (("1", "r1", 1.0), ("1", "r2", 2.0), ("2", "r1", 4.0), ("2", "r2", 5.0))
    ]
    (row,) = build(rows)
    assert (row["targets"], row["subjects"]) == (2, 1)


def test_a_reader_who_drew_twice_counts_once_and_one_alone_is_no_repeat() -> None:
    rows = [drawn("S1", v, roi=f"GTV-{n}", role="GTV", reader="r1") for n, v in enumerate((1.0, 2.0))]
    assert build(rows) == []


def test_what_lacks_a_repeat_is_left_out_of_the_correlation_but_not_of_the_deviation() -> None:
    values = {"S1": (1.0, 3.0, 2.0), "S2": (5.0, 7.0, None), "S3": (4.0, 4.0, 7.0), "S4": (9.0, None, None)}
    rows = [
        drawn(s, v, roi=f"GTV-{i}", role="GTV", reader=f"r{i}")
        for s, three in values.items()
        for i, v in enumerate(three)
    ]
    (row,) = build(rows)
    assert (row["targets"], row["complete"], row["repeats"], row["missing"]) == (4, 2, 3, 3)
    assert row["balanced"] is False
    assert row["degrees"] == 2 + 1 + 2
    assert row["within_sd"] == pytest.approx(((2.0 + 2.0 + 6.0) / 5) ** 0.5)


def test_readers_who_share_no_subjects_give_a_note_unless_the_settings_name_those_who_do() -> None:
    rows = [
        drawn(s, v, roi=f"GTV-{reader}", role="GTV", reader=reader)
        for s, reader, v in (
            ("S1", "r1", 1.0),
            ("S1", "r2", 3.0),
            ("S2", "r1", 5.0),
            ("S2", "r2", 7.0),
            ("S3", "r1", 4.0),
            ("S3", "r3", 4.0),
        )
    ]
    (all_three,) = build(rows)
    assert (all_three["complete"], all_three["icc_2_1"]) == (0, None)
    assert "two are needed" in str(all_three["note"])
    (two,) = build(rows, readers=["r1", "r2"])
    assert (two["complete"], two["balanced"]) == (2, True)


def test_constant_features_say_so() -> None:
    rows = [drawn(s, 2.0, timepoint=t) for s in ("S1", "S2") for t in ("a", "b")]
    (row,) = build(rows, retest_timepoints=["a", "b"])
    assert (row["icc_2_1"], row["note"], row["within_sd"]) == (None, "all values are the same", 0.0)


def test_perturbed_rows_are_repeats_and_failed_ones_are_counted() -> None:
    originals = [drawn("S1", 1.0), drawn("S2", 5.0)]
    perturbed = [
        {k: v for k, v in row.items() if k not in ("role", "reader_id", "value")}
        | {"repeat": n, "status": "OK", "f": value}
        for row, values in zip(originals, ((1.0, 3.0), (5.0, 7.0)), strict=True)
        for n, value in enumerate(values, start=1)
    ]
    failed = {k: v for k, v in perturbed[0].items() if k != "f"} | {
        "repeat": 3,
        "status": "FAILED",
        "reason": "ROI_EMPTY",
        "sentence": "empty",
    }
    other = perturbed[2] | {"repeat": 3, "f": 6.0}
    (row,) = build(originals, [*perturbed, failed, other])
    assert (row["source"], row["targets"], row["complete"], row["missing"]) == ("perturbation", 2, 1, 1)
    (whole,) = build(originals, perturbed)
    assert whole["icc_2_1"] == pytest.approx(0.8)


def test_one_drawing_per_image_region_and_lesion_is_perturbed() -> None:
    rows = [
        drawn("S1", 1.0, roi="GTV-b", role="GTV", reader="b"),
        drawn("S1", 1.0, roi="GTV-a", role="GTV", reader="a"),
        drawn("S1", 1.0, roi="node"),
        drawn("S1", 1.0, roi="GTV-a", role="GTV", lesion="2"),
    ]
    chosen = list_single_drawings(list_drawings(_tables(rows)[0]))
    assert [d.roi_id.split("/", 5)[-1] for d in chosen] == ["GTV-a", "GTV-a/2", "node"]


@pytest.mark.parametrize(
    "settings",
    [
        {"retest_timepoints": ["a"]},
        {"retest_images": ["a", "a"]},
        {"readers": ["r1"]},
        {"retest_timepoints": ["a", "b"], "retest_images": ["c", "d"]},
    ],
)
def test_settings_that_name_no_repeat_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RepeatabilitySettings.model_validate(settings)
