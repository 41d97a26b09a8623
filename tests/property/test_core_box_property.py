"""Boxes: the bounding box holds all of a mask and no less, and a crop lies where it lay."""

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radfeat.core.box import bound_voxels, crop_grid
from radfeat.core.grid import Grid
from radfeat.core.volume import grid_of, to_sitk

SHAPES = st.tuples(*[st.integers(1, 6)] * 3)
MASKS = SHAPES.flatmap(lambda shape: arrays(np.bool_, shape))
TURNED = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)


@given(MASKS)
def test_the_box_holds_the_mask_and_touches_it_on_every_side(mask: npt.NDArray[np.bool_]) -> None:
    box = bound_voxels(mask)
    if box is None:
        assert not mask.any()
        return
    inside = mask[box.slices_zyx]
    assert inside.sum() == mask.sum()
    assert inside.shape[::-1] == box.size_xyz
    for axis in range(3):
        sides = inside.swapaxes(0, axis)
        assert sides[0].any()
        assert sides[-1].any()


@given(MASKS, st.integers(0, 4))
def test_a_padded_box_stays_inside_the_grid(mask: npt.NDArray[np.bool_], margin: int) -> None:
    box = bound_voxels(mask)
    if box is None:
        return
    size = mask.shape[::-1]
    padded = box.padded(margin, (size[0], size[1], size[2]))
    for low, high, low_0, high_0, n in zip(
        padded.lower_xyz, padded.upper_xyz, box.lower_xyz, box.upper_xyz, size, strict=True
    ):
        assert (low, high) == (max(0, low_0 - margin), min(n - 1, high_0 + margin))


@given(MASKS)
def test_a_cropped_grid_is_that_of_simpleitk(mask: npt.NDArray[np.bool_]) -> None:
    box = bound_voxels(mask)
    if box is None:
        return
    size = mask.shape[::-1]
    grid = Grid((size[0], size[1], size[2]), (0.7, 1.3, 2.9), (-31.5, 12.25, 7.0), TURNED)
    theirs = grid_of(sitk.RegionOfInterest(to_sitk(mask, grid), box.size_xyz, box.lower_xyz))
    ours = crop_grid(grid, box)
    assert (ours.size_xyz, ours.spacing_xyz_mm, ours.direction) == (
        theirs.size_xyz,
        theirs.spacing_xyz_mm,
        theirs.direction,
    )
    assert ours.origin_xyz_mm == pytest.approx(theirs.origin_xyz_mm, abs=1e-12)
