"""Two runs compared level by level: what holds, what fails, and how each difference is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from radfeat.cli.main import run_command_line
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.run_pairs import pair_runs
from radfeat.submission.comparison import compare_runs
from radfeat.submission.levels import Difference, Kind, Level, LevelVerdict, Outcome, Verdict
from radfeat.submission.tolerance import Tolerances
from radfeat.submission.values import DECIDING
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import (
    COEFFICIENTS,
    FEATURES,
    FEATURES_LONG,
    INTERACTIONS,
    PREDICTIONS,
    ROIS,
    SERIES,
    TableSchema,
)
from studies import roi_row

NAMES = (
    "original_firstorder_Entropy",
    "original_firstorder_Mean",
    "original_glcm_Contrast",
    "original_glcm_JointEntropy",
    "original_glrlm_RunEntropy",
    "original_shape_MeshVolume",
)
Change = Callable[[pa.Table], pa.Table]
GATE = {"sentence": "1 of 5 ROIs failed.", "overridden": None, "table_digests": {"features": "d1"}}
"""The verdict of the gate, as ``radfeat gate`` writes it."""


def write(path: Path, schema: TableSchema, table: pa.Table) -> None:
    write_table(path, table, schema, settings_digest="s" * 64, run_id="r" * 16)


@pytest.fixture
def first(tmp_path: Path) -> ResultsFolder:
    """Five ROIs of one, the last failed, with a few tables of the unblinded half and a model."""
    folder = ResultsFolder(tmp_path / "first")
    values = {name: 1.25 + j for j, name in enumerate(NAMES)}
    rows = [roi_row(f"S{i}", features={n: v + i / 7 for n, v in values.items()}) for i in range(4)]
    rows.append(roi_row("S4", reason="ROI_EMPTY"))
    steps = json.dumps([{"name": "resample", "spacing": [1.0, 0.1]}])
    rois = [
        roi | {"mask_voxel_digest": f"m{i}", "mask_sha256": f"f{i}", "steps": steps, "voxels": 10 + i}
        for i, (_, roi) in enumerate(rows)
    ]
    keys = ("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id")
    series = [
        {key: roi[key] for key in keys}
        | {"modality": "CT", "status": "OK", "image_sha256": f"h{i}", "voxel_digest": f"v{i}"}
        for i, roi in enumerate(rois)
    ]
    write(folder.blinded / "features.parquet", FEATURES, build_table(FEATURES, [f for f, _ in rows], NAMES))
    write(folder.blinded / "rois.parquet", ROIS, build_table(ROIS, rois))
    write(folder.blinded / "series.parquet", SERIES, build_table(SERIES, series))
    long = [
        {k: v for k, v in row.items() if k not in NAMES} | {"feature": n, "value": row[n]}
        for row, _ in rows[:2]
        for n in NAMES
    ]
    write(folder.blinded / "features_long.parquet", FEATURES_LONG, build_table(FEATURES_LONG, long))
    chosen = [
        {
            "endpoint": "os",
            "arm": "a",
            "feature": n,
            "coefficient": c,
            "centre": 0.5,
            "scale": 2.0,
            "cluster": 1,
        }
        for n, c in ((NAMES[1], 0.5), (NAMES[2], 0.0))
    ]
    write(folder.unblinded / "coefficients.parquet", COEFFICIENTS, build_table(COEFFICIENTS, chosen))
    scored = [
        {
            **{"endpoint": "os", "model_arm": "a", "subject_id": f"S{i}", "repeat": 1, "arm": "a"},
            **{"site_id": "A", "fold": 1, "score": i - 1.5, "stratum": "high" if i > 1 else "low"},
        }
        for i in range(4)
    ]
    write(folder.unblinded / "predictions.parquet", PREDICTIONS, build_table(PREDICTIONS, scored))
    model = {"endpoint": "os", "terms": [{"feature": NAMES[1], "coefficient": 0.5}], "training_digest": "t1"}
    path = folder.model("01-os", "01-a") / "model.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(model), encoding="utf-8")
    folder.gate.parent.mkdir(parents=True)
    folder.gate.write_text(json.dumps(GATE), encoding="utf-8")
    return folder


@pytest.fixture
def second(first: ResultsFolder, tmp_path: Path) -> ResultsFolder:
    return ResultsFolder(Path(shutil.copytree(first.root, tmp_path / "second")))


def judge(
    first: ResultsFolder, second: ResultsFolder, tolerances: Tolerances | None = None
) -> dict[str, LevelVerdict]:
    levels = compare_runs(*pair_runs(first, second), tolerances or Tolerances())
    return {verdict.level.code: verdict for verdict in levels}


def failing(levels: dict[str, LevelVerdict]) -> set[str]:
    return {code for code, verdict in levels.items() if verdict.outcome is Outcome.FAILS}


def rewrite(folder: ResultsFolder, name: str, schema: TableSchema, change: Change) -> None:
    """Change a table as radfeat would have written it."""
    path = folder.root / f"{name}.parquet"
    write(path, schema, change(pq.read_table(path).replace_schema_metadata(None)))


def put(column: str, row: int, value: object) -> Change:
    """Put a value into a cell."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        place = table.column_names.index(column)
        return table.set_column(place, column, pa.array(values, table.schema.field(column).type))

    return change


