"""The logical digest can be computed by another program, from docs/tables.md alone."""

import hashlib
import math
import re
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from radfeat.core.errors import TableError
from radfeat.tables import conform, digest
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.schemas import Column, ColumnType, TableSchema

DOCS = Path(__file__).parents[2] / "docs" / "tables.md"
EXAMPLE = TableSchema(
    "example",
    "1.0",
    "The worked example of docs/tables.md.",
    (
        Column("subject", ColumnType.STRING, "Key."),
        Column("visit", ColumnType.INTEGER, "Key."),
        Column("volume", ColumnType.FLOAT, "A number.", "mm3", nullable=True),
        Column("note", ColumnType.STRING, "A text.", nullable=True),
        Column("drawn", ColumnType.BOOLEAN, "A flag.", nullable=True),
    ),
    ("subject", "visit"),
    blinded=True,
)
ROWS: list[dict[str, Any]] = [
    {"subject": "S2", "visit": 1, "volume": 12.5, "note": "Größe", "drawn": True},
    {"subject": "S1", "visit": 10, "volume": None, "note": None, "drawn": False},
    {"subject": "S1", "visit": 9, "volume": -0.0, "note": "", "drawn": None},
]


def recompute(rows: list[dict[str, Any]], schema: TableSchema) -> tuple[str, str]:
    """Text and digest as docs/tables.md says, without radfeat and without Arrow."""
    ordered = sorted(
        rows, key=lambda r: tuple(r[k].encode() if isinstance(r[k], str) else r[k] for k in schema.key)
    )
    lines = ["radfeat logical digest 1", f"rows={len(rows)}"]
    for column in sorted(schema.columns, key=lambda c: c.name.encode()):
        data = b"".join(canonical(row[column.name], column.type) for row in ordered)
        lines.append(f"{column.name}\t{column.type.value}\t{hashlib.sha256(data).hexdigest()}")
    text = "".join(f"{line}\n" for line in lines)
    return text, hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any, kind: ColumnType) -> bytes:
    if kind is ColumnType.FLOAT:
        return bytes.fromhex("000000000000f87f") if value is None else struct.pack("<d", value or 0.0)
    if value is None:
        return b"\xfe\xff"
    text = str(value).lower() if kind is ColumnType.BOOLEAN else str(value)
    return text.encode() + b"\xff"


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    types = {ColumnType.STRING: pa.string(), ColumnType.FLOAT: pa.float64()}
    types |= {ColumnType.INTEGER: pa.int64(), ColumnType.BOOLEAN: pa.bool_()}
    schema = pa.schema([(c.name, types[c.type]) for c in EXAMPLE.columns])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.mark.requirement("R-TAB-1")
def test_independent_computation_agrees() -> None:
    assert compute_logical_digest(as_table(ROWS), EXAMPLE) == recompute(ROWS, EXAMPLE)[1]


def test_independent_computation_agrees_on_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "BLOCK_ROWS", 7)
    monkeypatch.setattr(conform, "BLOCK_ROWS", 5)
    rows = [
        {
            "subject": f"S{i % 10}",
            "visit": i,
            "volume": None if i % 3 == 0 else math.sin(i),
            "note": None if i % 4 == 0 else "é" * (i % 5),
            "drawn": (None, True, False)[i % 3],
        }
        for i in range(50)
    ]
    assert compute_logical_digest(as_table(rows), EXAMPLE) == recompute(rows, EXAMPLE)[1]


def test_no_rows_have_a_digest() -> None:
    assert compute_logical_digest(as_table([]), EXAMPLE) == recompute([], EXAMPLE)[1]


@pytest.mark.requirement("R-TAB-1")
def test_worked_example_of_the_documentation_is_right() -> None:
    text, value = recompute(ROWS, EXAMPLE)
    page = DOCS.read_text(encoding="utf-8")
    block = re.search(r"<!-- digest example -->\n\n```text\n(.*?)```", page, re.DOTALL)
    assert block is not None
    assert block[1] == text
    assert f"`{value}`" in page
    assert compute_logical_digest(as_table(ROWS), EXAMPLE) == value


@pytest.mark.parametrize(
    "change",
    [
        {"note": None},
        {"note": "Grosse"},
        {"volume": None},
        {"volume": math.nextafter(12.5, 13)},
        {"drawn": None},
        {"visit": 2},
    ],
)
def test_each_change_of_content_changes_the_digest(change: dict[str, Any]) -> None:
    changed = [ROWS[0] | change, *ROWS[1:]]
    assert compute_logical_digest(as_table(changed), EXAMPLE) != recompute(ROWS, EXAMPLE)[1]


def test_text_cannot_flow_from_one_row_into_the_next() -> None:
    one = [ROWS[0] | {"note": "ab"}, ROWS[1] | {"note": "c"}]
    other = [ROWS[0] | {"note": "a"}, ROWS[1] | {"note": "bc"}]
    assert compute_logical_digest(as_table(one), EXAMPLE) != compute_logical_digest(as_table(other), EXAMPLE)


def test_nan_has_no_digest() -> None:
    with pytest.raises(TableError, match="NaN"):
        compute_logical_digest(as_table([ROWS[0] | {"volume": math.nan}]), EXAMPLE)
