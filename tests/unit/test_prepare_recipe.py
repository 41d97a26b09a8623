"""The preparation, step by step, on arrays that can be counted by hand."""

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from phantoms import build_pair
from radfeat.core.errors import EmptyRoiError, GeometryError
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.vocabulary import Reason, Unit
from radfeat.core.volume import Mask
from radfeat.prepare.as_pyradiomics import prepare_to_pyradiomics
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

Region = npt.NDArray[np.bool_]


def build_block(size: int = 10) -> Region:
    """A cube of 4 x 4 x 4 voxels in the middle of 10 x 10 x 10."""
    inside = np.zeros((size, size, size), np.bool_)
    inside[3:7, 3:7, 3:7] = True
    return inside


def build_ramp(dtype: str = "int16", size: int = 10) -> npt.NDArray[np.generic]:
    """Intensity 10 x + y, the same on every slice."""
    _, y, x = np.indices((size, size, size))
    return (10 * x + y).astype(dtype)


def prepare(pair: SourcePair, **given: object) -> PreparedPair:
    settings = PrepareSettings.model_validate(given)
    return prepare_roi(prepare_image(pair.image, settings), pair, settings)


def step_names(pair: PreparedPair) -> list[str]:
    return [step.name for step in pair.steps]


def test_without_settings_nothing_is_touched() -> None:
    source = build_pair(build_ramp(), build_block())
    pair = prepare(source)
    assert pair.image is source.image
    assert pair.morphological_mask is pair.intensity_mask is source.mask
    assert step_names(pair) == ["check_roi"]


def test_a_mask_within_the_tolerance_takes_the_images_grid() -> None:
    source = build_pair(build_ramp(), build_block())
    near = Grid((10, 10, 10), (1.0, 1.0, 1.0), (0.0005, 0.0, 0.0))
    pair = prepare(SourcePair(source.image, Mask(build_block(), near, source.roi), source.provenance))
    assert pair.morphological_mask.grid == source.image.grid
    assert np.array_equal(pair.morphological_mask.voxels_zyx, build_block())


def test_image_and_mask_of_different_size_are_refused() -> None:
    source = build_pair(build_ramp(), build_block())
    small = Mask(np.ones((2, 2, 2), np.bool_), Grid((2, 2, 2), (1.0, 1.0, 1.0)), source.roi)
    with pytest.raises(GeometryError, match="differ in size") as caught:
        prepare(SourcePair(source.image, small, source.provenance))
    assert caught.value.key == source.roi.roi_id


def test_normalisation_is_that_of_the_whole_image() -> None:
    source = build_pair(build_ramp(), build_block())
    pair = prepare(source, normalise=True, normalise_scale=100)
    voxels = build_ramp("float64")
    wanted = 100 * (voxels - voxels.mean()) / voxels.std(ddof=1)
    assert pair.image.voxels_zyx == pytest.approx(wanted, abs=1e-10)
    assert pair.image.unit is Unit.ARBITRARY
    assert step_names(pair) == ["normalise", "check_roi"]


def test_outliers_are_clipped_before_scaling() -> None:
    pair = prepare(build_pair(build_ramp(), build_block()), normalise=True, normalise_scale=10, outlier_sd=1)
    assert (pair.image.voxels_zyx.min(), pair.image.voxels_zyx.max()) == (-10, 10)


def test_scale_and_clipping_do_nothing_without_normalisation() -> None:
    source = build_pair(build_ramp(), build_block())
    assert prepare(source, normalise_scale=10, outlier_sd=1).image is source.image


def test_resampling_keeps_the_corner_the_number_type_and_a_margin() -> None:
    pair = prepare(
        build_pair(build_ramp(), build_block()),
        resampled_spacing_xyz_mm=[2, 2, 2],
        pad_voxels=1,
        interpolator="linear",
    )
    assert pair.image.voxels_zyx.dtype == np.int16
    assert pair.image.grid == Grid((5, 5, 5), (2.0, 2.0, 2.0), (0.5, 0.5, 0.5))
    # Between the voxels 5.5, 25.5, ...: ITK cuts to an integer, as PyRadiomics leaves it to do.
    assert pair.image.voxels_zyx[0, 0, :].tolist() == [5, 25, 45, 65, 85]
    assert step_names(pair) == ["resample", "check_roi"]
    assert dict(pair.steps[0].parameters)["interpolator"] == "linear"


