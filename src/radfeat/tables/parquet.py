"""Writing tables whole, reading them checked.

Every file is plain Parquet: text as plain strings, no Arrow schema and no pandas index in it, zstd, page
checksums. Its key-value metadata repeats what ``codebook.csv`` and ``datapackage.json`` say.
"""

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.core.errors import TableError
from radfeat.core.files import write_atomically
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
from radfeat.tables.schemas import Column, ColumnType, TableSchema

WIDE_GROUP_ROWS = 8_192
"""Rows of a row group of ``features``: about 85 MB for 1,300 features."""

GROUP_ROWS = 131_072
"""Rows of a row group of every other table."""

_PREFIX = "radfeat."


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What a table's file says about itself; ``logical_digest`` is the identity of its content."""

    schema: str
    schema_version: str
    radfeat_version: str
    run_id: str
    settings_digest: str
    logical_digest: str
    blinded: bool
    marks: Mapping[str, str] = field(default_factory=dict)
    """Further keys: of the unblinded half ``standing`` and ``lock_digest``, of features ``measurement``."""

    def to_metadata(self) -> dict[str, str]:
        """Key-value metadata of the Parquet file."""
        return {
            f"{_PREFIX}schema": self.schema,
            f"{_PREFIX}schema_version": self.schema_version,
            f"{_PREFIX}version": self.radfeat_version,
            f"{_PREFIX}run_id": self.run_id,
            f"{_PREFIX}settings_digest": self.settings_digest,
            f"{_PREFIX}logical_digest": self.logical_digest,
            f"{_PREFIX}blinded": "yes" if self.blinded else "no",
            **{f"{_PREFIX}{name}": value for name, value in self.marks.items()},
        }


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
    identity = TableIdentity(
        schema.name,
        schema.version,
        VERSION,
        run_id,
        settings_digest,
        digest_sorted(ready, schema),
        schema.blinded,
        dict(marks or {}),
    )
    write_atomically(path, lambda temporary: _write(temporary, ready, schema, identity))
    return identity.logical_digest


def read_identity(path: Path) -> TableIdentity:
    """Read what a table's file says about itself.

    Raises
    ------
    TableError
        The file cannot be read, or was not written by radfeat.
    """
    return _identify(_open(path), path)


def read_table(path: Path, schema: TableSchema, *, verify: bool = False) -> pa.Table:
    """Read a table and check that it keeps its schema; ``verify`` also recomputes its logical digest.

    Raises
    ------
    TableError
        The file is unreadable or damaged, belongs to another schema, or breaks it.
    """
    file = _open(path)
    identity = _identify(file, path)
    if (identity.schema, identity.schema_version) != (schema.name, schema.version):
        raise TableError(
            "the table has another schema",
            key=str(path),
            measured=f"{identity.schema} {identity.schema_version}",
            allowed=f"{schema.name} {schema.version}",
            remedy=f"Run the study again with radfeat {VERSION}, or read it with {identity.radfeat_version}",
        )
    table = conform_table(decode_text(_guard(path, file.read).replace_schema_metadata(None)), schema)
    if not is_sorted(table, schema):
        raise TableError(
            f"the rows are not unique by and sorted by {', '.join(schema.key)}",
            key=str(path),
            remedy="The file was changed after radfeat wrote it; run the study again",
        )
    if verify:
        _require_digest(path, digest_sorted(table, schema), identity)
    return table


def _require_digest(path: Path, found: str, identity: TableIdentity) -> None:
    if found != identity.logical_digest:
        raise TableError(
            "the content is not what was written",
            key=str(path),
            measured=f"logical digest {found}",
            allowed=identity.logical_digest,
            remedy="The file was changed after radfeat wrote it; run the study again",
        )


def _write(path: Path, table: pa.Table, schema: TableSchema, identity: TableIdentity) -> None:
    columns = list_columns(table, schema)
    rows = WIDE_GROUP_ROWS if schema.feature_columns else GROUP_ROWS
    with pq.ParquetWriter(
        path,
        pa.schema([(c.name, ARROW_TYPES[c.type]) for c in columns]),
        compression="zstd",
        use_dictionary=[c.name for c in columns if c.type is ColumnType.STRING],
        # Without it R and pandas see the logical types only: strings, never factors or categories.
        store_schema=False,
        write_page_checksum=True,
    ) as writer:
        for block in iterate_blocks(table, rows):
            writer.write_table(block, row_group_size=rows)
        writer.add_key_value_metadata(identity.to_metadata())


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
        return TableIdentity(
            stored[f"{_PREFIX}schema"],
            stored[f"{_PREFIX}schema_version"],
            stored[f"{_PREFIX}version"],
            stored[f"{_PREFIX}run_id"],
            stored[f"{_PREFIX}settings_digest"],
            stored[f"{_PREFIX}logical_digest"],
            stored[f"{_PREFIX}blinded"] == "yes",
            _select_marks(stored),
        )
    except KeyError as error:
        raise TableError(
            f"the file's metadata lacks {error.args[0]}",
            key=str(path),
            remedy="Use the file as radfeat wrote it; other programs drop its metadata when they save it",
        ) from None


def _select_marks(stored: Mapping[str, str]) -> dict[str, str]:
    """The keys of radfeat that are not those of every table."""
    plain = {f"{_PREFIX}version", *(f"{_PREFIX}{f.name}" for f in fields(TableIdentity))}
    return {
        key.removeprefix(_PREFIX): value
        for key, value in stored.items()
        if key.startswith(_PREFIX) and key not in plain
    }


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
