from dataclasses import replace

import numpy as np
import pytest

import phantoms
from radfeat.core.grid import Grid
from radfeat.core.pair import SourcePair
from radfeat.core.vocabulary import Modality, Severity
from radfeat.core.volume import Mask
from radfeat.qc.check_names import Check
from radfeat.qc.mask_checks import check_mask, measure_mask
from radfeat.qc.settings import QcSettings

SETTINGS = QcSettings()
SHAPE = (9, 10, 11)
NOISE = np.random.default_rng(3).normal(40, 30, SHAPE).astype(np.float32)


def region(*boxes):
    """Boxes of voxels, each ((z, z), (y, y), (x, x)), both ends included."""
    mask = np.zeros(SHAPE, np.bool_)
    for (z0, z1), (y0, y1), (x0, x1) in boxes:
        mask[z0 : z1 + 1, y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


CUBE = region(((2, 5), (2, 5), (2, 5)))


def spoken(mask=CUBE, voxels=NOISE, modality=Modality.CT, settings=SETTINGS):
    findings = check_mask(phantoms.build_pair(voxels, mask, modality=modality), settings)
    assert all(f.sentence.startswith("TRIAL/S1/P1/T0/CT/GTV: ") for f in findings)
    assert all(f.key == "TRIAL/S1/P1/T0/CT/GTV" for f in findings)
    return {f.check: f for f in findings}


def measure(mask, spacing=(1.0, 1.0, 1.0)):
    return measure_mask(Mask(mask, Grid(SHAPE[::-1], spacing), phantoms.build_key()))


# -- measures ------------------------------------------------------------------------------------------------


def test_measures_are_those_that_can_be_counted_by_hand():
    measures = measure(region(((2, 3), (4, 6), (5, 8))), spacing=(0.5, 2.0, 3.0))
    assert (measures.voxels, measures.volume_mm3) == (24, 72.0)
    assert (measures.bbox_xyz, measures.bbox_size_xyz, measures.components) == ((5, 4, 2), (4, 3, 2), 1)


def test_voxels_that_touch_by_a_corner_are_one_component():
    touching = region(((1, 1), (1, 1), (1, 1)), ((2, 2), (2, 2), (2, 2)))
    apart = region(((1, 1), (1, 1), (1, 1)), ((3, 3), (2, 2), (2, 2)))
    assert (measure(touching).components, measure(apart).components) == (1, 2)


def test_components_do_not_depend_on_where_they_lie():
    mask = region(((0, 0), (0, 0), (0, 0)), ((8, 8), (9, 9), (10, 10)), ((4, 5), (4, 5), (4, 5)))
    assert measure(mask).components == 3


@pytest.mark.parametrize("function", [measure, spoken])
def test_empty_masks_do_not_come_here(function):
    with pytest.raises(ValueError, match="no voxel"):
        function(np.zeros(SHAPE, np.bool_))


# -- checks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", list(Modality))
def test_ordinary_roi_passes_in_silence(modality):
    assert not spoken(modality=modality)


@pytest.mark.parametrize(
    ("box", "face"),
    [
        (((2, 5), (2, 5), (0, 3)), "x from below"),
        (((2, 5), (2, 5), (7, 10)), "x from above"),
        (((2, 5), (0, 3), (2, 5)), "y from below"),
        (((2, 5), (6, 9), (2, 5)), "y from above"),
        (((0, 3), (2, 5), (2, 5)), "z from below"),
        (((5, 8), (2, 5), (2, 5)), "z from above"),
    ],
)
def test_each_face_of_the_image_is_told_apart(box, face):
    found = spoken(region(box))
    assert list(found) == [Check.MASK_TOUCHES_BORDER]
    assert f"({face})" in found[Check.MASK_TOUCHES_BORDER].sentence


def test_an_image_of_one_slice_has_no_border_along_it():
    voxels, mask = NOISE[:1], CUBE[2:3]
    found = {f.check for f in check_mask(phantoms.build_pair(voxels, mask), QcSettings(few_voxels=1))}
    assert found == {Check.MASK_ONE_SLICE}


def test_parts_are_counted():
    found = spoken(region(((2, 5), (2, 5), (2, 5)), ((2, 5), (2, 5), (7, 8))))
    assert list(found) == [Check.MASK_COMPONENTS]
    assert (found[Check.MASK_COMPONENTS].measured, found[Check.MASK_COMPONENTS].limit) == (2.0, 1.0)


def test_slices_left_out_between_drawn_ones_are_counted():
    found = spoken(region(((1, 2), (2, 7), (2, 7)), ((5, 6), (2, 7), (2, 7))))
    assert found[Check.MASK_GAP].measured == 2.0
    assert Check.MASK_COMPONENTS in found


@pytest.mark.parametrize(
    ("box", "axis"),
    [
        (((4, 4), (1, 8), (1, 8)), "z"),
        (((1, 7), (4, 4), (1, 9)), "y"),
        (((1, 7), (1, 8), (4, 4)), "x"),
        (((1, 7), (4, 4), (4, 4)), "x and y"),
    ],
)
def test_flat_rois_name_their_axis(box, axis):
    finding = spoken(region(box), settings=QcSettings(few_voxels=1))[Check.MASK_ONE_SLICE]
    assert finding.sentence.endswith(f"one slice along {axis}.")


def test_small_roi_is_compared_with_the_setting():
    small = region(((2, 4), (2, 5), (2, 5)))
    finding = spoken(small)[Check.MASK_SMALL]
    assert (finding.measured, finding.limit, finding.unit) == (48.0, 64.0, "voxels")
    assert not spoken(small, settings=QcSettings(few_voxels=48))


def test_single_voxel_is_small_and_not_flat_nor_constant():
    assert list(spoken(region(((4, 4), (4, 4), (4, 4))))) == [Check.MASK_SMALL]


def test_mask_of_the_background_fills_the_image():
    finding = spoken(~CUBE)[Check.MASK_FILLS_IMAGE]
    assert finding.measured == pytest.approx(1 - 64 / NOISE.size)
    assert finding.sentence.endswith("inverted?")


def test_roi_without_texture_is_constant():
    voxels = NOISE.copy()
    voxels[CUBE] = 12
    assert spoken(voxels=voxels)[Check.MASK_CONSTANT].measured == 12.0


@pytest.mark.parametrize(
    ("value", "share", "check"),
    [
        (-1000.0, 0.25, Check.MASK_CT_AIR),
        (3071.0, 1 / 64, Check.MASK_CT_METAL),
        (-2000.0, 1 / 64, Check.MASK_CT_PADDING),
    ],
)
def test_odd_tissue_in_a_ct_roi_is_named_and_in_no_other_modality(value, share, check):
    voxels = NOISE.copy()
    places = np.argwhere(CUBE)[: int(64 * share)]
    voxels[tuple(places.T)] = value
    assert list(spoken(voxels=voxels)) == [check]
    assert not spoken(voxels=voxels, modality=Modality.MR)


def test_a_rim_of_air_passes():
    voxels = NOISE.copy()
    voxels[tuple(np.argwhere(CUBE)[:6].T)] = -1000
    assert not spoken(voxels=voxels)
    assert Check.MASK_CT_AIR in spoken(voxels=voxels, settings=QcSettings(max_air_share=0.05))


def test_grid_within_the_tolerance_is_information():
    pair = phantoms.build_pair(NOISE, CUBE)
    grid = replace(pair.mask.grid, spacing_xyz_mm=(1.0001, 1.0, 1.0))
    moved = SourcePair(pair.image, Mask(CUBE.copy(), grid, pair.roi), pair.provenance)
    (finding,) = check_mask(moved, SETTINGS)
    assert (finding.check, finding.severity) == (Check.MASK_GRID_ROUNDING, Severity.INFO)
    assert finding.measured == pytest.approx(0.001)