def test_resampling_crops_to_the_region_and_its_margin() -> None:
    voxels, inside = np.zeros((10, 10, 40), np.int16), np.zeros((10, 10, 40), np.bool_)
    inside[3:7, 3:7, 20:24] = True
    pair = prepare(build_pair(voxels, inside), resampled_spacing_xyz_mm=[2, 2, 2], pad_voxels=2)
    # Edges at 19.5 and 23.5 old voxels: 9.75 and 11.75 new ones, outward and two more.
    assert pair.image.grid.size_xyz[0] == 14 - 7 + 1
    assert pair.image.grid.origin_xyz_mm[0] == 0.5 + 7 * 2
    assert int(pair.morphological_mask.voxels_zyx.sum()) == 8


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_axis_with_spacing_0_or_a_single_slice_is_kept(axis: int) -> None:
    spacing = [2.0, 2.0, 2.0]
    spacing[axis] = 0
    pair = prepare(build_pair(build_ramp(), build_block()), resampled_spacing_xyz_mm=spacing)
    assert pair.image.grid.spacing_xyz_mm[axis] == 1
    slab = build_block()
    slab.swapaxes(0, 2 - axis)[4:] = False
    flat = prepare(build_pair(build_ramp(), slab), resampled_spacing_xyz_mm=[2, 2, 2])
    assert [i for i in range(3) if flat.image.grid.spacing_xyz_mm[i] == 1] == [axis]


def test_resampling_to_the_spacing_that_is_there_only_crops() -> None:
    pair = prepare(build_pair(build_ramp(), build_block()), resampled_spacing_xyz_mm=[1, 1, 1], pad_voxels=1)
    assert pair.image.voxels_zyx.tolist() == build_ramp()[2:8, 2:8, 2:8].tolist()
    assert pair.image.grid.origin_xyz_mm == (2.0, 2.0, 2.0)
    assert step_names(pair) == ["crop", "check_roi"]


def test_a_region_that_a_coarser_grid_loses_is_refused() -> None:
    inside = np.zeros((10, 10, 10), np.bool_)
    inside[5:7, 5:7, 5:7] = True
    with pytest.raises(EmptyRoiError, match="after resampling") as caught:
        prepare(
            build_pair(build_ramp(), inside), resampled_spacing_xyz_mm=[9, 9, 9], minimum_roi_dimensions=1
        )
    assert caught.value.reason in {Reason.ROI_EMPTY, Reason.ROI_TOO_SMALL}


def test_cropping_first_keeps_a_margin_inside_the_image() -> None:
    pair = prepare(build_pair(build_ramp(), build_block()), crop_first=True, pad_voxels=2)
    assert pair.image.voxels_zyx.shape == (8, 8, 8)
    whole = prepare(build_pair(build_ramp(), build_block()), crop_first=True, pad_voxels=50)
    assert whole.image.voxels_zyx.shape == (10, 10, 10)


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        ({"resegment_range": [40, 55]}, (40, 55)),
        ({"resegment_range": [55, 40]}, (40, 55)),
        ({"resegment_range": [45]}, (45, 1000)),
        ({"resegment_range": [0.75, 1], "resegment_mode": "relative"}, (49.5, 66)),
        ({"resegment_range": [-1, 1], "resegment_mode": "sigma"}, (49.5 - 126.25**0.5, 49.5 + 126.25**0.5)),
    ],
)
def test_resegmentation_keeps_the_range_with_its_bounds(
    given: dict[str, object], bounds: tuple[float, float]
) -> None:
    # In the block intensities are 10 x + y for x and y from 3 to 6: maximum 66, mean 49.5, variance 126.25.
    low, high = bounds
    pair = prepare(build_pair(build_ramp(), build_block()), **given)
    wanted = build_block() & (build_ramp().astype(float) >= low) & (build_ramp().astype(float) <= high)
    assert np.array_equal(pair.intensity_mask.voxels_zyx, wanted)
    assert 0 < wanted.sum() < 64
    assert np.array_equal(pair.morphological_mask.voxels_zyx, build_block())
    assert step_names(pair) == ["check_roi", "resegment", "check_roi"]


