"""Shape of a mask in space and on one slice, with PyRadiomics' mesh, diameters and axes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _surface
from radfeat.features.engines.native.cubes import measure_cubes, measure_squares

Reals = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
FLAT = 1e-9
"""Ratio of eigenvalues below which the least is the rounding of the sums before it."""
NEGLIGIBLE = -1e-10
"""PyRadiomics takes eigenvalues between this and 0 for 0."""


def measure_shape(mask_zyx: Codes, spacing_zyx_mm: Sequence[float]) -> dict[str, float]:
    """All shape features of a mask (z, y, x) that is not empty, 1 inside and 0 outside, by name."""
    spacing = np.array(spacing_zyx_mm, np.float64)
    padded = np.pad(mask_zyx, 1)
    area, volume = measure_cubes(_surface.count_cubes(padded), spacing)
    sums = _surface.sum_places(padded)
    z, y, x = spacing_zyx_mm
    sphere = (36 * math.pi * volume**2) ** (1 / 3)
    values = {
        "MeshVolume": volume,
        "VoxelVolume": sums[0] * (z * x * y),
        "SurfaceArea": area,
        "SurfaceVolumeRatio": _divide(area, volume),
        "Sphericity": sphere / area,
        "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
        "Compactness2": 36 * math.pi * volume**2 / area**3,
        "SphericalDisproportion": _divide(area, sphere),
    }
    least, minor, major = _find_eigenvalues(padded, sums, spacing)
    return {
        **values,
        **_measure_diameters(padded, spacing),
        "MajorAxisLength": _root(major) * 4,
        "MinorAxisLength": _root(minor) * 4,
        "LeastAxisLength": _root(least) * 4,
        "Elongation": _root_of_ratio(minor, major),
        "Flatness": _root_of_ratio(least, major),
    }


def measure_shape_2d(mask_yx: Codes, spacing_yx_mm: Sequence[float]) -> dict[str, float]:
    """All 2-D shape features of a mask (y, x) that is not empty, by name."""
    spacing = np.array(spacing_yx_mm, np.float64)
    padded = np.pad(mask_yx, 1)
    length, area = measure_squares(_surface.count_squares(padded), spacing)
    sums = _surface.sum_places(padded[None])
    roundness = 2 * math.sqrt(math.pi * area) / length
    minor, major = _find_eigenvalues(padded, (sums[0], *sums[2:4], *sums[7:]), spacing)
    y, x = spacing_yx_mm
    return {
        "MeshSurface": area,
        "PixelSurface": sums[0] * (x * y),
        "Perimeter": length,
        "PerimeterSurfaceRatio": _divide(length, area),
        "Sphericity": roundness,
        "SphericalDisproportion": _divide(1, roundness),
        "MaximumDiameter": _measure_outline_diameter(padded, spacing),
        "MajorAxisLength": _root(major) * 4,
        "MinorAxisLength": _root(minor) * 4,
        "Elongation": _root_of_ratio(minor, major),
    }


def _divide(a: float, b: float) -> float:
    """A quotient; NaN where there is none: pieces that touch in corners may leave a mesh without volume."""
    return a / b if b else math.nan


def _root(eigenvalue: float) -> float:
    return math.nan if eigenvalue < 0 else math.sqrt(eigenvalue)


def _root_of_ratio(smaller: float, larger: float) -> float:
    if smaller < 0 or larger <= 0:
        return math.nan
    return math.sqrt(smaller / larger)


def _find_eigenvalues(mask: Codes, sums: Sequence[int], spacing: Reals) -> list[float]:
    """Eigenvalues of the covariance of the voxel centres in mm2, ascending.

    From whole numbers, but for flat and thin masks: what PyRadiomics finds there for 0 is rounding, and
    only its own sums have the same.
    """
    values: npt.NDArray[Any] = np.linalg.eigvalsh(_combine_moments(sums, spacing))
    if values.min() < FLAT * values.max():
        values = np.linalg.eigvals(_sum_covariance(mask, spacing))
    if np.iscomplexobj(values):
        return [math.nan] * len(spacing)
    values[(values < 0) & (values > NEGLIGIBLE)] = 0
    values.sort()
    return [float(value) for value in values]


def _combine_moments(sums: Sequence[int], spacing: Reals) -> Reals:
    """Covariance from the number of places, their sums, and those of their products (upper triangle)."""
    n, d = int(sums[0]), len(spacing)
    first, second = [int(s) for s in sums[1 : d + 1]], iter(int(s) for s in sums[d + 1 :])
    covariance = np.empty((d, d))
    for a in range(d):
        for b in range(a, d):
            exact = (n * next(second) - first[a] * first[b]) / (n * n)
            covariance[a, b] = covariance[b, a] = exact * spacing[a] * spacing[b]
    return covariance


def _sum_covariance(mask: Codes, spacing: Reals) -> Reals:
    """Covariance by the sums that PyRadiomics makes."""
    places = np.array(np.nonzero(mask), dtype="int").transpose((1, 0)) * spacing[None, :]
    places -= np.mean(places, axis=0)
    places /= np.sqrt(len(places))
    covariance: Reals = np.dot(places.T.copy(), places)
    return covariance


def _measure_diameters(padded: Codes, spacing: Reals) -> dict[str, float]:
    """Greatest distances between points of the mesh, in space and within planes of each direction.

    Only corners of convex hulls are compared: a greatest distance always ends in two of them.
    """
    low_x, high_x, low_y, high_y = _surface.find_extremes(padded)
    z, y, x = (float(mm) for mm in spacing)
    in_z = np.zeros((2, *low_x.shape), np.uint8)
    in_y = np.zeros((2, *low_x.T.shape), np.uint8)
    in_x = np.zeros((2, *low_y.T.shape), np.uint8)
    across_z = _surface.measure_planes(low_x, high_x, y, x, *in_z)
    across_y = _surface.measure_planes(low_x.T, high_x.T, z, x, *in_y)
    across_x = _surface.measure_planes(low_y.T, high_y.T, z, y, *in_x)
    corners = [
        np.column_stack((*np.nonzero(kept), ends[np.nonzero(kept)]))
        for kept, ends in zip(in_z & in_y.transpose(0, 2, 1), (low_x, high_x), strict=True)
    ]
    return {
        "Maximum3DDiameter": math.sqrt(_find_farthest(0.5 * np.concatenate(corners) * spacing)),
        "Maximum2DDiameterSlice": math.sqrt(across_z),
        "Maximum2DDiameterColumn": math.sqrt(across_y),
        "Maximum2DDiameterRow": math.sqrt(across_x),
    }


def _find_farthest(points: Reals) -> float:
    """Greatest squared distance of two of the points (n, 3)."""
    radii = np.linalg.norm(points - (points.min(axis=0) + points.max(axis=0)) / 2, axis=1)
    order = np.argsort(-radii, kind="stable")
    return _surface.measure_farthest(np.ascontiguousarray(points[order]), radii[order])


def _measure_outline_diameter(padded: Codes, spacing: Reals) -> float:
    """Greatest distance between two points of an outline."""
    low, high, _, _ = _surface.find_extremes(np.stack([np.zeros_like(padded), padded, np.zeros_like(padded)]))
    y, x = (float(mm) for mm in spacing)
    unused = np.zeros((2, 1, low.shape[1]), np.uint8)
    # Plane 2 of the doubled grid is the slice itself; the planes beside it hold its upper and lower faces.
    return math.sqrt(_surface.measure_planes(low[2:3], high[2:3], y, x, *unused))
