"""Whatever the values: long and wide agree, and neither order, chunks nor writer change the digest."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radfeat.core.vocabulary import Reason
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.parquet import build_table, read_table, write_table
from radfeat.tables.reshape import lengthen, widen
from radfeat.tables.schemas import FEATURES, FEATURES_LONG

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
NAMES = st.lists(st.sampled_from(["f_b", "f_a", "log-sigma-2-0-mm-3D_x", "é", "F"]), min_size=1, unique=True)
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
REASONS = st.sampled_from([r.value for r in Reason if r is not Reason.FEATURE_UNDEFINED])
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def wide_tables(draw: st.DrawFn) -> pa.Table:
    names = draw(NAMES)
    rows = []
    for roi_id in draw(st.lists(TEXTS, unique=True, max_size=6)):
        row: dict[str, Any] = {c.name: draw(TEXTS) for c in FEATURES.columns if c.name != "lesion_id"}
        row |= {"roi_id": roi_id, "lesion_id": draw(st.one_of(st.none(), TEXTS))}
        if draw(st.booleans()):
            row |= {"status": "OK", "reason": None} | {name: draw(NUMBERS) for name in names}
        else:
            row |= {"status": "FAILED", "reason": draw(REASONS)}
        rows.append(row)
    return build_table(FEATURES, rows, names)


def sort_rows(table: pa.Table) -> pa.Table:
    return table.sort_by("roi_id").combine_chunks()


@QUIET
@given(wide_tables())
def test_wide_to_long_to_wide_is_exact(wide: pa.Table) -> None:
    names = wide.column_names[len(FEATURES.columns) :]
    back = widen(lengthen(wide), names if wide.num_rows else ())
    assert back.equals(sort_rows(wide) if wide.num_rows else build_table(FEATURES, []))


@QUIET
@given(wide_tables())
def test_long_to_wide_to_long_is_exact(wide: pa.Table) -> None:
    long = lengthen(wide)
    again = lengthen(widen(long))
    assert again.to_pylist() == long.to_pylist()


@QUIET
@given(wide_tables())
def test_file_round_trip_is_exact(tmp_path: Path, wide: pa.Table) -> None:
    for schema, table in ((FEATURES, sort_rows(wide)), (FEATURES_LONG, lengthen(wide))):
        path = tmp_path / f"{schema.name}.parquet"
        digest = write_table(path, table, schema, settings_digest="s", run_id="r")
        read = read_table(path, schema, verify=True)
        assert read.to_pylist() == table.to_pylist()
        assert compute_logical_digest(read, schema) == digest


@pytest.mark.requirement("R-TAB-1")
@QUIET
@given(wide_tables(), st.randoms(use_true_random=False))
def test_digest_ignores_order_chunks_and_encoding(wide: pa.Table, random: Any) -> None:
    digest = compute_logical_digest(wide, FEATURES)
    rows, columns = list(range(wide.num_rows)), list(wide.column_names)
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = wide.take(pa.array(rows, pa.int64())).select(columns)
    pieces = [shuffled.slice(i, 1) for i in range(wide.num_rows)] or [shuffled]
    chunked = pa.concat_tables(pieces)
    site = chunked.column_names.index("site_id")
    encoded = chunked.set_column(site, "site_id", chunked["site_id"].dictionary_encode())
    assert compute_logical_digest(encoded, FEATURES) == digest


@pytest.mark.requirement("R-TAB-1")
@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy", "version": "1.0"},
        {"compression": "none", "use_dictionary": False, "data_page_version": "2.0"},
        {"compression": "gzip", "row_group_size": 1},
    ],
    ids=["snappy", "plain", "many row groups"],
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wide=wide_tables())
def test_digest_ignores_the_writer(tmp_path: Path, options: dict[str, Any], wide: pa.Table) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(wide, path, **options)
    assert compute_logical_digest(pq.read_table(path), FEATURES) == compute_logical_digest(wide, FEATURES)


@pytest.mark.requirement("R-TAB-2")
@QUIET
@given(wide_tables(), st.data())
def test_digest_notices_any_changed_cell(wide: pa.Table, data: st.DataObject) -> None:
    numbers = [n for n in wide.column_names[len(FEATURES.columns) :] if wide[n].null_count < wide.num_rows]
    if not numbers:
        return
    name = data.draw(st.sampled_from(numbers))
    cells = wide[name].to_pylist()
    place = data.draw(st.sampled_from([i for i, cell in enumerate(cells) if cell is not None]))
    cells[place] = data.draw(NUMBERS.filter(lambda number: number != cells[place]))
    changed = wide.set_column(wide.column_names.index(name), name, pa.array(cells, pa.float64()))
    assert compute_logical_digest(changed, FEATURES) != compute_logical_digest(wide, FEATURES)
