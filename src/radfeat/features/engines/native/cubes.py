"""Area and volume that each kind of cube adds to a mesh, and each kind of square to an outline.

A cube has eight voxels as corners; where two neighbours differ, the surface crosses the middle of their
edge. Of a kind of cube (which corners lie in the mask) the triangles are fixed, so that a mesh is measured
from how often each kind occurs and where: no triangle is ever built. Kinds of which the last corner is in
the mask have the triangles of their complement.

Reference: Lorensen WE, Cline HE. Marching cubes. Computer Graphics 21:163-169, 1987; triangles of each kind
after P. Bourke, Polygonising a scalar field, 1994.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_TRIANGLES = """
- 083 019 183198 12a 08312a 0292a9 2832a88a9 23b 08b0b2 01923b 19b1b28b9 13a3ba 08a0a18ba 0393b99ba 8a98ba
478 043347 019478 147173194 12a478 04312a347 0292a9478 2732972a9479 23b478 04224b47b 01923b478
19229b47b4b9 13a3ba478 04114b1ba47b 0393b94789ba 47b4b99ba 495 083495 015054 153358485 12a495 08312a495
0242542a5 2532a5348354 23b495 08b0b2495 01505423b 15225828b485 13a3ba495 08a0a14958ba 03b0540b55ba
48558a8ba 579789 093357395 017078157 157173 12a579789 09312a357395 0282582a5578 2532a5357 23b579789
09227b297579 01815717823b 15717b1b2 13a3ba579789 05707b0950a10ba 03b0570780a50ba 57b5ba 5a6 0835a6 0195a6
1831985a6 126165 083126165 026069596 258265283598 23b5a6 08b0b25a6 01923b5a6 19b1b25a68b9 1353653b6
05108b0b55b6 0360590653b6 59669b8b9 4785a6 0433475a6 0194785a6 1471731945a6 126165478 043126165347
026069478596 269293397479596 23b4785a6 04224b47b5a6 01923b4785a6 19229b47b4b95a6 1353653b6478
04b0b11b547b5b6 0360590653b6478 47959669b7b9 49a4a6 08349a4a6 01a0640a6 1681831a6486 124149264
083124149264 024264 248264283 23b49a4a6 08b0b249a4a6 01a0640a623b 14816418b1a61b2 1393693b6496
08114916418b1b6 0360643b6 48668b 67a78a89a 07309a0a767a 0181781a767a 1731a767a 126168189678
093129269397679 026067078 267273 23b67a78a89a 07209727b67a79a 0181781a723b67a 16717b1a61b2 1361693b6678689
09167b 03b0670780b6 67b
"""
TRIANGLES = tuple(_TRIANGLES.split())
"""Triangles of the 128 kinds without the last corner: three edges each, as hexadecimal digits; ``-`` has
none."""

EDGES_ZYX = np.array(
    [
        *[(0, 0, 0.5), (0, 0.5, 1), (0, 1, 0.5), (0, 0.5, 0)],
        *[(1, 0, 0.5), (1, 0.5, 1), (1, 1, 0.5), (1, 0.5, 0)],
        *[(0.5, 0, 0), (0.5, 0, 1), (0.5, 1, 1), (0.5, 1, 0)],
    ]
)
"""Middle of each edge of a cube."""

LINES = ["-", "30", "01", "31", "12", "1230", "02", "32", "23", "20", "0123", "21", "13", "10", "03", "-"]
"""Lines of the 16 kinds of squares: two edges each."""
SIDES_YX = np.array([(0, 0.5), (0.5, 1), (1, 0.5), (0.5, 0)])
"""Middle of each side of a square."""


def _split(digits: str, size: int) -> list[list[int]]:
    """The corners of each triangle or line."""
    numbers = [] if digits == "-" else [int(digit, 16) for digit in digits]
    return [numbers[a:b] for a, b in pairwise(range(0, len(numbers) + 1, size))]


@dataclass(frozen=True, eq=False, slots=True)
class _Mesh:
    """The triangles of all 256 kinds in cubes of edge 1.

    ``kinds`` (t) says whose a triangle is, ``normals`` (t, 3) is twice its area vector, ``outward`` (256, 3)
    the sum of those of a kind and ``volumes`` (256) six times the volume between them and the cube's first
    corner, both with the sign that points out of the mask.
    """

    kinds: npt.NDArray[np.intp]
    normals: Reals
    outward: Reals
    volumes: Reals


@cache
def _build_mesh() -> _Mesh:
    """Once per process."""
    both = (*TRIANGLES, *reversed(TRIANGLES))
    listed = [(kind, t) for kind, digits in enumerate(both) for t in _split(digits, 3)]
    kinds = np.array([kind for kind, _ in listed], np.intp)
    a, b, c = EDGES_ZYX[np.array([t for _, t in listed]).T]
    normals = _cross(a - c, b - c)
    signs = np.where(kinds < 128, 1.0, -1.0)[:, None]
    outward, volumes = np.zeros((256, 3)), np.zeros(256)
    np.add.at(outward, kinds, signs * normals)
    np.add.at(volumes, kinds, (signs * _cross(a, b) * c).sum(axis=1))
    return _Mesh(kinds, normals, outward, volumes)


def _cross(a: Reals, b: Reals) -> Reals:
    """Cross products of rows (n, 3)."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def measure_cubes(sums: Counts, spacing_zyx_mm: Reals) -> tuple[float, float]:
    """Area in mm2 and volume in mm3 of the mesh of a mask.

    Parameters
    ----------
    sums
        Number of cubes of each kind and the sums of their places, (256, 4), from ``_surface.count_cubes``.
    spacing_zyx_mm
        Size of a voxel.
    """
    mesh = _build_mesh()
    z, y, x = spacing_zyx_mm
    numbers = sums[:, 0].astype(np.float64)
    areas = np.sqrt(((mesh.normals * np.array([y * x, z * x, z * y])) ** 2).sum(axis=1))
    area = float((numbers[mesh.kinds] * areas).sum()) / 2
    # Of a triangle moved by o, the determinant grows by o times twice its area vector.
    sixfold = float((numbers * mesh.volumes).sum() + (sums[:, 1:] * mesh.outward).sum())
    return area, sixfold / 6 * float(z * y * x)


def measure_squares(sums: Counts, spacing_yx_mm: Reals) -> tuple[float, float]:
    """Length in mm of the outline of a mask on one slice, and the area in mm2 inside it.

    ``sums`` (16, 3) come from ``_surface.count_squares``.
    """
    length = area = 0.0
    ends = SIDES_YX * spacing_yx_mm
    for kind in np.flatnonzero(sums[:, 0]):
        n, places = float(sums[kind, 0]), sums[kind, 1:] * spacing_yx_mm
        for first, second in _split(LINES[kind], 2):
            a, b = ends[first], ends[second]
            length += n * float(np.sqrt(np.sum((a - b) ** 2)))
            area += n * _turn(a, b) + _turn(places, b - a)
    return length, area / 2


def _turn(a: Reals, b: Reals) -> float:
    """The determinant of two vectors."""
    return float(a[0] * b[1] - b[0] * a[1])
