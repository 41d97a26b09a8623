"""Between ``features`` (one column per feature) and ``features_long`` (one row per ROI and feature).

The two hold the same: in the long table a missing value of an OK ROI has the reason ``FEATURE_UNDEFINED``,
and every value of a failed ROI has the ROI's own reason.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Reason, Status
from radfeat.tables.conform import ARROW_TYPES, conform_table, decode_text, list_features, sort_by_key
from radfeat.tables.schemas import FEATURES, FEATURES_LONG

_FIXED = tuple(name for name in FEATURES.column_names if name not in ("status", "reason"))
_REASONS = pa.array([reason.value for reason in Reason])
_STATUSES = pa.array([Status.OK.value, Status.FAILED.value])
_UNDEFINED = list(Reason).index(Reason.FEATURE_UNDEFINED)

Codes = npt.NDArray[np.int32]


def lengthen(wide: pa.Table) -> pa.Table:
    """``features`` to ``features_long``, sorted by its key.

    Text columns are dictionary-encoded in memory (10,000 ROIs x 1,300 features take 0.7 GB, not 3 GB); files
    hold plain strings as ever. A table without a feature column gives a table without rows.

    Raises
    ------
    TableError
        The table is not a table of features.
    """
    ready = sort_by_key(conform_table(wide, FEATURES), FEATURES)
    names = sorted(list_features(ready, FEATURES))
    values = _to_matrix(ready, names)
    missing = np.isnan(values)
    columns = {name: _repeat(ready[name], len(names)) for name in _FIXED}
    columns["feature"] = _encoded(
        np.tile(np.arange(len(names), dtype=np.int32), len(values)), pa.array(names, pa.string())
    )
    columns["value"] = pa.array(values.ravel(), from_pandas=True)
    columns["status"] = _encoded(missing.ravel().astype(np.int32), _STATUSES)
    columns["reason"] = _encoded(_reason_codes(ready, missing).ravel(), _REASONS)
    return pa.table([columns[name] for name in FEATURES_LONG.column_names], names=FEATURES_LONG.column_names)


def widen(long: pa.Table, features: Sequence[str] = ()) -> pa.Table:
    """``features_long`` back to ``features``, sorted by its key; feature columns as named, else by name.

    Raises
    ------
    TableError
        The table is not a table of features in long form: it has gaps, or rows of one ROI that disagree.
    """
    ready = sort_by_key(conform_table(long, FEATURES_LONG), FEATURES_LONG)
    names = _grid_features(ready)
    shape = (ready.num_rows // max(len(names), 1), len(names))
    firsts = np.arange(shape[0], dtype=np.int64) * shape[1]
    columns = {name: _collapse(ready, name, firsts, shape) for name in _FIXED}
    values = ready["value"].to_numpy().reshape(shape)
    columns["status"], columns["reason"] = _roi_states(ready, np.isnan(values))
    for position, name in enumerate(names):
        columns[name] = pa.array(np.ascontiguousarray(values[:, position]), from_pandas=True)
    order = [*FEATURES.column_names, *(_require_same(features, names) if features else names)]
    return pa.table([columns[name] for name in order], names=order)


def _to_matrix(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Values, shape (ROIs, features), NaN where NULL: a table never holds NaN itself."""
    matrix = np.empty((table.num_rows, len(names)))
    for position, name in enumerate(names):
        matrix[:, position] = table[name].to_numpy()
    return matrix


def _encoded(codes: Codes, dictionary: pa.Array) -> pa.DictionaryArray:
    """Text by codes into ``dictionary``; a negative code is NULL."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), dictionary)


def _encode(column: pa.ChunkedArray) -> tuple[Codes, pa.Array]:
    """Codes (negative where NULL) and dictionary of a text column."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], pa.string())
    encoded = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32), encoded.dictionary


def _repeat(column: pa.ChunkedArray, times: int) -> pa.DictionaryArray:
    codes, dictionary = _encode(column)
    return _encoded(np.repeat(codes, times), dictionary)


def _reason_codes(wide: pa.Table, missing: npt.NDArray[np.bool_]) -> Codes:
    """Codes into the reasons, shape (ROIs, features); -1 where there is a value."""
    own = pc.index_in(decode_text(wide.select(["reason"]))["reason"], value_set=_REASONS)
    codes = own.fill_null(_UNDEFINED).to_numpy().astype(np.int32)
    return np.where(missing, codes[:, np.newaxis], np.int32(-1))


def _grid_features(long: pa.Table) -> list[str]:
    """Names of the features, which every ROI must have, in the order of the sorted rows."""
    codes, dictionary = _encode(long["feature"])
    rois, _ = _encode(long["roi_id"])
    if not len(codes):
        return []
    count = len(np.unique(codes))
    whole = len(codes) % count == 0
    if (
        not whole
        or np.any(codes.reshape(-1, count) != codes[:count])
        or np.any(rois.reshape(-1, count) != rois[::count, np.newaxis])
    ):
        raise TableError("not every ROI has a row for every feature", key=FEATURES_LONG.name)
    return [str(name) for name in dictionary.take(pa.array(codes[:count])).to_pylist()]


def _collapse(long: pa.Table, name: str, firsts: npt.NDArray[np.int64], shape: tuple[int, int]) -> pa.Array:
    codes, dictionary = _encode(long[name])
    grid = codes.reshape(shape)
    if np.any(grid != grid[:, :1]):
        raise TableError(f"column {name} differs between the rows of one ROI", key=FEATURES_LONG.name)
    return _encoded(codes[firsts], dictionary).cast(ARROW_TYPES[FEATURES.columns[0].type])


def _roi_states(long: pa.Table, missing: npt.NDArray[np.bool_]) -> tuple[pa.Array, pa.Array]:
    """Status and reason of each ROI, from those of its values."""
    reasons = pc.index_in(decode_text(long.select(["reason"]))["reason"], value_set=_REASONS)
    codes = reasons.fill_null(-1).to_numpy().astype(np.int32).reshape(missing.shape)
    undefined = codes == _UNDEFINED
    failed = np.all(missing & ~undefined, axis=1) & bool(missing.shape[1])
    own = np.where(failed, codes[:, 0] if missing.shape[1] else -1, -1).astype(np.int32)
    if np.any(failed[:, np.newaxis] & (codes != own[:, np.newaxis])) or np.any(
        ~failed[:, np.newaxis] & missing & ~undefined
    ):
        raise TableError("the rows of one ROI have different reasons", key=FEATURES_LONG.name)
    return _encoded(failed.astype(np.int32), _STATUSES).cast(pa.string()), _encoded(own, _REASONS).cast(
        pa.string()
    )


def _require_same(wanted: Sequence[str], found: Sequence[str]) -> Sequence[str]:
    if sorted(wanted) != sorted(found):
        raise TableError("the features asked for are not those of the table", key=FEATURES_LONG.name)
    return wanted
