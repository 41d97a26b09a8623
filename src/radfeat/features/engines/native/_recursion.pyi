import numpy as np
import numpy.typing as npt

Voxels = npt.NDArray[np.int16] | npt.NDArray[np.float32] | npt.NDArray[np.float64]

def filter_lines(
    voxels: Voxels, weights: npt.NDArray[np.float64], first: int, last: int
) -> npt.NDArray[np.float32]: ...
