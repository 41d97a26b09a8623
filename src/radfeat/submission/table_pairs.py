"""Two tables laid side by side: rows by key, columns by name, whatever their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.core.errors import TableError
from radfeat.tables.conform import conform_table, decode_text, list_columns, sort_by_key
from radfeat.tables.digest import digest_sorted
from radfeat.tables.parts import list_parts
from radfeat.tables.schemas import Column, TableSchema


@dataclass(frozen=True, slots=True)
class TablePair:
    """A table in two runs; ``name`` is its place in the results folder. None: it is not there."""

    name: str
    schema: TableSchema
    first: Path | None
    second: Path | None


@dataclass(frozen=True, slots=True)
class Aligned:
    """The rows that both tables have, in one order, and the keys that only one has."""

    first: pa.Table
    second: pa.Table
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def load_table(path: Path, schema: TableSchema) -> pa.Table:
    """Read a table in whatever order its rows and columns lie, and bring both into the order of its schema.

    Unlike ``tables.parquet.read_table`` it takes what another program has written, without radfeat's keys in
    the file's metadata.

    Raises
    ------
    TableError
        The file cannot be read, or does not keep the schema.
    """
    try:
        parts = [pq.ParquetFile(part, page_checksum_verification=True).read() for part in list_parts(path)]
        table = pa.concat_tables([part.replace_schema_metadata(None) for part in parts])
    except (OSError, pa.ArrowException) as error:
        raise TableError(
            "the table cannot be read", key=path.name, measured=str(error).splitlines()[0]
        ) from error
    table = conform_table(decode_text(table), schema)
    fixed = len(schema.columns)
    ordered = [*table.column_names[:fixed], *sorted(table.column_names[fixed:])]
    return sort_by_key(table.select(ordered), schema)


def compute_digest(table: pa.Table, schema: TableSchema) -> str:
    """Logical digest of a table that ``load_table`` gave."""
    return digest_sorted(table, schema)


def align(first: pa.Table, second: pa.Table, schema: TableSchema) -> Aligned:
    """Match the rows of two tables by key."""
    keys = list(schema.key)
    if first.select(keys).equals(second.select(keys)):
        return Aligned(first, second, (), ())
    one, other = _index_rows(first, keys), _index_rows(second, keys)
    both = [key for key in one if key in other]
    return Aligned(
        first.take(pa.array([one[key] for key in both], pa.int64())),
        second.take(pa.array([other[key] for key in both], pa.int64())),
        tuple(name_key(keys, key) for key in one if key not in other),
        tuple(name_key(keys, key) for key in other if key not in one),
    )


def list_shared_columns(first: pa.Table, second: pa.Table, schema: TableSchema) -> list[Column]:
    """The columns that both tables have."""
    names = set(second.column_names)
    return [column for column in list_columns(first, schema) if column.name in names]


def name_key(names: Sequence[str], values: Sequence[object]) -> str:
    """The key of a row in words."""
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _index_rows(table: pa.Table, keys: list[str]) -> dict[tuple[object, ...], int]:
    columns = [table[name].to_pylist() for name in keys]
    return {key: row for row, key in enumerate(zip(*columns, strict=True))}
