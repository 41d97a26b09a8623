"""Writing a table block by block: sorted blocks in, one file or one folder out, whole or not at all."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radfeat.core.errors import TableError
from radfeat.core.files import write_atomically, write_folder_atomically
from radfeat.core.version import VERSION
from radfeat.tables.conform import ARROW_TYPES, decode_text, is_sorted
from radfeat.tables.digest import RunningDigest
from radfeat.tables.identity import PREFIX, ROWS_MARK, TableIdentity
from radfeat.tables.parts import SELF, create_part, is_table
from radfeat.tables.schemas import Column, ColumnType, TableSchema

WIDE_GROUP_ROWS = 8_192
"""Rows of a row group of ``features``: about 85 MB for 1,300 features."""

GROUP_ROWS = 131_072
"""Rows of a row group of every other table."""

_PARTITION = ("study_id", "site_id")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the writer of a table says of it: the settings, the run, and further keys and values."""

    settings_digest: str
    run_id: str
    marks: Mapping[str, str] = field(default_factory=dict)


def write_blocks(
    path: Path,
    blocks: Iterable[pa.Table],
    columns: Sequence[Column],
    schema: TableSchema,
    stamp: Stamp,
    *,
    divided: bool = False,
) -> str:
    """Write a table that comes in blocks; returns its logical digest, which does not depend on ``divided``.

    Parameters
    ----------
    path
        The table's path; the table that lies there, a file or a folder, is replaced.
    blocks
        Tables of the columns, in their order, that conform to the schema; their rows ascend by key, over all
        blocks.
    columns, schema
        All columns of the table, and its schema.
    stamp
        What its metadata says besides.
    divided
        Write a folder with one file per study and site, rather than one file.

    Raises
    ------
    TableError
        The rows do not ascend by key.
    """
    running = RunningDigest(columns)
    sound = _watch(blocks, schema, running)

    def write_file(file: Path) -> None:
        _write_file(file, sound, columns, schema, stamp, running)
        remove_divided(path)

    if divided:
        write_folder_atomically(
            path, lambda folder: _write_folder(folder, sound, columns, schema, stamp, running)
        )
    else:
        write_atomically(path, write_file)
    return running.finish()


def remove_divided(path: Path) -> None:
    """Remove a table that is a folder, so that a file can take its place; nothing else is touched."""
    if path.is_dir() and is_table(path):
        shutil.rmtree(path)


def regroup(blocks: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in blocks of ``rows`` rows, the last one smaller; text decoded."""
    held: list[pa.Table] = []
    count = 0
    for block in blocks:
        start = 0
        while count + block.num_rows - start >= rows:
            end = start + rows - count
            held.append(block.slice(start, end - start))
            yield decode_text(pa.concat_tables(_decode(held)))
            held, count, start = [], 0, end
        if start < block.num_rows:
            held.append(block.slice(start))
            count += block.num_rows - start
    if held:
        yield decode_text(pa.concat_tables(_decode(held)))


def _decode(tables: Sequence[pa.Table]) -> list[pa.Table]:
    return [decode_text(table) for table in tables]


def _watch(blocks: Iterable[pa.Table], schema: TableSchema, running: RunningDigest) -> Iterator[pa.Table]:
    """The blocks, digested, and refused where a row does not follow the one before it."""
    last: pa.Table | None = None
    for block in blocks:
        if not block.num_rows:
            continue
        keys = block.select(schema.key)
        if not is_sorted(keys, schema) or (last is not None and not _follows(last, keys, schema)):
            raise TableError("the rows do not ascend by key", key=schema.name)
        last = keys.slice(keys.num_rows - 1)
        running.update(block)
        yield block


def _follows(last: pa.Table, keys: pa.Table, schema: TableSchema) -> bool:
    return is_sorted(pa.concat_tables([decode_text(last), decode_text(keys.slice(0, 1))]), schema)


def _write_file(
    path: Path,
    blocks: Iterable[pa.Table],
    columns: Sequence[Column],
    schema: TableSchema,
    stamp: Stamp,
    running: RunningDigest,
) -> None:
    with _open_writer(path, columns) as writer:
        _write_groups(writer, blocks, schema)
        writer.add_key_value_metadata(_identify(schema, stamp, running.finish(), {}).to_metadata())


def _write_folder(
    folder: Path,
    blocks: Iterable[pa.Table],
    columns: Sequence[Column],
    schema: TableSchema,
    stamp: Stamp,
    running: RunningDigest,
) -> None:
    """One file per study and site, then what the whole says of itself: its digest is known last."""
    rows = 0
    told = _identify(schema, stamp, "", {}).to_metadata()
    told.pop(f"{PREFIX}logical_digest")
    for names, site in _split_by_site(blocks):
        with _open_writer(create_part(folder, *names), columns) as writer:
            rows += _write_groups(writer, site, schema)
            writer.add_key_value_metadata(told)
    with _open_writer(folder / SELF, columns) as writer:
        identity = _identify(schema, stamp, running.finish(), {ROWS_MARK: str(rows)})
        writer.add_key_value_metadata(identity.to_metadata())


def _split_by_site(blocks: Iterable[pa.Table]) -> Iterator[tuple[tuple[str, str], Iterator[pa.Table]]]:
    """Per study and site the blocks of its rows; each must be used up before the next is asked for.

    The rows of one site follow each other: the key begins with study and site.
    """
    pieces = (piece for block in blocks for piece in _cut_by_site(block))
    waiting = next(pieces, None)

    def take(names: tuple[str, str]) -> Iterator[pa.Table]:
        nonlocal waiting
        while waiting is not None and waiting[0] == names:
            yield waiting[1]
            waiting = next(pieces, None)

    while waiting is not None:
        names = waiting[0]
        yield names, take(names)


def _cut_by_site(block: pa.Table) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    plain = decode_text(block.select(_PARTITION))
    changes = pc.or_(
        *(pc.not_equal(plain[n].slice(1), plain[n].slice(0, len(plain) - 1)) for n in _PARTITION)
    )
    starts = [0, *(int(i) + 1 for i in pc.indices_nonzero(changes).to_pylist()), block.num_rows]
    for start, end in pairwise(starts):
        names = tuple(plain[name][start].as_py() for name in _PARTITION)
        yield (names[0], names[1]), block.slice(start, end - start)


def _open_writer(path: Path, columns: Sequence[Column]) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        pa.schema([(c.name, ARROW_TYPES[c.type]) for c in columns]),
        compression="zstd",
        use_dictionary=[c.name for c in columns if c.type is ColumnType.STRING],
        # Without it R and pandas see the logical types only: strings, never factors or categories.
        store_schema=False,
        write_page_checksum=True,
    )


def _write_groups(writer: pq.ParquetWriter, blocks: Iterable[pa.Table], schema: TableSchema) -> int:
    rows = WIDE_GROUP_ROWS if schema.feature_columns else GROUP_ROWS
    written = 0
    for group in regroup(blocks, rows):
        # In one piece: where pages end would otherwise tell how the rows came together.
        writer.write_table(group.combine_chunks(), row_group_size=rows)
        written += group.num_rows
    return written


def _identify(schema: TableSchema, stamp: Stamp, digest: str, further: Mapping[str, str]) -> TableIdentity:
    return TableIdentity(
        schema.name,
        schema.version,
        VERSION,
        stamp.run_id,
        stamp.settings_digest,
        digest,
        schema.blinded,
        {**stamp.marks, **further},
    )
