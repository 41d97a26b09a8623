"""Resampling near the new grid has ITK's values: B-splines of the image, nearest neighbours of the mask."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import phantoms
from radfeat.core.grid import Grid
from radfeat.core.volume import Mask, Volume
from radfeat.prepare import resample, resample_near
from radfeat.prepare.settings import PrepareSettings

TURNED = (0.6, -0.8, 0.0, 0.8, 0.6, 0.0, 0.0, 0.0, 1.0)
FIRST = [(0.9, 0.77, 4.9), (0.4, 1.3, 0.7), (1.7, 2.2, 3.1)]


def build_pair(
    dtype: str, shape_zyx: tuple[int, int, int], *, at_end: bool = False, direction: Any = TURNED
) -> tuple[Volume, Mask]:
    random = np.random.default_rng(3)
    voxels: npt.NDArray[Any] = random.normal(40, 300, shape_zyx).astype(dtype)
    mask = np.zeros(shape_zyx, bool)
    starts = [n - 5 if at_end else n // 3 for n in shape_zyx]
    box = tuple(slice(max(s, 0), s + 5) for s in starts)
    mask[box] = random.random(mask[box].shape) < 0.7
    z, y, x = shape_zyx
    pair = phantoms.build_pair(
        voxels, mask, grid=Grid((x, y, z), (0.8, 1.1, 3.0), (7.0, -20.5, 3.25), direction)
    )
    return pair.image, pair.mask


def resample_both(
    pair: tuple[Volume, Mask], spacing: tuple[float, float, float]
) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    image, mask = pair
    settings = PrepareSettings(resampled_spacing_xyz_mm=spacing)
    box = resample.require_voxels(mask.voxels_zyx, "roi", "as drawn")
    both = [resample.resample_pair(image, mask, box, settings, near=near) for near in (False, True)]
    assert both[0][0].grid == both[1][0].grid
    return [(volume.voxels_zyx, moved.voxels_zyx) for volume, moved, _ in both]


@pytest.mark.parametrize("shape", [(9, 70, 80), (1, 3, 40), (19, 18, 3)])
@pytest.mark.parametrize("spacing", FIRST)
@pytest.mark.parametrize("at_end", [False, True])
def test_values_are_those_of_the_whole_image_by_itk(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], at_end: bool
) -> None:
    (wanted, mask), (found, moved) = resample_both(build_pair("f8", shape, at_end=at_end), spacing)
    assert found.dtype == wanted.dtype
    assert np.max(np.abs(found - wanted)) < 1e-9 * 300
    assert np.array_equal(moved, mask)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4"])
@pytest.mark.parametrize("spacing", [*FIRST, (2.0, 2.0, 2.0), (1.6, 1.1, 6.0)])
def test_every_number_type_is_cut_and_rounded_as_by_itk(
    dtype: str, spacing: tuple[float, float, float]
) -> None:
    (wanted, mask), (found, moved) = resample_both(build_pair(dtype, (9, 40, 50)), spacing)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)
    assert np.array_equal(moved, mask)


def test_itk_is_asked_where_a_whole_number_or_the_middle_decides() -> None:
    image, mask = build_pair("i2", (9, 40, 50))
    coarse = Grid((20, 15, 4), (1.6, 2.2, 6.0), image.grid.origin_xyz_mm, TURNED)
    flat = Volume(np.full((9, 40, 50), -1024, np.int16), image.grid, image.modality, image.unit)
    assert resample_near.resample_near(image, coarse) is None  # a voxel on a voxel, of whole numbers
    assert resample_near.resample_near(flat, coarse) is None
    x, y, z = image.grid.origin_xyz_mm
    between = (x, y, z + 1.5)
    assert resample_near.move_mask_near(mask, Grid((20, 15, 4), (1.6, 2.2, 6.0), between, TURNED)) is None


def test_there_is_no_answer_beyond_the_image_or_across_its_axes() -> None:
    image, mask = build_pair("f8", (9, 40, 50))
    beyond = Grid((60, 15, 4), (1.0, 2.2, 6.1), image.grid.origin_xyz_mm, TURNED)
    across = Grid((20, 15, 4), (1.0, 2.2, 6.1), image.grid.origin_xyz_mm)
    for grid in (beyond, across):
        assert resample_near.resample_near(image, grid) is None
        assert resample_near.move_mask_near(mask, grid) is None


def test_an_image_of_two_slices_is_left_to_itk() -> None:
    image, _ = build_pair("f8", (2, 40, 50))
    grid = Grid((20, 15, 2), (1.0, 2.2, 2.9), image.grid.origin_xyz_mm, TURNED)
    assert resample_near.resample_near(image, grid) is None


def test_an_image_of_zeros_needs_no_decision() -> None:
    image, _ = build_pair("i2", (9, 40, 50))
    zeros = Volume(np.zeros((9, 40, 50), np.int16), image.grid, image.modality, image.unit)
    grid = Grid((20, 15, 4), (1.0, 2.2, 6.1), image.grid.origin_xyz_mm, TURNED)
    found = resample_near.resample_near(zeros, grid)
    assert found is not None
    assert not found.any()
