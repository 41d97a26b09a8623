"""Merging the chunks' tables in bounded memory: rows are dealt into ranges of keys, then sorted by range.

Every chunk holds rows of every site, since cases are dealt by hash: a row's neighbours by key lie in other
chunks. So each chunk is read once and its rows are put, range of keys by range of keys, into files on disk;
then one range after another is read, sorted and handed on. Memory holds a chunk, or a range, never the table.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.tables.combine import combine_tables, require_one_digest
from radfeat.tables.conform import ARROW_TYPES, decode_text, feature_columns, list_features, sort_by_key
from radfeat.tables.parquet import build_table, read_column_names, read_columns, read_table
from radfeat.tables.schemas import TableSchema

RANGE_BYTES = 192 << 20
"""Bytes of rows, as they lie in memory, that are sorted at once; memory peaks at about four times as much."""

_SAMPLED_KEYS = 1 << 16
"""Keys by which the ranges are chosen: of 50 ranges each is within some per cent of its size."""


def unite_columns(paths: Sequence[Path], schema: TableSchema) -> tuple[str, ...]:
    """Names of the feature columns that any of the tables has, in the order in which they first appear."""
    fixed = set(schema.column_names)
    names = dict.fromkeys(name for path in paths for name in read_column_names(path))
    return tuple(name for name in names if name not in fixed) if schema.feature_columns else ()


def merge_tables(
    paths: Sequence[Path],
    schema: TableSchema,
    features: Sequence[str],
    spill: Path,
    limit: int = RANGE_BYTES,
) -> Iterator[pa.Table]:
    """All rows of the tables in blocks, ascending by key; what ``combine_tables`` gives, in bounded memory.

    Parameters
    ----------
    paths, schema
        Tables of one schema.
    features
        The feature columns of the result, in order; a table that lacks one has NULL there.
    spill
        A folder for the ranges; it needs as much space as the rows take in memory. Nothing stays there.
    limit
        Bytes of rows that are sorted at once. Tables of fewer bytes in all never touch ``spill``.

    Raises
    ------
    TableError
        A table breaks its schema, two tables were made with different settings, or two rows have one key.
    """
    require_one_digest(paths)
    rows = [pq.read_metadata(path).num_rows for path in paths]
    ranges = math.ceil(sum(rows) * _measure_row(paths, rows, schema, features) / limit)
    if ranges <= 1:
        whole = combine_tables(paths, schema) if paths else build_table(schema, [])
        yield whole.select([*schema.column_names, *features])
        return
    bounds = _choose_bounds(paths, sum(rows), schema, ranges)
    yield from _sort_ranges(_spill(paths, schema, features, bounds, spill), schema)


def _measure_row(
    paths: Sequence[Path], rows: Sequence[int], schema: TableSchema, features: Sequence[str]
) -> float:
    """Bytes of a row in memory, from the first table that has rows: chunks are dealt by hash and alike."""
    path = next((p for p, n in zip(paths, rows, strict=True) if n), None)
    if path is None:
        return 0.0
    fixed = read_columns(path, schema, schema.column_names)
    return float(fixed.nbytes / fixed.num_rows + 8.125 * len(features))


def _choose_bounds(paths: Sequence[Path], rows: int, schema: TableSchema, ranges: int) -> list[str]:
    """The first keys of all ranges but the first, such that the ranges have about equally many rows."""
    key = schema.key[0]
    step = max(1, rows // _SAMPLED_KEYS)
    sample: list[str] = []
    for path in paths:
        sample += read_columns(path, schema, [key])[key].to_pylist()[step // 2 :: step]
    sample.sort()
    chosen = {sample[i * len(sample) // ranges] for i in range(1, ranges)} if sample else set()
    return sorted(chosen)


def _spill(
    paths: Sequence[Path], schema: TableSchema, features: Sequence[str], bounds: Sequence[str], folder: Path
) -> list[Path]:
    """Deal the rows of every table into one file per range of the first key column."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{schema.name}-{i:05d}.arrow" for i in range(len(bounds) + 1)]
    target = _schema_of(schema, features)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pa.ipc.new_stream(stack.enter_context(pa.OSFile(str(f), "wb")), target))
            for f in files
        ]
        for path in paths:
            table = _widen(read_table(path, schema), schema, target)
            keys = table[schema.key[0]].to_pylist()
            ends = [*(bisect_left(keys, bound) for bound in bounds), len(keys)]
            for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
                if end > start:
                    writer.write_table(table.slice(start, end - start))
    return files


def _sort_ranges(files: Sequence[Path], schema: TableSchema) -> Iterator[pa.Table]:
    for file in files:
        with pa.OSFile(str(file)) as stream:
            table = pa.ipc.open_stream(stream).read_all()
        file.unlink()
        if table.num_rows:
            yield sort_by_key(decode_text(table), schema)
        del table
        pa.default_memory_pool().release_unused()


def _schema_of(schema: TableSchema, features: Sequence[str]) -> pa.Schema:
    columns = (*schema.columns, *feature_columns(features))
    return pa.schema([(c.name, ARROW_TYPES[c.type]) for c in columns])


def _widen(table: pa.Table, schema: TableSchema, target: pa.Schema) -> pa.Table:
    """The table with all columns of the target; those that it has not are NULL."""
    known = {*schema.column_names, *list_features(table, schema)}
    arrays = [
        table[field.name] if field.name in known else pa.nulls(table.num_rows, field.type) for field in target
    ]
    return pa.table(arrays, schema=target)
