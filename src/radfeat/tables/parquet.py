"""Writing tables whole, reading them checked.

Every file is plain Parquet: text as plain strings, no Arrow schema and no pandas index in it, zstd, page
checksums. Its key-value metadata repeats what ``codebook.csv`` and ``datapackage.json`` say.
"""

import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.core.errors import TableError
from radfeat.core.version import VERSION
from radfeat.tables.conform import (
    ARROW_TYPES,
    conform_table,
    decode_text,
    is_sorted,
    iterate_blocks,
    list_columns,
    sort_by_key,
)
from radfeat.tables.digest import digest_sorted
from radfeat.tables.identity import ROWS_MARK, TableIdentity
from radfeat.tables.parts import list_parts, locate_identity
from radfeat.tables.schemas import Column, ColumnType, TableSchema
from radfeat.tables.writing import Stamp, write_blocks


def build_table(
    schema: TableSchema, rows: Sequence[Mapping[str, object]], features: Sequence[str] = ()
) -> pa.Table:
    """Build a table from rows of plain values; what a row does not have is NULL.

    ``features`` names the feature columns, in order, where the schema has such columns.

    Raises
    ------
    TableError
        A row has a column that the table has not, a value of another type, NaN or infinity, or none where one
        is required.
    """
    if features and not schema.feature_columns:
        raise TableError("the table has no feature columns", key=schema.name, measured=", ".join(features))
    columns = (
        *schema.columns,
        *(Column(name, ColumnType.FLOAT, "", nullable=True) for name in features),
    )
    _require_known(rows, [c.name for c in columns], schema)
    arrays = [_build_array([row.get(c.name) for row in rows], c, schema) for c in columns]
    return conform_table(pa.table(arrays, names=[c.name for c in columns]), schema)


def write_table(
    path: Path,
    table: pa.Table,
    schema: TableSchema,
    *,
    settings_digest: str,
    run_id: str,
    marks: Mapping[str, str] | None = None,
) -> str:
    """Check a table, sort it by its key and write it; returns its logical digest.

    ``marks`` are further keys and values of the file's metadata.

    The file appears whole or not at all. The same table gives the same bytes with the same version of
    pyarrow, and the same logical digest with any.

    Raises
    ------
    TableError
        The table does not keep its schema, or two rows have one key.
    """
    ready = sort_by_key(conform_table(table, schema), schema)
    stamp = Stamp(settings_digest, run_id, dict(marks or {}))
    return write_blocks(path, iterate_blocks(ready), list_columns(ready, schema), schema, stamp)


def read_identity(path: Path) -> TableIdentity:
    """Read what a table's file says about itself.

    Raises
    ------
    TableError
        The file cannot be read, or was not written by radfeat.
    """
    return _identify(_open(locate_identity(path)), path)


def read_table(path: Path, schema: TableSchema, *, verify: bool = False) -> pa.Table:
    """Read a table and check that it keeps its schema; ``verify`` also recomputes its logical digest.

    Raises
    ------
    TableError
        The file is unreadable or damaged, belongs to another schema, or breaks it.
    """
    identity = read_identity(path)
    if (identity.schema, identity.schema_version) != (schema.name, schema.version):
        raise TableError(
            "the table has another schema",
            key=str(path),
            measured=f"{identity.schema} {identity.schema_version}",
            allowed=f"{schema.name} {schema.version}",
            remedy=f"Run the study again with radfeat {VERSION}, or read it with {identity.radfeat_version}",
        )
    table = conform_table(decode_text(_read_rows(path, schema, identity)), schema)
    if not is_sorted(table, schema):
        raise TableError(
            f"the rows are not unique by and sorted by {', '.join(schema.key)}",
            key=str(path),
            remedy="The file was changed after radfeat wrote it; run the study again",
        )
    if verify:
        _require_digest(path, digest_sorted(table, schema), identity)
    return table


def _read_rows(path: Path, schema: TableSchema, identity: TableIdentity) -> pa.Table:
    """All rows; of a divided table those of its files, one after the other."""
    parts = [_read_part(part) for part in order_parts(path, schema)]
    if not path.is_dir():
        return parts[0]
    table = _guard(path, lambda: pa.concat_tables(parts))
    if str(table.num_rows) != identity.marks.get(ROWS_MARK):
        raise TableError(
            "the table's folder has not the rows that were written",
            key=str(path),
            measured=f"{table.num_rows} rows in {len(parts)} files",
            allowed=f"{identity.marks.get(ROWS_MARK)} rows",
            remedy="A file was taken away or added; run the study again",
        )
    return table


