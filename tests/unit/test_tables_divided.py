"""A table merged range by range and written by study and site says what it says as one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from radfeat.core.errors import TableError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.tables.combine import combine_tables
from radfeat.tables.conform import list_columns
from radfeat.tables.merge import merge_tables, unite_columns
from radfeat.tables.parquet import (
    build_table,
    iterate_table,
    read_column_names,
    read_columns,
    read_identity,
    read_table,
    write_table,
)
from radfeat.tables.parts import is_table, list_parts, name_folder
from radfeat.tables.schemas import FEATURES
from radfeat.tables.writing import Stamp, regroup, write_blocks

STAMP = Stamp("s", "r", {"recipe": "ibsi"})
ODD_SITES = [
    "01",
    "2",
    "A",
    "A!",
    "a",
    "B=1",
    "_hidden",
    ".dot",
    "C/D",
    "100%",
    "Zürich 3",
    "é" * 90,
    "x" * 240,
]


def wide_row(site: str, subject: str, **cells: object) -> dict[str, object]:
    case = CaseKey("T", site, subject, "week0", "CT")
    return {
        "roi_id": RoiKey(case, "gtv").roi_id,
        "case_id": case.case_id,
        "study_id": "T",
        "site_id": site,
        "subject_id": subject,
        "timepoint": "week0",
        "image_id": "CT",
        "roi": "gtv",
        "status": "OK",
        **cells,
    }


def build(rows: Sequence[dict[str, object]], names: Sequence[str] = ("a", "b")) -> pa.Table:
    return build_table(FEATURES, rows, names)


def write_chunks(folder: Path, chunks: int = 4, subjects: int = 30) -> list[Path]:
    rows = [wide_row(f"s{i % 3}", f"P{i:03d}", a=float(i), b=i / 7) for i in range(subjects)]
    paths = [folder / f"{k}.parquet" for k in range(chunks)]
    for k, path in enumerate(paths):
        table = build(rows[k::chunks])
        # The last chunk has another feature, and one less: columns unite.
        table = table.rename_columns([*table.column_names[:-1], "c"]) if k == chunks - 1 else table
        write_table(path, table, FEATURES, settings_digest="s", run_id="r")
    return paths


def write_both(folder: Path, rows: Sequence[dict[str, object]]) -> tuple[Path, Path]:
    """The same rows as a file and as a folder."""
    table = build(rows)
    write_table(folder / "one.parquet", table, FEATURES, settings_digest="s", run_id="r")
    whole = read_table(folder / "one.parquet", FEATURES)
    blocks = (whole.slice(i, 3) for i in range(0, whole.num_rows, 3))
    columns = list_columns(whole, FEATURES)
    write_blocks(folder / "many.parquet", blocks, columns, FEATURES, STAMP, divided=True)
    return folder / "one.parquet", folder / "many.parquet"


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    rows = [wide_row(site, f"P{i}", a=float(i), b=None if i else 0.5) for site in ODD_SITES for i in range(3)]
    return write_both(tmp_path, rows)


@pytest.mark.parametrize("limit", [1, 500, 2_000, 1 << 30])
def test_ranges_give_what_the_whole_gives(tmp_path: Path, limit: int) -> None:
    paths = write_chunks(tmp_path)
    names = unite_columns(paths, FEATURES)
    assert names == ("a", "b", "c")
    blocks = list(merge_tables(paths, FEATURES, names, tmp_path / "spill", limit))
    assert (len(blocks) > 1) == (limit < 10_000)
    assert pa.concat_tables(blocks).combine_chunks() == combine_tables(paths, FEATURES).combine_chunks()
    assert not list((tmp_path / "spill").glob("*"))


def test_a_key_in_two_chunks_is_refused_in_ranges_too(tmp_path: Path) -> None:
    paths = [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    for path in paths:
        rows = [wide_row("s", f"P{i}", a=1.0, b=2.0) for i in range(9)]
        write_table(path, build(rows), FEATURES, settings_digest="s", run_id="r")
    with pytest.raises(TableError, match=r"P0/week0/CT/gtv"):
        list(merge_tables(paths, FEATURES, ("a", "b"), tmp_path / "spill", 500))


def test_no_rows_at_all_are_a_table_without_rows(tmp_path: Path) -> None:
    write_table(tmp_path / "1.parquet", build([], ()), FEATURES, settings_digest="s", run_id="r")
    (block,) = merge_tables([tmp_path / "1.parquet"], FEATURES, (), tmp_path / "spill", 1)
    assert block.num_rows == 0


def test_groups_have_the_rows_that_are_asked_for() -> None:
    sizes = [5, 1, 0, 7, 2]
    tables = [pa.table({"x": list(range(n))}) for n in sizes]
    assert [t.num_rows for t in regroup(tables, 4)] == [4, 4, 4, 3]
    assert [t.num_rows for t in regroup(tables, 15)] == [15]


def test_folder_and_file_are_one_table(both: tuple[Path, Path]) -> None:
    one, many = both
    assert many.is_dir()
    assert read_identity(many).logical_digest == read_identity(one).logical_digest
    assert read_identity(many).marks == {"recipe": "ibsi", "rows": str(3 * len(ODD_SITES))}
    assert read_table(many, FEATURES, verify=True) == read_table(one, FEATURES)
    assert read_column_names(many) == read_column_names(one)
    assert read_columns(many, FEATURES, ["b", "roi_id"]) == read_columns(one, FEATURES, ["b", "roi_id"])
    blocks = list(iterate_table(many, FEATURES, 2))
    assert max(block.num_rows for block in blocks) == 2
    assert pa.concat_tables(blocks).combine_chunks() == read_table(one, FEATURES).combine_chunks()


def test_other_programs_open_the_folder_like_the_file(both: tuple[Path, Path]) -> None:
    one, many = both
    (many / ".snakemake_timestamp").touch()
    expected = pq.read_table(one).sort_by("roi_id")
    assert pq.read_table(many).sort_by("roi_id") == expected
    assert ds.dataset(many, format="parquet").to_table().sort_by("roi_id") == expected
    frames = [pd.read_parquet(p).sort_values("roi_id", ignore_index=True) for p in both]
    pd.testing.assert_frame_equal(*frames)
    columns = [
        duckdb.sql(f"DESCRIBE FROM read_parquet('{p}')").fetchall() for p in (one, f"{many}/*/*/*.parquet")
    ]
    assert columns[0] == columns[1]
    rows = duckdb.sql(f"FROM read_parquet('{many}/*/*/*.parquet') ORDER BY roi_id").fetchall()
    assert rows == duckdb.sql(f"FROM read_parquet('{one}') ORDER BY roi_id").fetchall()


def test_each_file_holds_one_site(both: tuple[Path, Path]) -> None:
    parts = list_parts(both[1])
    assert len(parts) == len(ODD_SITES)
    sites = [pq.read_table(part)["site_id"].unique().to_pylist() for part in parts]
    assert sorted(sites) == sorted([site] for site in ODD_SITES)


def test_names_of_folders_mislead_no_reader() -> None:
    assert name_folder("B=1") == "B%3D1"
    assert name_folder("..") == "%2E."
    assert name_folder("_x_y") == "%5Fx_y"
    assert name_folder("C/D%") == "C%2FD%25"
    assert len(name_folder("é" * 150)) == 16


def test_a_lost_or_foreign_file_is_noticed(both: tuple[Path, Path]) -> None:
    parts = list_parts(both[1])
    parts[3].unlink()
    with pytest.raises(TableError, match="36 rows in 12 files"):
        read_table(both[1], FEATURES)


def test_a_folder_that_says_nothing_of_itself_is_no_table(both: tuple[Path, Path]) -> None:
    (both[1] / "_common_metadata").unlink()
    assert not is_table(both[1])
    with pytest.raises(TableError, match="there is no such table"):
        read_identity(both[1])


def test_file_and_folder_take_each_others_place(tmp_path: Path) -> None:
    path, table = tmp_path / "features.parquet", build([wide_row("s", "P", a=1.0, b=2.0)])
    columns = list_columns(table, FEATURES)
    for divided in (False, True, True, False):
        write_blocks(path, [table], columns, FEATURES, STAMP, divided=divided)
        assert path.is_dir() == divided
        assert read_table(path, FEATURES, verify=True) == table
    assert [p.name for p in tmp_path.iterdir()] == ["features.parquet"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "features.parquet" / "own.txt"
    own.parent.mkdir()
    own.write_text("mine", encoding="utf-8")
    table = build([wide_row("s", "P", a=1.0, b=2.0)])
    with pytest.raises(OSError, match="directory"):
        write_table(own.parent, table, FEATURES, settings_digest="s", run_id="r")
    assert own.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("divided", [False, True])
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, divided: bool) -> None:
    path = tmp_path / "features.parquet"
    table = build([wide_row("s", f"P{i}", a=1.0, b=2.0) for i in range(4)])
    columns = list_columns(table, FEATURES)
    write_blocks(path, [table], columns, FEATURES, STAMP, divided=True)

    def stop() -> Iterator[pa.Table]:
        yield table.slice(2)
        yield table.slice(0, 2)

    with pytest.raises(TableError, match="do not ascend by key"):
        write_blocks(path, stop(), columns, FEATURES, STAMP, divided=divided)
    assert [p.name for p in tmp_path.iterdir()] == ["features.parquet"]
    assert read_table(path, FEATURES, verify=True) == table
