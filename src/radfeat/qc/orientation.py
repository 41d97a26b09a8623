"""Which way up: a volume's axes ordered and turned as a reader expects them, and the letters that say so."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from radfeat.core.grid import Grid
from radfeat.core.voxels import Voxels

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
"""Letters of the two ends of each world axis (LPS): where it runs to, and where it comes from."""

_OBLIQUE = 0.34
"""An axis that leans by more than 20 degrees gets a second letter."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the axes of a volume become left, posterior and superior.

    ``axes`` gives, for the world's x, y and z, the volume's axis (0 for x) that runs most along it;
    ``flips`` whether it runs against it; ``letters`` the letters at its far end and its near end.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    letters: tuple[tuple[str, str], ...]


def find_orientation(grid: Grid) -> Orientation:
    """The order and direction of axes that comes closest to left, posterior, superior."""
    cosines = np.reshape(grid.direction, (3, 3))
    axes = max(permutations(range(3)), key=lambda order: sum(abs(cosines[w, v]) for w, v in enumerate(order)))
    flips = tuple(bool(cosines[world, axis] < 0) for world, axis in enumerate(axes))
    columns = [
        -cosines[:, axis] if flip else cosines[:, axis] for axis, flip in zip(axes, flips, strict=True)
    ]
    letters = tuple((_name(column), _name(-column)) for column in columns)
    return Orientation((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]), letters)


def turn_voxels(voxels_zyx: Voxels, orientation: Orientation) -> Voxels:
    """A view of the voxels with axes (z, y, x) that run to superior, posterior and left."""
    turned = np.transpose(voxels_zyx, [2 - axis for axis in reversed(orientation.axes)])
    return turned[tuple(slice(None, None, -1 if flip else 1) for flip in reversed(orientation.flips))]


def turn_spacing(grid: Grid, orientation: Orientation) -> tuple[float, float, float]:
    """Spacing along the world's x, y, z (mm) after `turn_voxels`."""
    x, y, z = (grid.spacing_xyz_mm[axis] for axis in orientation.axes)
    return (x, y, z)


def _name(direction: npt.NDArray[np.float64]) -> str:
    """Letters of a direction (LPS), the strongest first: ``R``, or ``RA`` where it leans."""
    order = sorted(range(3), key=lambda world: -abs(direction[world]))
    leaning = [world for world in order[1:] if abs(direction[world]) > _OBLIQUE]
    return "".join(_LETTERS[w][0 if direction[w] > 0 else 1] for w in [order[0], *leaning[:1]])
