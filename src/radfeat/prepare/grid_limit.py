"""How large a new grid may be."""

import numpy as np
import numpy.typing as npt

from radfeat.core.errors import ExtractionError
from radfeat.core.vocabulary import Reason

Triple = npt.NDArray[np.float64]
MAX_VOXELS = 2**29
"""Most voxels of a new grid (a cube of 812): with 8 bytes per voxel an image of 4.3 GB, before any filter."""


def require_moderate(size_xyz: Triple, spacing_xyz_mm: Triple, key: str) -> None:
    """Refuse a grid of more than `MAX_VOXELS` voxels, or of an infinite or undefined size, before it is made.

    Raises
    ------
    ExtractionError
        ``OUT_OF_MEMORY``.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        voxels = float(np.prod(size_xyz))
    if not voxels <= MAX_VOXELS:
        raise ExtractionError(
            f"the new grid of {' x '.join(f'{s:g}' for s in spacing_xyz_mm)} mm would hold too many voxels",
            reason=Reason.OUT_OF_MEMORY,
            key=key,
            measured=f"{' x '.join(f'{n:.6g}' for n in size_xyz)} = {voxels:.4g} voxels",
            allowed=f"{MAX_VOXELS:,} or fewer",
            remedy="Check the spacing in the mask's header, or raise prepare.resampled_spacing_xyz_mm",
        )
