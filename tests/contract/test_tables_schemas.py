"""Each table: one valid example, and one per way to be wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from radfeat.core.acquisition import Parameter
from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Reason, Severity, Status, Verdict
from radfeat.tables.parquet import build_table, read_table, write_table
from radfeat.tables.schemas import TABLES, Column, ColumnType, TableSchema

EXAMPLES: dict[ColumnType, Any] = {
    ColumnType.STRING: "text",
    ColumnType.FLOAT: 1.5,
    ColumnType.INTEGER: 2,
    ColumnType.BOOLEAN: True,
}
OF_ANOTHER_TYPE: dict[ColumnType, Any] = {
    ColumnType.STRING: 1,
    ColumnType.FLOAT: "1.5",
    ColumnType.INTEGER: 1.5,
    ColumnType.BOOLEAN: "yes",
}
COLUMNS = [(schema, column) for schema in TABLES.values() for column in schema.columns]


def make_row(schema: TableSchema) -> dict[str, Any]:
    row = {c.name: c.values[0] if c.values else EXAMPLES[c.type] for c in schema.columns}
    if "reason" in row:
        row["reason"] = None
    return row | ({"a_feature": 0.5} if schema.feature_columns else {})


def build(schema: TableSchema, row: dict[str, Any]) -> Any:
    return build_table(schema, [row], ["a_feature"] if schema.feature_columns else [])


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_valid_row_is_written_and_read(tmp_path: Path, schema: TableSchema) -> None:
    table = build(schema, make_row(schema))
    path = tmp_path / f"{schema.name}.parquet"
    write_table(path, table, schema, settings_digest="s", run_id="r")
    assert read_table(path, schema, verify=True).to_pylist() == [make_row(schema)]


@pytest.mark.parametrize(("schema", "column"), COLUMNS, ids=[f"{s.name}.{c.name}" for s, c in COLUMNS])
def test_each_way_to_be_wrong_is_refused(schema: TableSchema, column: Column) -> None:
    wrong = [OF_ANOTHER_TYPE[column.type]]
    wrong += [] if column.nullable else [None]
    wrong += ["no such word"] if column.values else []
    wrong += [float("nan"), float("inf")] if column.type is ColumnType.FLOAT else []
    for cell in wrong:
        with pytest.raises(TableError, match=column.name):
            build(schema, make_row(schema) | {column.name: cell})


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_schema_is_sound(schema: TableSchema) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", schema.name)
    assert re.fullmatch(r"\d+\.\d+", schema.version)
    assert len(set(schema.column_names)) == len(schema.columns)
    assert set(schema.key) <= set(schema.column_names)
    for column in schema.columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.description.endswith((".", "?"))
        assert column.name not in schema.key or not column.nullable
        assert bool(column.unit) == (column.type in (ColumnType.FLOAT, ColumnType.INTEGER)), column.name


def test_closed_texts_are_the_vocabulary() -> None:
    for schema, column in COLUMNS:
        if column.name == "reason":
            assert column.values == tuple(Reason), schema.name
        if column.name == "status":
            assert column.values == tuple(Status), schema.name
        if column.name == "verdict":
            assert column.values == tuple(Verdict), schema.name
        if column.name == "parameter":
            assert column.values == tuple(Parameter), schema.name
    severities = [c.values for s, c in COLUMNS if c.name == "severity"]
    assert severities == [tuple(Severity)]


def test_blinded_tables_have_no_column_of_arm_or_outcome() -> None:
    names = {c.name for s, c in COLUMNS if s.blinded}
    assert not names & {"arm", "model_arm", "endpoint", "event", "time", "stratum", "score"}