def test_the_same_run_holds_on_every_level(first: ResultsFolder, second: ResultsFolder) -> None:
    levels = judge(first, second)
    assert {v.outcome for v in levels.values()} == {Outcome.HOLDS}


@pytest.mark.requirement("R-PACK-2")
def test_a_value_changed_by_a_millionth_is_named_with_row_column_and_both_values(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    before = pq.read_table(first.root / "blinded/features.parquet")["original_shape_MeshVolume"][2].as_py()
    changed = before + 1e-6
    rewrite(second, "blinded/features", FEATURES, put("original_shape_MeshVolume", 2, changed))
    levels = judge(first, second)
    assert failing(levels) == {"V1", "V2", "V3"}
    assert levels["V3"].differences == (
        Difference(
            Kind.VALUE,
            "blinded/features",
            "roi_id ST/A/S2/T0/CT/GTV",
            "original_shape_MeshVolume",
            repr(before),
            repr(changed),
        ),
    )


@pytest.mark.parametrize(("by", "holds"), [(1e-16, True), (5e-10, True), (2e-9, False), (-2e-9, False)])
def test_the_tolerance_is_relative(
    first: ResultsFolder, second: ResultsFolder, by: float, holds: bool
) -> None:
    values = pq.read_table(first.root / "blinded/features.parquet")["original_firstorder_Mean"]
    changed = values[1].as_py() * (1 + by)
    rewrite(second, "blinded/features", FEATURES, put("original_firstorder_Mean", 1, changed))
    assert ("V3" not in failing(judge(first, second))) is holds


@pytest.mark.requirement("R-PACK-2")
def test_values_that_differ_within_the_tolerance_are_counted_and_the_furthest_is_named(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    name = "original_glcm_Contrast"
    values = pq.read_table(first.root / "blinded/features.parquet")[name].to_pylist()
    rewrite(second, "blinded/features", FEATURES, put(name, 0, values[0] * (1 + 1e-14)))
    table = pq.read_table(second.root / "blinded/features.parquet").replace_schema_metadata(None)
    write(second.root / "blinded/features.parquet", FEATURES, put(name, 2, values[2] * (1 + 2e-10))(table))
    levels = judge(first, second)
    assert failing(levels) == {"V1", "V2"}
    (remark,) = levels["V3"].remarks
    assert (remark.table, remark.key, remark.column) == ("blinded/features", "roi_id ST/A/S2/T0/CT/GTV", name)
    assert float(remark.first) == values[2]
    assert remark.note == "within tolerance, by 2.0e-10 of its size; the furthest of 2"
    assert levels["V3"].sentence.endswith(
        "2 values in one column differ within it, by 2.0e-10 of their size at most"
    )
    assert judge(first, first)["V3"].remarks == ()


def test_permuted_rows_and_columns_say_the_same(first: ResultsFolder, second: ResultsFolder) -> None:
    for path in sorted(second.root.rglob("*.parquet")):
        table = pq.read_table(path)
        rng = np.random.default_rng(3)
        table = table.take(rng.permutation(table.num_rows)).select(list(rng.permutation(table.column_names)))
        pq.write_table(table, path)
    assert failing(judge(first, second)) == {"V1"}


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy"},
        {"use_dictionary": False, "row_group_size": 2},
        {"version": "1.0", "data_page_version": "2.0"},
        {"store_schema": False, "write_statistics": False, "compression": "none"},
    ],
)
def test_another_writer_changes_bytes_and_nothing_else(
    first: ResultsFolder, second: ResultsFolder, options: dict[str, object]
) -> None:
    for path in sorted(second.root.rglob("*.parquet")):
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path, **options)
    levels = judge(first, second)
    assert failing(levels) == {"V1"}
    assert {d.table for d in levels["V1"].differences} == {
        p.relative_to(second.root).with_suffix("").as_posix() for p in second.root.rglob("*.parquet")
    }


