"""Grey levels of an ROI's intensities, by PyRadiomics' rule."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _voxels

Reals = npt.NDArray[np.float64]
Intensities = npt.NDArray[np.int16] | npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Intensities as the compiled modules take them; other types are changed to the next that holds them."""
LevelCodes = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
MAX_LEVEL = 65534
"""Highest grey level that the matrices have room for (16 bits, one number kept for what is above)."""

MOST_IN_8_BITS = 255


@dataclass(frozen=True, eq=False, slots=True)
class Levels:
    """The grey levels of an ROI.

    ``present`` are the levels that occur, ascending, ``counts`` says how many voxels have each. ``top`` is
    the highest.
    """

    present: Reals
    counts: npt.NDArray[np.int64]
    top: int


def build_edges(
    ends: npt.NDArray[np.generic], width: float | None, count: int | None
) -> npt.NDArray[np.float64]:
    """Lower edges of the bins from the least to the greatest intensity, and the edge above the last.

    Parameters
    ----------
    ends
        Least and greatest intensity, in the number type of the image: PyRadiomics computes edges in that
        type.
    width, count
        Bins of a fixed width, which start at multiples of it, or a fixed number of bins, which goes first.

    Raises
    ------
    ValueError
        If the intensities are so close that they cannot be told apart by ``count`` bins, or the levels are
        too many.
    """
    if count is not None:
        edges = np.histogram_bin_edges(ends, count)
        edges[-1] += 1  # so that the greatest intensity falls into the last bin
    else:
        low, high = ends[0], ends[1]
        edges = np.arange(low - (low % width), high + 2 * width, width)  # type: ignore[operator]
    if len(edges) > MAX_LEVEL:
        raise ValueError(f"{len(edges)} grey levels are more than the {MAX_LEVEL} that the matrices hold")
    return edges.astype(np.float64)


def discretise(inside: Intensities, edges: Reals) -> tuple[LevelCodes, Levels]:
    """The level of each intensity, in the order given, and which levels there are.

    An intensity is in bin n where edge n is not above it and edge n + 1 is.
    """
    few = len(edges) <= MOST_IN_8_BITS
    of_voxels: LevelCodes = np.empty(len(inside), np.uint8) if few else np.empty(len(inside), np.uint16)
    _voxels.digitise(inside, edges, of_voxels)
    tally = _voxels.tally(of_voxels, len(edges))
    present = np.flatnonzero(tally)
    return of_voxels, Levels(present.astype(np.float64), tally[present], int(present[-1]))
