"""Does a table keep its schema? Columns, types, NULLs, closed values, finite numbers, key.

Text columns may be dictionary-encoded in memory, which keeps a table of millions of rows small; they are
plain strings in every file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Reason, Status
from radfeat.tables.schemas import Column, ColumnType, TableSchema

ARROW_TYPES = {
    ColumnType.STRING: pa.string(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BOOLEAN: pa.bool_(),
}
"""The Arrow type of each logical type, in every file."""

BLOCK_ROWS = 131_072
"""Rows that are decoded at once."""


def list_features(table: pa.Table, schema: TableSchema) -> tuple[str, ...]:
    """Names of the feature columns of a table, in its order; none unless the schema has such columns."""
    if not schema.feature_columns:
        return ()
    fixed = set(schema.column_names)
    return tuple(name for name in table.column_names if name not in fixed)


def list_columns(table: pa.Table, schema: TableSchema) -> tuple[Column, ...]:
    """All columns of a table: those of the schema, then its feature columns."""
    return (*schema.columns, *feature_columns(list_features(table, schema)))


def feature_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Columns of these names that hold features."""
    return tuple(Column(name, ColumnType.FLOAT, "", "", nullable=True) for name in names)


def conform_table(table: pa.Table, schema: TableSchema) -> pa.Table:
    """Bring a table to its schema: order of columns, types, 0.0 for -0.0; rows stay as they are.

    Raises
    ------
    TableError
        A column is missing, unknown, double or of another type; a NULL, NaN, infinity or text stands where
        none is allowed; a missing value has no reason, or a reason has a value.
    """
    _require_columns(table, schema)
    columns = list_columns(table, schema)
    arrays = [_cast(table.column(c.name), c, schema) for c in columns]
    conformed = pa.table(arrays, names=[c.name for c in columns])
    for column in columns:
        _require_values(conformed, column, schema)
    _require_reasons(conformed, schema)
    return conformed


def sort_by_key(table: pa.Table, schema: TableSchema) -> pa.Table:
    """Sort the rows of a conformed table by its key: text by UTF-8 bytes, numbers by size.

    Raises
    ------
    TableError
        Two rows have one key.
    """
    if not is_sorted(table, schema):
        table = decode_text(table)
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in schema.key]))
        if not is_sorted(table, schema):
            _raise_duplicate(table, schema)
    return table


def is_sorted(table: pa.Table, schema: TableSchema) -> bool:
    """Whether the rows are strictly ascending by key, which means that the key is unique as well."""
    return all(pc.all(_ascends(block, schema)).as_py() for block in _key_blocks(table, schema))


def decode_text(table: pa.Table) -> pa.Table:
    """The same table with every text column as plain strings, each in one chunk."""
    plain = [pa.string() if pt.is_dictionary(field.type) else field.type for field in table.schema]
    if plain != table.schema.types:
        table = table.cast(pa.schema(zip(table.column_names, plain, strict=True)))
    return table.combine_chunks()


def iterate_blocks(table: pa.Table, rows: int = BLOCK_ROWS) -> Iterator[pa.Table]:
    """The table in blocks of ``rows`` rows, text decoded."""
    for start in range(0, table.num_rows, rows):
        yield decode_text(table.slice(start, rows))


def _ascends(block: pa.Table, schema: TableSchema) -> pa.ChunkedArray:
    """For each row but the last: whether the next row's key is greater (lexicographically)."""
    ascends: Any = pa.scalar(False)
    for name in reversed(schema.key):
        here, after = block[name].slice(0, block.num_rows - 1), block[name].slice(1)
        ascends = pc.or_(pc.less(here, after), pc.and_(pc.equal(here, after), ascends))
    return ascends


def _key_blocks(table: pa.Table, schema: TableSchema) -> Iterator[pa.Table]:
    """The key columns in blocks that share one row with the next, so that every pair is seen."""
    keys = table.select(schema.key)
    for start in range(0, table.num_rows - 1, BLOCK_ROWS):
        yield decode_text(keys.slice(start, BLOCK_ROWS + 1))


def _raise_duplicate(table: pa.Table, schema: TableSchema) -> None:
    for block in _key_blocks(table, schema):
        first = pc.index(_ascends(block, schema), False).as_py()
        if first >= 0:
            raise TableError(
                "two rows have one key", key=f"{schema.name}, {_describe_row(block, schema, first)}"
            )


