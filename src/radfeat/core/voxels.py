"""The type of voxel arrays."""

import numpy as np
import numpy.typing as npt

Voxels = npt.NDArray[np.generic]
