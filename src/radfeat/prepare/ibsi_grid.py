"""The new grid of the recipe ``ibsi``: that of the whole image, and with its centre."""

from dataclasses import dataclass

import numpy as np

from radfeat.core.grid import Grid
from radfeat.prepare.grid_limit import Triple, require_moderate

Numbers = tuple[float, float, float]
SAME_SPACING = 1e-5
"""Relative difference from which on a spacing is another: what float32 in a file's header does is below."""
ROUNDING_VOXELS = 1e-3
"""By how much of a new voxel the image may stick out of whole new voxels without one more being added."""


@dataclass(frozen=True, slots=True)
class CentredGrid:
    """A new grid, and where its voxels lie on the old one.

    ``first_xyz`` is the first new voxel's place and ``step_xyz`` the distance of new voxels, both in voxels
    of the old grid and along its axes: what is interpolated does not depend on origin or direction.
    """

    grid: Grid
    first_xyz: Numbers
    step_xyz: Numbers


def plan_centred_grid(old: Grid, wanted_xyz_mm: Numbers) -> CentredGrid | None:
    """The grid of a new spacing that shares the old grid's centre; None where no axis changes.

    Along each axis the new grid holds ceil(n * spacing / new spacing) voxels, so that it covers the image;
    its outermost centres lie inside the image's outermost voxels. Two tolerances, so that spacings in
    float32 and in float64 give one grid: `SAME_SPACING` and `ROUNDING_VOXELS`.

    Parameters
    ----------
    old
        The image's own grid.
    wanted_xyz_mm
        New spacing along x, y, z in mm; 0 keeps an axis as it is.

    Raises
    ------
    ExtractionError
        If the new grid would hold more than `MAX_VOXELS` voxels (``OUT_OF_MEMORY``).

    Reference: IBSI UMPJ (grid), 3WE3 (aligned by centre), 026Q (dimensions), QCY4 (position).
    """
    spacing, n = np.array(old.spacing_xyz_mm), np.array(old.size_xyz, dtype=np.float64)
    new = _choose_spacing(spacing, np.array(wanted_xyz_mm, dtype=np.float64))
    kept = new == spacing
    if kept.all():
        return None
    # A spacing next to nothing gives an infinite size, which is refused as any other too large.
    with np.errstate(over="ignore"):
        size = np.where(kept, n, np.maximum(np.ceil(n * spacing / new - ROUNDING_VOXELS), 1))
    require_moderate(size, new, "")
    shift = ((n - 1) * spacing - (size - 1) * new) / 2
    x, y, z = (int(count) for count in size)
    grid = Grid((x, y, z), _as_numbers(new), _move_origin(old, shift), old.direction)
    return CentredGrid(grid, _as_numbers(shift / spacing), _as_numbers(new / spacing))


def _choose_spacing(old: Triple, wanted: Triple) -> Triple:
    """The new spacing; an axis that is kept, or hardly changes, keeps the old one to the last bit."""
    kept = (wanted == 0) | (np.abs(wanted - old) <= SAME_SPACING * old)
    return np.where(kept, old, wanted)


def _move_origin(grid: Grid, shift_xyz_mm: Triple) -> Numbers:
    """The origin moved by lengths along the grid's own axes."""
    direction = np.array(grid.direction).reshape(3, 3)
    return _as_numbers(np.array(grid.origin_xyz_mm) + direction @ shift_xyz_mm)


def _as_numbers(values: Triple) -> Numbers:
    return float(values[0]), float(values[1]), float(values[2])