def _require_columns(table: pa.Table, schema: TableSchema) -> None:
    names = table.column_names
    for name, count in Counter(names).items():
        if count > 1:
            raise TableError(f"column {name} stands twice", key=schema.name)
        if not name or not name.isprintable():
            raise TableError(f"a column is called {name!r}", key=schema.name)
    missing = [n for n in schema.column_names if n not in names]
    unknown = [] if schema.feature_columns else [n for n in names if n not in schema.column_names]
    if missing or unknown:
        found = [f"{', '.join(missing)} missing"] if missing else []
        found += [f"{', '.join(unknown)} unknown"] if unknown else []
        raise TableError(
            f"the columns are not those of schema {schema.version}: {'; '.join(found)}", key=schema.name
        )


def _cast(values: pa.ChunkedArray, column: Column, schema: TableSchema) -> pa.ChunkedArray:
    if not _is_castable(values.type, column.type):
        raise TableError(
            f"column {column.name} has another type",
            key=schema.name,
            measured=str(values.type),
            allowed=column.type.value,
        )
    if pt.is_dictionary(values.type):
        return values.cast(pa.dictionary(pa.int32(), pa.string()))
    cast = values.cast(ARROW_TYPES[column.type])
    return pc.add(cast, 0.0) if column.type is ColumnType.FLOAT else cast


def _is_castable(found: pa.DataType, wanted: ColumnType) -> bool:
    if pt.is_null(found):
        return True
    if wanted is ColumnType.STRING:
        inner = found.value_type if pt.is_dictionary(found) else found
        return bool(pt.is_string(inner) or pt.is_large_string(inner) or pt.is_string_view(inner))
    if wanted is ColumnType.FLOAT:
        return bool(pt.is_floating(found) or pt.is_integer(found))
    return bool(pt.is_integer(found) if wanted is ColumnType.INTEGER else pt.is_boolean(found))


def _require_values(table: pa.Table, column: Column, schema: TableSchema) -> None:
    values = table[column.name]
    if not column.nullable and values.null_count:
        _raise_at(table, schema, values.is_null(), f"column {column.name} is NULL where it may not be")
    if column.type is ColumnType.FLOAT and pc.all(pc.is_finite(values)).as_py() is False:
        bad = pc.invert(pc.is_finite(values))
        _raise_at(table, schema, bad, f"column {column.name} holds NaN or an infinity; missing is NULL")
    if column.values:
        _require_closed(table, column, schema)


def _require_closed(table: pa.Table, column: Column, schema: TableSchema) -> None:
    values = table[column.name]
    present = {v for v in values.unique().to_pylist() if v is not None}
    strange = sorted(present.difference(column.values))
    if strange:
        bad = pc.equal(decode_text(table.select([column.name]))[column.name], strange[0])
        what = f"column {column.name} holds {strange[0]!r}"
        _raise_at(table, schema, bad, what, allowed=", ".join(column.values))


def _require_reasons(table: pa.Table, schema: TableSchema) -> None:
    """A value that is missing has a reason; a value that is there has none."""
    if "reason" not in schema.column_names:
        return
    plain = decode_text(table.select(["status", "reason"]))
    failed = pc.equal(plain["status"], Status.FAILED.value)
    bad = pc.equal(failed, pc.is_null(plain["reason"]))
    if pc.any(bad).as_py():
        _raise_at(
            table, schema, bad, "reason and status disagree", allowed="a reason where FAILED, NULL where OK"
        )
    if "value" in schema.column_names:
        bad = pc.not_equal(failed, pc.is_null(table["value"]))
        if pc.any(bad).as_py():
            _raise_at(
                table, schema, bad, "value and status disagree", allowed="NULL where FAILED, a value where OK"
            )
    for name in list_features(table, schema):
        bad = pc.and_(failed, pc.is_valid(table[name]))
        if pc.any(bad).as_py():
            _raise_at(table, schema, bad, f"column {name} has a value although the ROI failed")
    if schema.feature_columns:
        bad = pc.and_(failed, pc.equal(plain["reason"], Reason.FEATURE_UNDEFINED.value))
        if pc.any(bad).as_py():
            what = f"the reason of an ROI is {Reason.FEATURE_UNDEFINED.value}, which is for single features"
            _raise_at(table, schema, bad, what)


def _raise_at(table: pa.Table, schema: TableSchema, bad: Any, what: str, *, allowed: str = "") -> None:
    row = pc.index(bad, True).as_py()
    raise TableError(what, key=f"{schema.name}, {_describe_row(table, schema, row)}", allowed=allowed)


def _describe_row(table: pa.Table, schema: TableSchema, row: int) -> str:
    return "row " + ", ".join(f"{name} {table[name][row].as_py()}" for name in schema.key)
