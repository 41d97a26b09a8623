"""Meshes, outlines and diameters of the native engine, for masks whose mesh is known."""

import math

import numpy as np
import pytest

from radfeat.features.engines.native.first_order import compute_percentiles, measure_first_order
from radfeat.features.engines.native.shape import measure_shape, measure_shape_2d

UNIT = (1.0, 1.0, 1.0)


def test_the_mesh_of_one_voxel_is_an_octahedron() -> None:
    values = measure_shape(np.ones((1, 1, 1), np.uint8), UNIT)
    assert values["SurfaceArea"] == pytest.approx(math.sqrt(3), rel=1e-14)
    assert values["MeshVolume"] == pytest.approx(1 / 6, rel=1e-14)
    assert values["Maximum3DDiameter"] == 1.0
    assert values["MajorAxisLength"] == 0.0
    assert math.isnan(values["Elongation"])


def test_the_mesh_of_a_box_is_the_box_with_its_edges_cut_off() -> None:
    nz, ny, nx = 3, 4, 5
    values = measure_shape(np.ones((nz, ny, nx), np.uint8), UNIT)
    edges, corners = 4 * ((nz - 1) + (ny - 1) + (nx - 1)), 8
    # Each edge loses a prism of 1/2 x 1/2 / 2, each corner a cube of 1/8 but for a tetrahedron of 1/48.
    volume = nz * ny * nx - edges / 8 - corners * (1 / 8 - 1 / 48)
    faces = 2 * ((nz - 1) * (ny - 1) + (nz - 1) * (nx - 1) + (ny - 1) * (nx - 1))
    area = faces + edges * math.sqrt(0.5) + corners * math.sqrt(3) / 8
    assert values["MeshVolume"] == pytest.approx(volume, rel=1e-14)
    assert values["SurfaceArea"] == pytest.approx(area, rel=1e-14)
    assert values["VoxelVolume"] == 60.0


def test_diameters_are_in_mm_and_within_planes() -> None:
    mask = np.zeros((3, 4, 6), np.uint8)
    mask[0, 0, 0] = mask[2, 3, 5] = 1
    values = measure_shape(mask, (3.0, 2.0, 1.0))
    corner = np.array([2 * 3.0, 3 * 2.0, 5 * 1.0])
    # From the middle of a face of one voxel to that of the opposite face of the other.
    farthest = max(np.linalg.norm(corner + axis) for axis in np.diag([3.0, 2.0, 1.0]))
    assert values["Maximum3DDiameter"] == pytest.approx(farthest, rel=1e-14)
    assert values["Maximum2DDiameterSlice"] == 2.0
    assert values["Maximum2DDiameterRow"] == 3.0


def test_the_outline_of_a_pixel_is_a_diamond() -> None:
    values = measure_shape_2d(np.ones((1, 1), np.uint8), (1.0, 1.0))
    assert values["MeshSurface"] == pytest.approx(0.5)
    assert values["Perimeter"] == pytest.approx(2 * math.sqrt(2))
    assert values["MaximumDiameter"] == 1.0


def test_percentiles_are_numpys() -> None:
    values = np.random.default_rng(3).normal(size=57)
    for n in (1, 2, 3, 10, 56, 57):
        wanted = [float(np.percentile(values[:n], p)) for p in (10, 25, 50, 75, 90)]
        assert compute_percentiles(values[:n]) == pytest.approx(wanted, rel=1e-15)


def test_first_order_of_three_voxels() -> None:
    values = measure_first_order(np.array([1.0, 2.0, 6.0]), None, 1, (1.0, 2.0, 3.0))
    assert values["Energy"] == 4 + 9 + 49
    assert values["TotalEnergy"] == 6 * 62
    assert values["Mean"] == 3.0
    assert values["Median"] == 2.0
    assert values["Variance"] == pytest.approx(14 / 3)
    assert values["MeanAbsoluteDeviation"] == 2.0
    assert values["Skewness"] == pytest.approx((18 / 3) / (14 / 3) ** 1.5)
    assert "Entropy" not in values
