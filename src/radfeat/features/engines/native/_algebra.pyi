import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]

PAIR_FEATURES: tuple[str, ...]
SIZE_FEATURES: tuple[str, ...]
TONE_FEATURES: tuple[str, ...]

def measure_pairs(pairs: Reals, levels: Reals, top: float, margins: Reals, out: Reals) -> None: ...
def measure_dense_sizes(matrix: Reals, levels: Reals, sizes: Reals, out: Reals) -> None: ...
def measure_sizes(
    rows: Indices, columns: Indices, counts: Reals, levels: Reals, sizes: Reals, out: Reals
) -> None: ...
def measure_tones(counts: Reals, differences: Reals, levels: Reals, out: Reals) -> None: ...
