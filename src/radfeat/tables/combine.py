"""Joining the chunks' tables into the study's table."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from radfeat.core.errors import TableError
from radfeat.tables.conform import conform_table, sort_by_key
from radfeat.tables.parquet import build_table, read_identity, read_table
from radfeat.tables.schemas import TableSchema


def combine_tables(paths: Sequence[Path], schema: TableSchema) -> pa.Table:
    """One table of all rows, sorted by key, with every feature column that any of the tables has.

    A feature that a table has not is NULL in its rows: undefined where the ROI is OK. Feature columns keep
    the order in which the tables, as given, first show them.

    Raises
    ------
    TableError
        A table breaks its schema, two tables were made with different settings, or two rows have one key.
    """
    if not paths:
        return build_table(schema, [])
    require_one_digest(paths)
    tables = [read_table(path, schema) for path in paths]
    joined = pa.concat_tables(tables, promote_options="default").combine_chunks()
    return sort_by_key(conform_table(joined, schema), schema)


def require_one_digest(paths: Sequence[Path]) -> None:
    """Refuse tables that were made with different settings.

    Raises
    ------
    TableError
        If there are two digests of settings among them.
    """
    digests = {read_identity(path).settings_digest: path for path in paths}
    if len(digests) > 1:
        first, second, *_ = digests.values()
        raise TableError(
            "the tables were made with different settings",
            key=f"{first} and {second}",
            remedy="Run the stages that write them again, with one set of settings",
        )
