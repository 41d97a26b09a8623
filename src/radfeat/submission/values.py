"""The values of two aligned tables: which differ, and which of these decide something."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from radfeat.submission.levels import Difference, Kind
from radfeat.submission.table_pairs import Aligned, list_shared_columns, name_key
from radfeat.submission.tolerance import Tolerances
from radfeat.tables.schemas import Column, ColumnType, TableSchema

INPUT_COLUMNS = frozenset({"image_sha256", "mask_sha256", "voxel_digest", "mask_voxel_digest", "preview"})
"""Columns that say what was read; V0 judges them. A picture is named after the voxels that it shows."""

JSON_COLUMNS = frozenset({"steps"})
"""Text columns that hold numbers as JSON."""

EXACT_DIGESTS = frozenset({"training_digest", "table_digests"})
"""Digests of numbers in JSON files: a last digit changes them, so V1 and V2 alone judge them."""

DECIDING = {
    "rois": {"status", "reason"},
    "subjects": {"arm", "roi_id", "excluded"},
    "feasibility": {"feasible"},
    "coefficients": {"coefficient"},
    "predictions": {"stratum"},
    "interactions": {"claim", "standing"},
    "acquisition": {"verdict"},
}
"""The columns that hold a conclusion; of a coefficient only whether, and to which side, it is there."""


def compare_values(
    name: str, pair: Aligned, schema: TableSchema, tolerances: Tolerances
) -> Iterator[Difference]:
    """Every value of the rows in common that is not the same, column by column."""
    for column in list_shared_columns(pair.first, pair.second, schema):
        if column.name in INPUT_COLUMNS or column.name in schema.key:
            continue
        first, second = pair.first[column.name], pair.second[column.name]
        for row in np.flatnonzero(_find_different(first, second, column, pair, schema, tolerances)):
            yield _describe(name, pair, schema, column, int(row))


@dataclass(frozen=True, slots=True)
class Near:
    """Numbers of a column that differ within their tolerance: the furthest, how many, by how much.

    ``relative`` is the largest difference as a share of the larger number.
    """

    largest: Difference
    count: int
    relative: float


def list_near(name: str, pair: Aligned, schema: TableSchema, tolerances: Tolerances) -> Iterator[Near]:
    """The columns of the rows in common whose numbers are not equal, and yet within their tolerance."""
    for column in list_shared_columns(pair.first, pair.second, schema):
        if column.type is not ColumnType.FLOAT or column.name in schema.key:
            continue
        first, second = pair.first[column.name], pair.second[column.name]
        beyond = _find_different(first, second, column, pair, schema, tolerances)
        one, other = _to_numbers(first), _to_numbers(second)
        (near,) = np.nonzero(~beyond & (np.abs(one - other) > 0.0))
        if near.size:
            shares = np.abs(one - other)[near] / np.maximum(np.abs(one), np.abs(other))[near]
            row = int(near[np.argmax(shares)])
            note = f"within tolerance, by {np.max(shares):.1e} of its size"
            note += f"; the furthest of {near.size}" if near.size > 1 else ""
            largest = replace(_describe(name, pair, schema, column, row), note=note, decides=False)
            yield Near(largest, int(near.size), float(np.max(shares)))


def _find_different(
    first: pa.ChunkedArray,
    second: pa.ChunkedArray,
    column: Column,
    pair: Aligned,
    schema: TableSchema,
    tolerances: Tolerances,
) -> npt.NDArray[np.bool_]:
    """Shape (rows,): whether the values of a column differ."""
    if column.type is not ColumnType.FLOAT:
        different = _differ_exactly(first, second)
        if column.name in JSON_COLUMNS:
            for row in np.flatnonzero(different):
                different[row] = not _is_same_json(first[row].as_py(), second[row].as_py(), tolerances)
        return different
    one, other = _to_numbers(first), _to_numbers(second)
    different = ~tolerances.of(schema.name, column.name).accepts(one, other)
    if "feature" in schema.key and column.name == "value":
        # In the long table the tolerance is that of the row's feature.
        for row in np.flatnonzero(different):
            own = tolerances.of(schema.name, pair.first["feature"][row].as_py())
            different[row] = not own.accepts(one[row : row + 1], other[row : row + 1])[0]
    return different


def _differ_exactly(first: pa.ChunkedArray, second: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    unequal = pc.fill_null(pc.not_equal(first, second), False)
    nulls = pc.not_equal(pc.is_null(first), pc.is_null(second))
    found: npt.NDArray[np.bool_] = np.asarray(pc.or_(unequal, nulls)).astype(np.bool_)
    return found


def _to_numbers(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = np.asarray(values.fill_null(float("nan")), dtype=np.float64)
    return numbers


def _is_same_json(first: Any, second: Any, tolerances: Tolerances) -> bool:
    """Whether two JSON texts say the same, numbers by the default tolerance."""
    if first is None or second is None:
        return first is second
    try:
        return is_same_tree(json.loads(first), json.loads(second), tolerances)
    except ValueError:
        return False


def is_same_tree(first: Any, second: Any, tolerances: Tolerances, name: str = "") -> bool:
    """Whether two JSON values are the same: whole numbers and texts exactly, other numbers by tolerance."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            is_same_tree(first[k], second[k], tolerances, k) for k in first.keys() - EXACT_DIGESTS
        )
    if isinstance(first, list) and isinstance(second, list):
        pairs = zip(first, second, strict=False)
        return len(first) == len(second) and all(is_same_tree(a, b, tolerances, name) for a, b in pairs)
    if isinstance(first, float) or isinstance(second, float):
        if isinstance(first, int | float) and isinstance(second, int | float):
            one, other = np.array([first], dtype=np.float64), np.array([second], dtype=np.float64)
            return bool(tolerances.of("", name).accepts(one, other)[0])
        return False
    return type(first) is type(second) and bool(first == second)


def _describe(name: str, pair: Aligned, schema: TableSchema, column: Column, row: int) -> Difference:
    first, second = pair.first[column.name][row].as_py(), pair.second[column.name][row].as_py()
    key = name_key(schema.key, [pair.first[k][row].as_py() for k in schema.key])
    return Difference(
        Kind.VALUE,
        name,
        key,
        column.name,
        _word(first),
        _word(second),
        decides=_decides(schema, column.name, first, second),
    )


def _word(value: object) -> str:
    return "NULL" if value is None else repr(value) if isinstance(value, float) else str(value)


def _decides(schema: TableSchema, column: str, first: Any, second: Any) -> bool:
    if column not in DECIDING.get(schema.name, ()):
        return False
    if column == "coefficient":
        return bool(np.sign(first) != np.sign(second))
    return True
