"""Tables are checked before they are written and when they are read."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radfeat.core.errors import TableError
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import Reason
from radfeat.tables.parquet import TableIdentity, build_table, read_identity, read_table, write_table
from radfeat.tables.schemas import (
    FEATURES,
    FEATURES_LONG,
    FINDINGS,
    SURVIVAL_CURVES,
    Column,
    ColumnType,
    TableSchema,
)

SMALL = TableSchema(
    "small",
    "1.0",
    "Every type, text with an open and with a closed set of values.",
    (
        Column("id", ColumnType.STRING, "Key."),
        Column("visit", ColumnType.INTEGER, "Key."),
        Column("size", ColumnType.FLOAT, "A number.", "mm", nullable=True),
        Column("count", ColumnType.INTEGER, "A count.", nullable=True),
        Column("seen", ColumnType.BOOLEAN, "A flag.", nullable=True),
        Column("class", ColumnType.STRING, "A class.", nullable=True, values=("low", "high")),
    ),
    ("id", "visit"),
    blinded=True,
)
ROW: dict[str, Any] = {"id": "a", "visit": 1, "size": 1.5, "count": 3, "seen": True, "class": "low"}


def write(path: Path, table: pa.Table, schema: TableSchema = SMALL) -> str:
    return write_table(path, table, schema, settings_digest="s" * 64, run_id="run-1")


def feature_row(subject: str, **cells: object) -> dict[str, object]:
    case = f"ST/A/{subject}/base/ct"
    return {
        "roi_id": f"{case}/gtv",
        "case_id": case,
        "study_id": "ST",
        "site_id": "A",
        "subject_id": subject,
        "timepoint": "base",
        "image_id": "ct",
        "roi": "gtv",
        "status": "OK",
        **cells,
    }


def test_rows_become_columns_of_the_declared_types() -> None:
    table = build_table(SMALL, [ROW, {"id": "b", "visit": np.int32(2), "size": np.float32(2.5)}])
    assert table.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.int64(), pa.bool_(), pa.string()]
    missing = {"count": None, "seen": None, "class": None}
    assert table.to_pylist() == [ROW, {"id": "b", "visit": 2, "size": 2.5, **missing}]


def test_whole_numbers_are_numbers() -> None:
    assert build_table(SMALL, [ROW | {"size": 2}])["size"].to_pylist() == [2.0]


def test_no_rows_give_a_table_with_all_columns(tmp_path: Path) -> None:
    table = build_table(SMALL, [])
    assert (table.num_rows, table.column_names) == (0, list(SMALL.column_names))
    write(tmp_path / "small.parquet", table)
    assert read_table(tmp_path / "small.parquet", SMALL, verify=True).equals(table)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"size": float("nan")}, "column size holds NaN"),
        ({"size": float("-inf")}, "column size holds NaN or an infinity"),
        ({"size": "1.5"}, "column size has values of another type"),
        ({"size": True}, "column size has values of another type"),
        ({"count": 1.0}, "column count has values of another type"),
        ({"count": True}, "column count has values of another type"),
        ({"count": 2**63}, "column count holds a value that cannot be stored"),
        ({"id": "\udcff"}, "column id holds a value that cannot be stored"),
        ({"seen": 1}, "column seen has values of another type"),
        ({"class": "middle"}, "column class holds 'middle'"),
        ({"class": b"low"}, "column class has values of another type"),
        ({"id": None}, "column id is NULL"),
        ({"colour": "red"}, "unknown columns colour"),
    ],
)
def test_wrong_cell_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(TableError, match=words):
        build_table(SMALL, [ROW, ROW | {"id": "b"} | wrong])


def test_missing_required_key_is_refused_and_the_row_named() -> None:
    with pytest.raises(TableError, match="small, row id b, visit None: column visit is NULL"):
        build_table(SMALL, [ROW, {"id": "b"}])


def test_features_are_refused_where_the_schema_has_none() -> None:
    with pytest.raises(TableError, match="no feature columns"):
        build_table(SMALL, [ROW], ["f"])


def test_negative_zero_is_zero() -> None:
    value = build_table(SMALL, [ROW | {"size": -0.0}])["size"][0].as_py()
    assert np.signbit(value) == np.False_


def test_table_comes_back_as_it_was_sorted_by_key(tmp_path: Path) -> None:
    rows = [ROW | {"id": i, "visit": v, "size": None} for i, v in [("é", 1), ("b", 10), ("b", 9), ("a", 1)]]
    write(tmp_path / "small.parquet", build_table(SMALL, rows))
    table = read_table(tmp_path / "small.parquet", SMALL, verify=True)
    assert list(zip(table["id"].to_pylist(), table["visit"].to_pylist(), strict=True)) == [
        ("a", 1),
        ("b", 9),
        ("b", 10),
        ("é", 1),
    ]
    assert table["size"].null_count == 4


def test_columns_are_written_in_the_order_of_the_schema(tmp_path: Path) -> None:
    table = build_table(SMALL, [ROW])
    write(tmp_path / "small.parquet", table.select(table.column_names[::-1]))
    assert read_table(tmp_path / "small.parquet", SMALL).column_names == list(SMALL.column_names)


def test_feature_columns_follow_in_the_given_order(tmp_path: Path) -> None:
    table = build_table(FEATURES, [feature_row("S1", zeta=1.0, alpha=None)], ["zeta", "alpha"])
    write(tmp_path / "features.parquet", table, FEATURES)
    read = read_table(tmp_path / "features.parquet", FEATURES)
    assert read.column_names == [*FEATURES.column_names, "zeta", "alpha"]


@pytest.mark.requirement("R-DET-1")
def test_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = [ROW | {"id": str(i)} for i in range(20)]
    first = write(tmp_path / "a.parquet", build_table(SMALL, rows))
    second = write(tmp_path / "b.parquet", build_table(SMALL, rows[::-1]))
    assert first == second
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_file_is_plain_parquet(tmp_path: Path) -> None:
    write(tmp_path / "small.parquet", build_table(SMALL, [ROW]))
    file = pq.ParquetFile(tmp_path / "small.parquet")
    assert b"ARROW:schema" not in file.metadata.metadata
    assert b"pandas" not in file.metadata.metadata
    assert file.schema_arrow.field("id").type == pa.string()
    assert {file.metadata.row_group(0).column(i).compression for i in range(6)} == {"ZSTD"}


def test_file_says_what_it_is(tmp_path: Path) -> None:
    digest = write(tmp_path / "small.parquet", build_table(SMALL, [ROW]))
    expected = TableIdentity("small", "1.0", VERSION, "run-1", "s" * 64, digest, blinded=True)
    assert read_identity(tmp_path / "small.parquet") == expected
    assert pq.read_metadata(tmp_path / "small.parquet").metadata[b"radfeat.blinded"] == b"yes"


def test_two_rows_with_one_key_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="small, row id a, visit 1: two rows have one key"):
        write(tmp_path / "small.parquet", build_table(SMALL, [ROW, ROW | {"id": "b"}, ROW]))
    assert list(tmp_path.iterdir()) == []


def test_failing_write_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    digest = write(path, build_table(SMALL, [ROW]))
    with pytest.raises(TableError):
        write(path, build_table(SMALL, [ROW]).drop_columns(["size"]))
    assert read_identity(path).logical_digest == digest
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["size"]), "size missing"),
        (lambda t: t.append_column("extra", pa.array([1.0])), "extra unknown"),
        (lambda t: t.append_column("size", t["size"]), "column size stands twice"),
        (lambda t: t.set_column(2, "size", pa.array(["1"])), "column size has another type"),
        (lambda t: t.set_column(3, "count", pa.array([1.0])), "column count has another type"),
        (lambda t: t.set_column(4, "seen", pa.array([1])), "column seen has another type"),
        (lambda t: t.set_column(0, "id", pa.array([1])), "column id has another type"),
        (lambda t: t.set_column(2, "size", pa.array([np.nan])), "holds NaN"),
        (lambda t: t.set_column(5, "class", pa.array(["mid"])), "class holds 'mid'"),
        (lambda t: t.rename_columns(["id", "visit", "size", "count", "seen", "cl\nass"]), "column is called"),
    ],
)
def test_wrong_table_is_refused(tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(TableError, match=words):
        write(tmp_path / "small.parquet", change(build_table(SMALL, [ROW])))


def test_kindred_types_are_accepted(tmp_path: Path) -> None:
    table = build_table(SMALL, [ROW])
    digest = write(tmp_path / "a.parquet", table)
    kindred = [pa.large_string(), pa.int8(), pa.float32(), pa.uint16(), pa.bool_(), pa.string()]
    cast = table.cast(pa.schema(zip(table.column_names, kindred, strict=True)))
    encoded = cast.set_column(5, "class", cast["class"].dictionary_encode())
    assert write(tmp_path / "b.parquet", encoded) == digest
    assert read_table(tmp_path / "b.parquet", SMALL).equals(table)


@pytest.mark.requirement("R-TAB-3")
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"status": "OK", "reason": "GEOMETRY"}, "reason and status disagree"),
        ({"status": "FAILED"}, "reason and status disagree"),
        ({"status": "FAILED", "reason": "BECAUSE"}, "column reason holds 'BECAUSE'"),
        (
            {"status": "FAILED", "reason": "GEOMETRY", "f": 1.0},
            "column f has a value although the ROI failed",
        ),
        ({"status": "FAILED", "reason": "FEATURE_UNDEFINED"}, "which is for single features"),
        ({"status": "MAYBE"}, "column status holds 'MAYBE'"),
    ],
)
def test_missing_without_reason_is_refused(cells: dict[str, object], words: str) -> None:
    with pytest.raises(TableError, match=words):
        build_table(FEATURES, [feature_row("S1", **cells)], ["f"])


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.FEATURE_UNDEFINED])
def test_every_reason_may_stand_in_a_failed_row(reason: Reason) -> None:
    table = build_table(FEATURES, [feature_row("S1", status="FAILED", reason=reason)], ["f"])
    assert table["reason"].to_pylist() == [reason.value]


@pytest.mark.requirement("R-TAB-3")
@pytest.mark.parametrize(
    "cells", [{"value": 1.0, "status": "FAILED", "reason": "GEOMETRY"}, {"value": None, "status": "OK"}]
)
def test_value_and_status_of_the_long_table_agree(cells: dict[str, object]) -> None:
    with pytest.raises(TableError, match="value and status disagree"):
        build_table(FEATURES_LONG, [feature_row("S1", feature="f", **cells)])


def test_key_may_end_in_a_number(tmp_path: Path) -> None:
    base = {"endpoint": "os", "model_arm": "A", "arm": "A", "stratum": "all", "at_risk": 1, "events": 0}
    rows = [{**base, "time": t, "censored": 0, "survival": 1.0} for t in (10.0, 9.5, -1.0)]
    write(tmp_path / "c.parquet", build_table(SURVIVAL_CURVES, rows), SURVIVAL_CURVES)
    assert read_table(tmp_path / "c.parquet", SURVIVAL_CURVES)["time"].to_pylist() == [-1.0, 9.5, 10.0]


def test_absent_file_damaged_file_and_no_parquet_are_told(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    with pytest.raises(TableError, match="there is no such table"):
        read_table(path, SMALL)
    path.write_text("id,visit\n")
    with pytest.raises(TableError, match="cannot be read"):
        read_table(path, SMALL)


@pytest.mark.requirement("R-TAB-2")
def test_flipped_byte_in_a_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    rng = np.random.default_rng(1)
    write(path, build_table(SMALL, [ROW | {"visit": i, "size": rng.normal()} for i in range(1000)]))
    data = bytearray(path.read_bytes())
    offset = pq.ParquetFile(path).metadata.row_group(0).column(2).data_page_offset
    data[offset + 2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(TableError, match="cannot be read"):
        read_table(path, SMALL)


def test_table_of_another_schema_or_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    write(path, build_table(SMALL, [ROW]))
    with pytest.raises(TableError, match=r"found small 1\.0, allowed findings"):
        read_table(path, FINDINGS)
    newer = TableSchema(SMALL.name, "2.0", "", SMALL.columns, SMALL.key, blinded=True)
    with pytest.raises(TableError, match=r"allowed small 2\.0"):
        read_table(path, newer)


def rewrite(path: Path, change: Any) -> None:
    file = pq.ParquetFile(path)
    table = change(file.read())
    with pq.ParquetWriter(path.with_suffix(".new"), table.schema, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(file.metadata.metadata)
    path.with_suffix(".new").replace(path)


@pytest.mark.requirement("R-TAB-2")
def test_changed_value_is_found_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    write(path, build_table(SMALL, [ROW]))
    rewrite(path, lambda t: t.set_column(2, "size", pa.array([1.25])))
    assert read_table(path, SMALL)["size"].to_pylist() == [1.25]
    with pytest.raises(TableError, match="the content is not what was written"):
        read_table(path, SMALL, verify=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.take([1, 0]), "not unique by and sorted by id, visit"),
        (lambda t: pa.concat_tables([t, t.slice(1)]), "not unique by and sorted by id, visit"),
        (lambda t: t.set_column(0, "id", pa.array([None, "b"])), "column id is NULL"),
        (lambda t: t.set_column(2, "size", pa.array([np.nan, 1.0])), "holds NaN"),
        (lambda t: t.drop_columns(["seen"]), "seen missing"),
    ],
)
def test_file_that_breaks_its_schema_is_refused(tmp_path: Path, change: Any, words: str) -> None:
    path = tmp_path / "small.parquet"
    write(path, build_table(SMALL, [ROW, ROW | {"id": "b"}]))
    rewrite(path, change)
    with pytest.raises(TableError, match=words):
        read_table(path, SMALL)


def test_file_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    pq.write_table(build_table(SMALL, [ROW]), path)
    with pytest.raises(TableError, match=r"lacks radfeat\.schema"):
        read_table(path, SMALL)


def test_folder_names_with_equals_signs_add_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "arm=A" / "small.parquet"
    write(path, build_table(SMALL, [ROW]))
    assert read_table(path, SMALL).column_names == list(SMALL.column_names)
