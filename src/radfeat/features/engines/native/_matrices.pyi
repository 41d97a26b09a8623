import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Lengths = npt.NDArray[np.uint16]
Offsets = npt.NDArray[np.int32]
Spans = npt.NDArray[np.int32]
Counts = npt.NDArray[np.uint32]

def count_pairs(grid: Grid, spans: Spans, offset: Offsets, pairs: Counts) -> None: ...
def count_runs(grid: Grid, spans: Spans, offset: Offsets, lengths: Lengths, runs: Counts) -> None: ...
def any_line_has_two(grid: Grid, margin: int, offset: Offsets) -> bool: ...
def measure_zones(
    grid: Grid, spans: Spans, offsets: Offsets, n_voxels: int, table: Counts
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def count_neighbours(
    grid: Grid,
    spans: Spans,
    offsets: Offsets,
    alpha: int,
    dependence: Counts,
    differences: npt.NDArray[np.float64],
) -> None: ...
