"""IBSI's digital phantom: 80 voxels, of which 74 are the ROI.

Reference
---------
Designed by Alex Zwanenburg for the IBSI reference manual (arXiv:1612.07003, chapter 5.1); licence CC BY 4.0.
"""

import numpy as np
import numpy.typing as npt

from radfeat.core.grid import Grid

GRID = Grid((5, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))

_INTENSITIES = (
    ("14411", "14611", "41641", "44641"),
    ("14411", "11611", "11311", "44611"),
    ("14411", "11111", "11911", "11611"),
    ("14411", "11111", "11111", "11611"),
)
_INSIDE = (
    ("11111", "11111", "11111", "11111"),
    ("11111", "11111", "01111", "11111"),
    ("11100", "11111", "11011", "11111"),
    ("11100", "11111", "11111", "11111"),
)
"""Slice by slice, row by row; the only 9 lies outside the ROI."""


def build_intensities() -> npt.NDArray[np.int16]:
    """Grey levels (z, y, x), 1 to 9."""
    return _digits(_INTENSITIES).astype(np.int16)


def build_mask() -> npt.NDArray[np.uint8]:
    """1 in the ROI, 0 outside (z, y, x)."""
    return _digits(_INSIDE).astype(np.uint8)


def _digits(slices: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.int64]:
    return np.array([[[int(digit) for digit in row] for row in rows] for rows in slices])
