import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.uint16]
Offsets = npt.NDArray[np.int32]
Counts = npt.NDArray[np.uint32]

def count_pairs(grid: Grid, places: Offsets, offset: Offsets, pairs: Counts) -> None: ...
def count_runs(grid: Grid, places: Offsets, offset: Offsets, lengths: Grid, runs: Counts) -> None: ...
def any_line_has_two(grid: Grid, margin: int, offset: Offsets) -> bool: ...
def measure_zones(
    grid: Grid, places: Offsets, offsets: Offsets, table: Counts
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def count_neighbours(
    grid: Grid,
    margin: int,
    offsets: Offsets,
    alpha: int,
    dependence: Counts,
    differences: npt.NDArray[np.float64],
) -> None: ...