def test_shape_may_follow_resegmentation() -> None:
    pair = prepare(build_pair(build_ramp(), build_block()), resegment_range=[40], resegment_shape=True)
    assert pair.morphological_mask is pair.intensity_mask


@pytest.mark.parametrize(
    ("lower", "reason"), [(1000, Reason.ROI_EMPTY), (66, Reason.ROI_TOO_SMALL), (65.5, Reason.ROI_TOO_SMALL)]
)
def test_a_region_that_resegmentation_empties_is_refused(lower: float, reason: Reason) -> None:
    # Intensity 66 is that of one column of four voxels: a line.
    with pytest.raises(EmptyRoiError) as caught:
        prepare(build_pair(build_ramp(), build_block()), resegment_range=[lower])
    assert caught.value.reason is reason


def build_region(*size_zyx: int) -> Region:
    inside = np.zeros((10, 10, 10), np.bool_)
    inside[tuple(slice(2, 2 + n) for n in size_zyx)] = True
    return inside


@pytest.mark.parametrize(
    ("size_zyx", "given", "reason"),
    [
        ((0, 0, 0), {}, Reason.ROI_EMPTY),
        ((1, 1, 1), {"minimum_roi_dimensions": 1}, Reason.ROI_TOO_SMALL),
        ((1, 1, 5), {}, Reason.ROI_TOO_SMALL),
        ((1, 4, 4), {"minimum_roi_dimensions": 3}, Reason.ROI_TOO_SMALL),
        ((2, 2, 2), {"minimum_roi_size": 8}, Reason.ROI_TOO_SMALL),
    ],
)
def test_a_region_with_too_little_to_measure_is_refused(
    size_zyx: tuple[int, ...], given: dict[str, object], reason: Reason
) -> None:
    source = build_pair(build_ramp(), build_region(*size_zyx))
    with pytest.raises(EmptyRoiError) as caught:
        prepare(source, **given)
    assert caught.value.reason is reason
    assert caught.value.key == source.roi.roi_id
    with pytest.raises(EmptyRoiError):
        prepare(source, crop_first=True, **given)


@pytest.mark.parametrize(
    ("size_zyx", "given"),
    [
        ((1, 1, 5), {"minimum_roi_dimensions": 1}),
        ((1, 4, 4), {}),
        ((2, 2, 2), {"minimum_roi_size": 7, "minimum_roi_dimensions": 3}),
    ],
)
def test_a_region_with_just_enough_is_taken(size_zyx: tuple[int, ...], given: dict[str, object]) -> None:
    pair = prepare(build_pair(build_ramp(), build_region(*size_zyx)), **given)
    assert int(pair.intensity_mask.voxels_zyx.sum()) == np.prod(size_zyx)


@pytest.mark.parametrize(
    "given",
    [
        {"resampled_spacing_xyz_mm": [1, 1]},
        {"resampled_spacing_xyz_mm": [1, 1, -1]},
        {"resampled_spacing_xyz_mm": [1, 1, float("nan")]},
        {"interpolator": "sitkBSpline"},
        {"resegment_range": []},
        {"resegment_range": [1, 2, 3]},
        {"normalise_scale": 0},
        {"pad_voxels": -1},
        {"minimum_roi_dimensions": 4},
        {"normalize": True},
    ],
)
def test_wrong_settings_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PrepareSettings.model_validate(given)


def test_settings_in_pyradiomics_words() -> None:
    settings = PrepareSettings.model_validate(
        {"normalise": True, "resampled_spacing_xyz_mm": [1, 1, 0], "resegment_range": [-100]}
    )
    assert prepare_to_pyradiomics(settings) == {
        "normalize": True,
        "normalizeScale": 1.0,
        "removeOutliers": None,
        "resampledPixelSpacing": [1.0, 1.0, 0.0],
        "interpolator": "sitkBSpline",
        "padDistance": 5,
        "preCrop": False,
        "minimumROIDimensions": 2,
        "minimumROISize": None,
        "resegmentRange": [-100.0],
        "resegmentMode": "absolute",
        "resegmentShape": False,
        "correctMask": False,
        "label": 1,
    }