@pytest.mark.requirement("R-PACK-2")
def test_a_missing_row_a_missing_table_and_another_reason_are_named(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    rewrite(second, "blinded/features", FEATURES, lambda table: table.slice(1))
    rewrite(second, "blinded/rois", ROIS, put("reason", 4, "GEOMETRY"))
    (second.unblinded / "predictions.parquet").unlink()
    levels = judge(first, second)
    found = {(d.kind, d.table, d.column, d.first, d.second) for d in levels["V3"].differences}
    assert found == {
        (Kind.ROW, "blinded/features", "", "there", "absent"),
        (Kind.VALUE, "blinded/rois", "reason", "ROI_EMPTY", "GEOMETRY"),
        (Kind.TABLE, "unblinded/predictions", "", "there", "absent"),
    }
    assert {d.table for d in levels["V4"].differences} == {"blinded/rois", "unblinded/predictions"}


def test_a_count_has_no_tolerance_and_numbers_in_steps_have(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    steps = json.dumps([{"name": "resample", "spacing": [1.0, 0.1 + 1e-17 + 1e-16]}])
    rewrite(second, "blinded/rois", ROIS, put("steps", 0, steps))
    assert failing(judge(first, second)) == {"V1", "V2"}
    rewrite(second, "blinded/rois", ROIS, put("voxels", 0, 11))
    assert [d.column for d in judge(first, second)["V3"].differences] == ["voxels"]


@pytest.mark.requirement("R-PACK-2")
def test_another_stratum_and_another_choice_of_features_change_the_conclusion(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    rewrite(second, "unblinded/predictions", PREDICTIONS, put("score", 0, -1.4))
    assert failing(judge(first, second)) == {"V1", "V2", "V3"}
    rewrite(second, "unblinded/predictions", PREDICTIONS, put("stratum", 0, "high"))
    rewrite(second, "unblinded/coefficients", COEFFICIENTS, put("coefficient", 1, 1e-3))
    rewrite(second, "unblinded/coefficients", COEFFICIENTS, put("coefficient", 0, 0.6))
    decided = judge(first, second)["V4"].differences
    assert {(d.table, d.column, d.first, d.second) for d in decided} == {
        ("unblinded/predictions", "stratum", "low", "high"),
        ("unblinded/coefficients", "coefficient", "0.0", "0.001"),
    }


def test_the_verdict_of_the_gate_is_a_conclusion_and_a_digest_in_a_model_none(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    path = second.model("01-os", "01-a") / "model.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"t1"', '"t2"').replace("0.5", "0.50000000000000001"), encoding="utf-8")
    assert failing(judge(first, second)) == {"V1", "V2"}
    path.write_text(text.replace("0.5", "0.6"), encoding="utf-8")
    assert [(d.column, d.first, d.second) for d in judge(first, second)["V3"].differences] == [
        ("terms[0].coefficient", "0.5", "0.6")
    ]
    path.write_text(text, encoding="utf-8")
    second.gate.write_text(json.dumps(GATE | {"table_digests": {"features": "d2"}}), encoding="utf-8")
    assert failing(judge(first, second)) == {"V1", "V2"}
    second.gate.write_text(json.dumps(GATE | {"overridden": "Known before"}), encoding="utf-8")
    assert [(d.column, d.first, d.second) for d in judge(first, second)["V4"].differences] == [
        ("overridden", "null", '"Known before"')
    ]


@pytest.mark.requirement("R-PACK-2")
def test_other_voxels_fail_v0_and_another_header_is_only_listed(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    rewrite(second, "blinded/series", SERIES, put("image_sha256", 1, "other"))
    levels = judge(first, second)
    assert failing(levels) == {"V1", "V2"}
    assert [(d.key, d.column) for d in levels["V0"].remarks] == [("case_id ST/A/S1/T0/CT", "image_sha256")]
    rewrite(second, "blinded/series", SERIES, put("voxel_digest", 1, "other"))
    assert [(d.column, d.first, d.second) for d in judge(first, second)["V0"].differences] == [
        ("voxel_digest", "v1", "other")
    ]


def test_one_voxel_in_another_bin_is_called_a_flip_and_a_lone_value_is_not(
    first: ResultsFolder, second: ResultsFolder
) -> None:
    for name in ("original_glcm_Contrast", "original_glcm_JointEntropy", "original_firstorder_Entropy"):
        rewrite(second, "blinded/features", FEATURES, put(name, 1, 9.0))
    assert {d.note for d in judge(first, second)["V3"].differences} == {""}  # glrlm did not move
    rewrite(second, "blinded/features", FEATURES, put("original_glrlm_RunEntropy", 1, 9.0))
    levels = judge(first, second)
    assert [d.note for d in levels["V3"].differences] == ["discretisation flip"] * 4
    assert "4 of them by a discretisation flip" in levels["V3"].sentence
    rewrite(second, "blinded/features", FEATURES, put("original_firstorder_Mean", 1, 9.0))
    assert {d.note for d in judge(first, second)["V3"].differences} == {""}


def test_a_damaged_table_fails_and_is_named(first: ResultsFolder, second: ResultsFolder) -> None:
    path = second.blinded / "features.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    levels = judge(first, second)
    assert failing(levels) == {"V1", "V2", "V3", "V4"}
    assert "cannot be read" in levels["V3"].differences[0].note


@pytest.mark.parametrize(
    ("fails", "required", "code"),
    [
        ((), Level.BYTE, 0),
        ((1, 2), Level.TOLERANCE, 0),
        ((1, 2), Level.LOGICAL, 12),
        ((1,), Level.BYTE, 11),
        ((1, 2, 3), Level.TOLERANCE, 13),
        ((1, 2, 3, 4), Level.TOLERANCE, 14),
        ((0, 1, 2, 3, 4), Level.TOLERANCE, 10),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_level(
    fails: tuple[int, ...], required: Level, code: int
) -> None:
    levels = tuple(
        LevelVerdict(level, Outcome.FAILS if level in fails else Outcome.HOLDS, "") for level in Level
    )
    assert Verdict("", (), (), levels, required).exit_code == code


def test_the_command_prints_a_table_and_writes_page_and_json(
    first: ResultsFolder, second: ResultsFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = pc.add(pq.read_table(second.root / "blinded/features.parquet")["original_firstorder_Mean"], 0.5)
    rewrite(second, "blinded/features", FEATURES, put("original_firstorder_Mean", 0, changed[0].as_py()))
    out = tmp_path / "verdict"
    code = run_command_line(["compare", str(first.root), str(second.root), "--out", str(out)])
    told = capsys.readouterr().out
    assert code == 13
    assert "blinded/features: roi_id ST/A/S0/T0/CT/GTV, original_firstorder_Mean: 2.25 | 2.75" in told
    data = json.loads((out / "verdict.json").read_text(encoding="utf-8"))
    assert (data["exit_code"], data["required"]) == (13, "V3")
    assert [level["outcome"] for level in data["levels"]] == ["holds", "fails", "fails", "fails", "holds"]
    page = (out / "verdict.html").read_text(encoding="utf-8")
    assert "ST/A/S0/T0/CT/GTV" in page
    assert "2.75" in page
    assert run_command_line(["compare", str(first.root), str(first.root), "--level", "V1"]) == 0


def test_interactions_decide_by_claim_and_standing() -> None:
    assert DECIDING["interactions"] <= set(INTERACTIONS.column_names)