def order_parts(path: Path, schema: TableSchema) -> tuple[Path, ...]:
    """The files that hold the rows of a table, such that the rows of one after the other ascend by key.

    Raises
    ------
    TableError
        A file cannot be read.
    """
    parts = list_parts(path)
    return parts if len(parts) == 1 else tuple(sorted(parts, key=lambda part: _first_key(part, schema)))


def _first_key(part: Path, schema: TableSchema) -> list[Any]:
    file = _open(part)
    if not file.metadata.num_rows:
        return []
    first = _guard(part, lambda: file.read_row_group(0, list(schema.key)))
    return [first[name][0].as_py() for name in schema.key]


def _read_part(part: Path, names: Sequence[str] | None = None) -> pa.Table:
    file = _open(part)
    return _guard(part, lambda: file.read(names and list(names))).replace_schema_metadata(None)


def read_column_names(path: Path) -> tuple[str, ...]:
    """Names of a table's columns, in its order; reads no row.

    Raises
    ------
    TableError
        The file cannot be read.
    """
    return tuple(_open(locate_identity(path)).schema_arrow.names)


def read_columns(path: Path, schema: TableSchema, names: Sequence[str]) -> pa.Table:
    """Some columns of a table, its rows in order; unlike ``read_table`` it checks nothing but the pages.

    Raises
    ------
    TableError
        A file cannot be read.
    """
    parts = [_read_part(part, names) for part in order_parts(path, schema)]
    return _guard(path, lambda: pa.concat_tables(parts).select(list(names)))


def iterate_table(path: Path, schema: TableSchema, rows: int) -> Iterator[pa.Table]:
    """A table in blocks of at most ``rows`` rows, in order; it checks nothing but the pages.

    Raises
    ------
    TableError
        A file cannot be read.
    """
    for part in order_parts(path, schema):
        for batch in _open(part).iter_batches(rows):
            yield pa.Table.from_batches([batch]).replace_schema_metadata(None)


def _require_digest(path: Path, found: str, identity: TableIdentity) -> None:
    if found != identity.logical_digest:
        raise TableError(
            "the content is not what was written",
            key=str(path),
            measured=f"logical digest {found}",
            allowed=identity.logical_digest,
            remedy="The file was changed after radfeat wrote it; run the study again",
        )


def _open(path: Path) -> pq.ParquetFile:
    return _guard(path, lambda: pq.ParquetFile(path, page_checksum_verification=True))


def _guard(path: Path, read: Callable[[], pa.Table]) -> pa.Table:
    try:
        return read()
    except FileNotFoundError:
        raise TableError(
            "there is no such table", key=str(path), remedy="Run the stage that writes it"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise TableError(
            "the table cannot be read",
            key=str(path),
            measured=str(error).splitlines()[0],
            remedy="The file is damaged or not Parquet; run the study again",
        ) from error


def _identify(file: pq.ParquetFile, path: Path) -> TableIdentity:
    stored = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()}
    try:
        return TableIdentity.from_metadata(stored)
    except KeyError as error:
        raise TableError(
            f"the file's metadata lacks {error.args[0]}",
            key=str(path),
            remedy="Use the file as radfeat wrote it; other programs drop its metadata when they save it",
        ) from None


def _require_known(rows: Sequence[Mapping[str, object]], names: Sequence[str], schema: TableSchema) -> None:
    known = set(names)
    for row in rows:
        unknown = sorted(row.keys() - known)
        if unknown:
            raise TableError(
                f"a row has the unknown columns {', '.join(unknown)}",
                key=f"{schema.name}, {_key_of(row, schema)}",
            )


def _build_array(values: Sequence[object], column: Column, schema: TableSchema) -> pa.Array:
    strange = [t for t in set(map(type, values)) - {type(None)} if not _is_allowed(t, column.type)]
    if strange:
        raise TableError(
            f"column {column.name} has values of another type",
            key=schema.name,
            measured=", ".join(sorted(t.__name__ for t in strange)),
            allowed=column.type.value,
        )
    try:
        return pa.array(values, ARROW_TYPES[column.type], from_pandas=False)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError) as error:
        raise TableError(
            f"column {column.name} holds a value that cannot be stored", key=schema.name, measured=str(error)
        ) from error


def _is_allowed(found: type, wanted: ColumnType) -> bool:
    if issubclass(found, bool | np.bool_):
        return wanted is ColumnType.BOOLEAN
    allowed: dict[ColumnType, type] = {
        ColumnType.STRING: str,
        ColumnType.FLOAT: numbers.Real,
        ColumnType.INTEGER: numbers.Integral,
    }
    return wanted in allowed and issubclass(found, allowed[wanted])


def _key_of(row: Mapping[str, object], schema: TableSchema) -> str:
    return "row " + ", ".join(f"{name} {row.get(name)}" for name in schema.key)
