"""The chunks' tables become one."""

from pathlib import Path

import pytest

from radfeat.core.errors import TableError
from radfeat.tables.combine import combine_tables
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import FEATURES


def wide_row(subject: str, **cells: object) -> dict[str, object]:
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


def write_chunk(path: Path, rows: list[dict[str, object]], features: list[str], settings: str = "s") -> Path:
    write_table(path, build_table(FEATURES, rows, features), FEATURES, settings_digest=settings, run_id="r")
    return path


def test_rows_are_sorted_and_feature_columns_united(tmp_path: Path) -> None:
    paths = [
        write_chunk(tmp_path / "1.parquet", [wide_row("S3", b=3.0, a=4.0)], ["b", "a"]),
        write_chunk(tmp_path / "2.parquet", [wide_row("S2", status="FAILED", reason="GEOMETRY")], []),
        write_chunk(tmp_path / "3.parquet", [wide_row("S1", a=1.0, c=2.0)], ["a", "c"]),
    ]
    table = combine_tables(paths, FEATURES)
    assert table.column_names == [*FEATURES.column_names, "b", "a", "c"]
    assert table.select(["subject_id", "b", "a", "c"]).to_pylist() == [
        {"subject_id": "S1", "b": None, "a": 1.0, "c": 2.0},
        {"subject_id": "S2", "b": None, "a": None, "c": None},
        {"subject_id": "S3", "b": 3.0, "a": 4.0, "c": None},
    ]


def test_order_of_the_chunks_does_not_change_the_content(tmp_path: Path) -> None:
    paths = [write_chunk(tmp_path / f"{i}.parquet", [wide_row(f"S{i}", a=float(i))], ["a"]) for i in range(4)]
    forth, back = combine_tables(paths, FEATURES), combine_tables(paths[::-1], FEATURES)
    assert compute_logical_digest(forth, FEATURES) == compute_logical_digest(back, FEATURES)


def test_no_chunk_gives_no_rows() -> None:
    assert combine_tables([], FEATURES).equals(build_table(FEATURES, []))


def test_one_roi_in_two_chunks_is_refused(tmp_path: Path) -> None:
    paths = [write_chunk(tmp_path / f"{i}.parquet", [wide_row("S1", a=1.0)], ["a"]) for i in range(2)]
    with pytest.raises(TableError, match="two rows have one key"):
        combine_tables(paths, FEATURES)


def test_chunks_of_different_settings_are_refused(tmp_path: Path) -> None:
    paths = [write_chunk(tmp_path / f"{s}.parquet", [wide_row(s, a=1.0)], ["a"], s) for s in ("x", "y")]
    with pytest.raises(TableError, match="made with different settings"):
        combine_tables(paths, FEATURES)
