from typing import Any

import numpy as np
import numpy.typing as npt

def resample_lines(
    voxels: npt.NDArray[Any], places: npt.NDArray[np.int32], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]: ...
