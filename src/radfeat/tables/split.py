"""Groups of a table's rows, without a Python object per row."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def split_table(table: pa.Table, *names: str) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
    """The rows by the values of some text columns, ascending; rows without one of them are left out.

    Within a group the rows keep their order.
    """
    for name in names:
        table = table.filter(pc.is_valid(table[name]))
    # The position as the last key keeps the order within a group.
    keyed = table.select(names).append_column("position", pa.array(np.arange(table.num_rows)))
    order = pc.sort_indices(keyed, sort_keys=[(name, "ascending") for name in keyed.column_names])
    ready = table.take(order)
    changes = np.zeros(max(ready.num_rows - 1, 0), dtype=bool)
    for name in names:
        column = ready[name]
        changes |= pc.not_equal(column.slice(1), column.slice(0, len(changes))).to_numpy()
    bounds = [0, *(np.flatnonzero(changes) + 1).tolist(), ready.num_rows]
    for start, end in pairwise(bounds):
        if end > start:
            yield tuple(ready[name][start].as_py() for name in names), ready.slice(start, end - start)
