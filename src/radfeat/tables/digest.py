"""The identity of a table: a digest of what it says, whatever the writer, the order or the chunks.

The algorithm is spelled out in ``docs/tables.md`` so that another program can compute it.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from radfeat.tables.conform import BLOCK_ROWS, conform_table, decode_text, list_columns, sort_by_key
from radfeat.tables.schemas import Column, ColumnType, TableSchema

DIGEST_NAME = "radfeat logical digest 1"
"""First line of the text that is hashed; the number changes with the algorithm."""

_CANONICAL_NAN = float("nan")
"""Stands for NULL in a column of numbers: NaN itself can never occur. Bytes 00 00 00 00 00 00 F8 7F."""

_NULL, _NOTHING, _END = (pa.scalar(text, pa.large_binary()) for text in (b"\xfe", b"", b"\xff"))


def compute_logical_digest(table: pa.Table, schema: TableSchema) -> str:
    """SHA-256 (hexadecimal) of a table's content.

    Independent of the order of rows and columns, of chunks, of dictionary encoding and of the writer.

    Raises
    ------
    TableError
        The table does not keep its schema.
    """
    return digest_sorted(sort_by_key(conform_table(table, schema), schema), schema)


def digest_sorted(table: pa.Table, schema: TableSchema) -> str:
    """Digest of a table that conforms to its schema and is sorted by its key."""
    running = RunningDigest(list_columns(table, schema))
    running.update(table)
    return running.finish()


class RunningDigest:
    """The digest of a table that comes in blocks, in the order of its key; it holds one state per column."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Begin a digest of a table with these columns, in any order."""
        self._columns = sorted(columns, key=lambda c: c.name)
        self._states = [hashlib.sha256() for _ in self._columns]
        self._rows = 0

    def update(self, block: pa.Table) -> None:
        """Go on with the rows that follow; they conform to the schema and follow by key."""
        self._rows += block.num_rows
        for column, state in zip(self._columns, self._states, strict=True):
            for part in _column_bytes(block, column):
                state.update(part)

    def finish(self) -> str:
        """SHA-256 (hexadecimal) of all that came."""
        lines = [DIGEST_NAME, f"rows={self._rows}"]
        lines += [
            f"{c.name}\t{c.type.value}\t{state.hexdigest()}"
            for c, state in zip(self._columns, self._states, strict=True)
        ]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _column_bytes(table: pa.Table, column: Column) -> Iterator[bytes]:
    single = table.select([column.name])
    for start in range(0, table.num_rows, BLOCK_ROWS):
        block = decode_text(single.slice(start, BLOCK_ROWS))[column.name]
        yield _number_bytes(block) if column.type is ColumnType.FLOAT else _text_bytes(block)


def _number_bytes(values: pa.ChunkedArray) -> bytes:
    filled = values.fill_null(_CANONICAL_NAN) if values.null_count else values
    numbers: npt.NDArray[np.float64] = filled.to_numpy()
    return numbers.astype("<f8", copy=False).tobytes()


def _text_bytes(values: pa.ChunkedArray) -> bytes:
    """Each value's UTF-8 bytes and then FF; NULL is FE and then FF. Neither byte occurs in UTF-8."""
    plain = pa.concat_arrays(values.cast(pa.string()).cast(pa.large_binary()).chunks)
    ended = pc.binary_join_element_wise(plain.fill_null(_NULL), _NOTHING, _END)
    joined: bytes = pc.binary_join(pa.LargeListArray.from_arrays([0, len(ended)], ended), _NOTHING)[0].as_py()
    return joined
