"""The recipe ``ibsi`` of the preparation, on arrays that can be counted by hand."""

import dataclasses
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

import phantoms
from radfeat.core.errors import EmptyRoiError, ExtractionError, SettingsError
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.vocabulary import Modality, Reason, Recipe, Unit
from radfeat.core.volume import Volume
from radfeat.features.extract import extract_features
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.as_pyradiomics import prepare_to_pyradiomics
from radfeat.prepare.grid_limit import MAX_VOXELS
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import Interpolator, PrepareSettings

Region = npt.NDArray[np.bool_]


def prepare(pair: SourcePair, **given: object) -> PreparedPair:
    settings = PrepareSettings.model_validate({"recipe": "ibsi", **given})
    return prepare_roi(prepare_image(pair.image, settings), pair, settings)


def build_row(
    intensities: list[float], spacing: float, inside: list[int], modality: Modality = Modality.CT
) -> SourcePair:
    """Intensities along x, alike in two rows and two slices; the mask holds some of the columns."""
    voxels = np.tile(np.array(intensities), (2, 2, 1))
    mask = np.zeros(voxels.shape, np.bool_)
    mask[..., inside] = True
    grid = Grid((len(intensities), 2, 2), (spacing, 1.0, 1.0))
    return phantoms.build_pair(voxels, mask, modality=modality, grid=grid)


def first_row(pair: PreparedPair) -> list[float]:
    row: list[float] = pair.image.voxels_zyx[0, 0].tolist()
    return row


def mask_row(pair: PreparedPair) -> list[int]:
    return np.flatnonzero(pair.morphological_mask.voxels_zyx[0, 0]).tolist()


def kept(pair: PreparedPair) -> list[float]:
    """Intensities in the intensity mask of the first row."""
    inside: list[float] = pair.image.voxels_zyx[0, 0][pair.intensity_mask.voxels_zyx[0, 0]].tolist()
    return inside


# -- grid and interpolation ----------------------------------------------------------------------------------


def test_the_new_grid_has_the_images_centre() -> None:
    # IBSI's own example: 4 voxels of 3 mm become 6 of 2 mm, from -0.5 mm to 9.5 mm.
    source = build_row([0, 30, 60, 90], 3, [1, 2])
    pair = prepare(source, resampled_spacing_xyz_mm=[2, 0, 0])
    assert pair.image.grid == Grid((6, 2, 2), (2.0, 1.0, 1.0), (-0.5, 0.0, 0.0))
    # Old voxels -1/6, 1/2, 7/6, 11/6, 5/2, 19/6; before the first and after the last the nearest.
    assert first_row(pair) == [0, 15, 35, 55, 75, 90]
    assert pair.image.voxels_zyx.dtype == np.float64


def test_nearest_neighbours_invent_no_intensity() -> None:
    source = build_row([0, 31, 62, 93], 3, [1, 2])
    pair = prepare(source, resampled_spacing_xyz_mm=[2, 0, 0], interpolator="nearest")
    assert first_row(pair) == [0, 31, 31, 62, 93, 93]  # 1/2 and 5/2 are as near to either


def test_a_cubic_spline_goes_through_a_smooth_curve() -> None:
    x = np.arange(40.0)
    source = build_row((1000 * np.sin(x / 8)).tolist(), 2, [19, 20], Modality.MR)
    pair = prepare(source, resampled_spacing_xyz_mm=[1, 0, 0], interpolator="bspline")
    places = (np.arange(80) - 0.5) / 2
    wanted = 1000 * np.sin(places / 8)
    assert np.array(first_row(pair))[10:70] == pytest.approx(wanted[10:70], abs=0.05)


def test_a_spline_sees_the_intensity_at_the_border_go_on() -> None:
    # One bright voxel at the border, its place left of the first centre: padded with 100 it stays near 100;
    # mirrored, the spline would fall towards what is beyond the bright voxel.
    bright = build_row([100, 0, 0, 0, 0, 0, 0, 0], 4, [1, 2], Modality.MR)
    pair = prepare(bright, resampled_spacing_xyz_mm=[1, 0, 0], interpolator="bspline")
    assert first_row(pair)[0] > 100


def test_in_plane_the_slices_do_not_mix() -> None:
    voxels = np.zeros((3, 4, 4))
    voxels[1] = 600
    pair = phantoms.build_pair(voxels, np.ones(voxels.shape, np.bool_))
    prepared = prepare(pair, resampled_spacing_xyz_mm=[0.5, 0.5, 0])
    assert prepared.image.grid.size_xyz == (8, 8, 3)
    assert [np.unique(plane).tolist() for plane in prepared.image.voxels_zyx] == [[0], [600], [0]]


@pytest.mark.parametrize("interpolator", ["nearest", "linear", "bspline"])
@pytest.mark.parametrize("spacing", [None, [0, 0, 0], [1, 0, 1], [0.9999999, 1.0000001, 1]])
def test_a_grid_that_stays_touches_nothing(interpolator: str, spacing: list[float] | None) -> None:
    source = phantoms.build_pair(np.full((4, 4, 4), 7.25), np.ones((4, 4, 4), np.bool_))
    pair = prepare(source, resampled_spacing_xyz_mm=spacing, interpolator=interpolator)
    assert pair.image is source.image
    assert pair.morphological_mask is pair.intensity_mask is source.mask
    assert [step.name for step in pair.steps] == ["check_roi"]


@pytest.mark.parametrize("spacing", [1.1, float(np.float32(1.1))])
def test_spacings_in_float32_give_the_same_grid(spacing: float) -> None:
    # 500 voxels of 1.1 mm are 550 mm; in float32 they are 12 nm more.
    source = build_row([0] * 500, spacing, [1, 2])
    assert prepare(source, resampled_spacing_xyz_mm=[1, 0, 0]).image.grid.size_xyz[0] == 550


def test_an_image_of_one_slice_covers_its_own_thickness() -> None:
    voxels = np.full((1, 6, 6), 40.0)
    grid = Grid((6, 6, 1), (1.0, 1.0, 3.0))
    pair = prepare(
        phantoms.build_pair(voxels, np.ones(voxels.shape, np.bool_), grid=grid),
        resampled_spacing_xyz_mm=[2, 2, 2],
    )
    assert pair.image.grid.size_xyz == (3, 3, 2)
    assert np.unique(pair.image.voxels_zyx).tolist() == [40]
    assert pair.morphological_mask.voxels_zyx.all()


@pytest.mark.parametrize("spacing", [0.001, 1e-300, 5e-324])
def test_a_grid_with_too_many_voxels_is_refused_before_it_is_made(spacing: float) -> None:
    pair = build_row([0, 1, 2], 1, [1, 2])
    with pytest.raises(ExtractionError, match="too many voxels") as caught:
        prepare(pair, resampled_spacing_xyz_mm=[spacing, spacing, spacing])
    assert caught.value.reason is Reason.OUT_OF_MEMORY
    assert f"{MAX_VOXELS:,}" in caught.value.allowed


def refuse(*args: object, **kwargs: object) -> NoReturn:
    raise MemoryError


def test_memory_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    source = build_row([0, 30, 60, 90], 3, [1, 2])
    settings = PrepareSettings.model_validate({"recipe": "ibsi", "resampled_spacing_xyz_mm": [2, 2, 2]})
    image = prepare_image(source.image, settings)
    monkeypatch.setattr("scipy.ndimage.affine_transform", refuse)
    with pytest.raises(ExtractionError, match="memory ran out during interpolation") as caught:
        prepare_image(source.image, settings)
    assert caught.value.reason is Reason.OUT_OF_MEMORY
    with pytest.raises(ExtractionError, match="memory ran out") as caught:
        prepare_roi(image, source, settings)
    assert (caught.value.reason, caught.value.key) == (Reason.OUT_OF_MEMORY, source.roi.roi_id)


# -- rounding ------------------------------------------------------------------------------------------------


def test_hounsfield_units_are_rounded_after_interpolation() -> None:
    source = build_row([0, 3, 6, 9], 3, [1, 2])  # interpolated: 0, 1.5, 3.5, 5.5, 7.5, 9
    assert first_row(prepare(source, resampled_spacing_xyz_mm=[2, 0, 0])) == [0, 2, 4, 6, 8, 9]
    coarse = prepare(source, resampled_spacing_xyz_mm=[2, 0, 0], round_hu=5)
    assert first_row(coarse) == [0, 0, 5, 5, 10, 10]  # 7.5 is half-way: to the even multiple
    plain = prepare(source, resampled_spacing_xyz_mm=[2, 0, 0], round_hu=0)
    assert first_row(plain) == pytest.approx([0, 1.5, 3.5, 5.5, 7.5, 9])


def test_what_is_not_in_hounsfield_units_is_not_rounded() -> None:
    source = build_row([0, 3, 6, 9], 3, [1, 2], Modality.MR)
    pair = prepare(source, resampled_spacing_xyz_mm=[2, 0, 0])
    assert first_row(pair) == pytest.approx([0, 1.5, 3.5, 5.5, 7.5, 9])
    normalised = prepare(
        build_row([0, 3, 6, 9], 3, [1, 2]), resampled_spacing_xyz_mm=[2, 0, 0], normalise=True
    )
    assert normalised.image.unit is Unit.ARBITRARY
    assert first_row(normalised)[0] == pytest.approx(-4.5 / np.std([0, 3, 6, 9] * 4, ddof=1))


def test_what_is_not_interpolated_is_not_rounded() -> None:
    assert first_row(prepare(build_row([0.25, 1.75, 2.5], 1, [1, 2]))) == [0.25, 1.75, 2.5]


# -- masks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        # Six voxels of 1 mm become three of 2 mm, at old voxels 0.5, 2.5 and 4.5.
        ([2, 3], [1]),
        ([1, 2], [0, 1]),  # half of either
        ([0], [0]),  # a half
        ([0, 1, 2, 3, 4, 5], [0, 1, 2]),
        ([0, 5], [0, 2]),
    ],
)
def test_half_a_voxel_belongs_to_the_mask(inside: list[int], wanted: list[int]) -> None:
    pair = prepare(build_row([0] * 6, 1, inside), resampled_spacing_xyz_mm=[2, 0, 0])
    assert mask_row(pair) == wanted


def test_less_than_half_a_voxel_does_not() -> None:
    # Four voxels of 3 mm become six of 2 mm, at -1/6, 1/2, 7/6, 11/6 ...: voxel 1 has 1/2, 5/6, 1/6 of three.
    assert mask_row(prepare(build_row([0] * 4, 3, [1]), resampled_spacing_xyz_mm=[2, 0, 0])) == [1, 2]


def test_a_mask_at_the_border_goes_on_as_far_as_the_image() -> None:
    pair = prepare(build_row([0] * 4, 3, [0, 3]), resampled_spacing_xyz_mm=[2, 0, 0])
    assert mask_row(pair) == [0, 1, 4, 5]
    whole = prepare(build_row([0] * 7, 1.3, list(range(7))), resampled_spacing_xyz_mm=[0.7, 0.6, 0.7])
    assert whole.morphological_mask.voxels_zyx.all()


def test_a_region_on_one_slice_is_taken() -> None:
    inside = np.zeros((5, 8, 8), np.bool_)
    inside[2, 2:6, 2:6] = True
    grid = Grid((8, 8, 5), (1.0, 1.0, 3.0))
    pair = phantoms.build_pair(np.zeros(inside.shape, np.int16), inside, grid=grid)
    prepared = prepare(pair, resampled_spacing_xyz_mm=[1, 1, 1])
    # The slice is 3 mm thick: three new slices of 1 mm.
    assert np.flatnonzero(prepared.morphological_mask.voxels_zyx.any(axis=(1, 2))).tolist() == [6, 7, 8]
    assert int(prepared.morphological_mask.voxels_zyx.sum()) == 3 * 16


def test_a_region_that_a_coarser_grid_loses_is_refused() -> None:
    inside = np.zeros((10, 10, 10), np.bool_)
    inside[3:5, 3:5, 3:5] = True
    with pytest.raises(EmptyRoiError, match="after interpolation") as caught:
        prepare(phantoms.build_pair(np.zeros(inside.shape), inside), resampled_spacing_xyz_mm=[9, 9, 9])
    assert caught.value.reason is Reason.ROI_EMPTY


# -- re-segmentation -----------------------------------------------------------------------------------------

OUTLIER = [0, 0, 0, 0, 0, 0, 0, 0, 50, 1000]
"""Mean 105, standard deviation (n) 299; without the last value 5.6 and 15.7."""


def test_the_range_makes_the_intensity_mask_and_leaves_the_morphological_one() -> None:
    pair = prepare(build_row([-600, -500, 0, 400, 401], 1, [0, 1, 2, 3, 4]), resegment_range=[400, -500])
    assert kept(pair) == [-500, 0, 400]
    assert mask_row(pair) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"outlier_resegment_sd": 3}, OUTLIER),
        ({"outlier_resegment_sd": 2}, OUTLIER[:-1]),
        # What an outlier is says the whole ROI: 50 would be one among what the range leaves.
        ({"outlier_resegment_sd": 2, "resegment_range": [0, 100]}, OUTLIER[:-1]),
        ({"outlier_resegment_sd": 0.3, "resegment_range": [0, 100]}, [50]),
    ],
)
def test_outliers_are_those_of_the_whole_region(given: dict[str, object], wanted: list[float]) -> None:
    pair = prepare(build_row(OUTLIER, 1, list(range(10))), minimum_roi_dimensions=1, **given)
    assert kept(pair) == wanted
    assert mask_row(pair) == list(range(10))


def test_outliers_are_judged_by_the_deviation_of_a_population() -> None:
    # 0 and 2 lie exactly one standard deviation (n) from their mean; it is exact, and both bounds belong.
    pair = prepare(build_row([0, 2], 1, [0, 1]), outlier_resegment_sd=1)
    assert kept(pair) == [0, 2]
    # -2, 0, 0, 2: n gives 1.414, n - 1 would give at least 1.46 with the four copies that the phantom holds.
    pair = prepare(build_row([-2, 0, 0, 2], 1, [0, 1, 2, 3], Modality.MR), outlier_resegment_sd=1.39)
    assert kept(pair) == [0, 0]


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"resegment_range": [5000]}, "resegment_range"),
        ({"outlier_resegment_sd": 1e-6}, "outlier_resegment_sd"),
    ],
)
def test_a_region_that_resegmentation_empties_is_refused(given: dict[str, object], setting: str) -> None:
    with pytest.raises(EmptyRoiError, match="re-segmentation left 0") as caught:
        prepare(build_row([0, 1000, 4000], 1, [0, 1, 2]), **given)
    assert caught.value.reason is Reason.ROI_EMPTY
    assert setting in caught.value.remedy


@pytest.mark.parametrize(
    ("bounds", "wanted"), [(None, None), ([-500], -500), ([-500, 400], -500), ([400, -500], -500)]
)
def test_bins_begin_at_the_lower_bound(bounds: list[float] | None, wanted: float | None) -> None:
    assert prepare(build_row([0, 1, 2], 1, [0, 1, 2]), resegment_range=bounds).lower_bound == wanted


def test_a_voxel_without_a_number_is_an_outlier_and_no_reason_to_drop_the_others() -> None:
    row = build_row([1, 2, np.nan, 3, np.inf], 1, [0, 1, 2, 3, 4], Modality.MR)
    assert kept(prepare(row, outlier_resegment_sd=3)) == [1, 2, 3]
    with pytest.raises(EmptyRoiError, match="left 0 of 8"):
        prepare(build_row([np.nan, np.nan], 1, [0, 1], Modality.MR), outlier_resegment_sd=3)


def test_the_lower_bound_is_kept_in_the_number_type_of_the_image() -> None:
    # In float32 0.7 is a little less than in float64: what the range keeps must lie in the first bin.
    source = build_row([0.2, 0.7, 0.9, 1.3], 1, [0, 1, 2, 3], Modality.PT)
    voxels = source.image.voxels_zyx.astype(np.float32)
    image = Volume(voxels, source.image.grid, source.image.modality, source.image.unit)
    pair = prepare(dataclasses.replace(source, image=image), resegment_range=[0.7])
    assert kept(pair) == [np.float32(v) for v in (0.7, 0.9, 1.3)]
    assert pair.lower_bound == float(np.float32(0.7)) < 0.7
    settings = FeatureSettings(recipe=Recipe.IBSI, bin_width=0.25, classes={"histogram": ["Minimum"]})
    assert extract_features(pair, settings).values == {"original_histogram_Minimum": 1}


# -- records and settings ------------------------------------------------------------------------------------


def test_every_step_is_recorded_with_its_code() -> None:
    pair = prepare(
        build_row([0, 30, 60, 90], 3, [0, 1, 2, 3]),
        resampled_spacing_xyz_mm=[2, 0, 0],
        resegment_range=[-10, 80],
        outlier_resegment_sd=3,
    )
    assert [(step.name, step.ibsi_code) for step in pair.steps] == [
        ("interpolate", "VTM2"),
        ("round", "68QD"),
        ("interpolate_mask", "E8H9"),
        ("check_roi", ""),
        ("resegment", "USB3"),
        ("resegment_outliers", "7ACA"),
        ("check_roi", ""),
    ]
    outliers = dict(pair.steps[5].parameters)
    assert (outliers["voxels_before"], outliers["voxels_after"]) == (20, 20)
    assert dict(pair.steps[0].parameters)["interpolator"] == "linear"


def test_where_nothing_is_said_the_recipe_decides() -> None:
    plain, ibsi = PrepareSettings(), PrepareSettings.model_validate({"recipe": "ibsi"})
    assert (plain.interpolator, plain.round_hu) == (Interpolator.BSPLINE, None)
    assert (ibsi.interpolator, ibsi.round_hu) == (Interpolator.LINEAR, 1.0)
    said = PrepareSettings.model_validate({"recipe": "ibsi", "interpolator": "bspline", "round_hu": 0})
    assert (said.interpolator, said.round_hu) == (Interpolator.BSPLINE, 0)
    assert PrepareSettings.model_validate(said.model_dump(mode="json")) == said


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"recipe": "ibsi", "pad_voxels": 4}, "pad_voxels means nothing under recipe ibsi"),
        ({"recipe": "ibsi", "crop_first": True}, "crop_first means nothing under recipe ibsi"),
        ({"recipe": "ibsi", "resegment_mode": "sigma"}, "set outlier_resegment_sd"),
        ({"recipe": "ibsi", "resegment_shape": True}, "never re-segmented"),
        ({"recipe": "ibsi", "interpolator": "gaussian"}, "write nearest, linear, bspline"),
        ({"recipe": "ibsi", "round_hu": -1}, "greater than or equal to 0"),
        ({"round_hu": 0}, "round_hu means nothing under recipe pyradiomics"),
        ({"recipe": "ibsi", "outlier_resegment_sd": -3}, "greater than 0"),
        ({"round_hu": 1}, "round_hu means nothing under recipe pyradiomics"),
        ({"outlier_resegment_sd": 3}, "outlier_resegment_sd means nothing under recipe pyradiomics"),
        ({"recipe": "IBSI"}, "'pyradiomics' or 'ibsi'"),
    ],
)
def test_what_means_nothing_under_a_recipe_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        PrepareSettings.model_validate(given)


def test_defaults_that_are_spelt_out_are_taken() -> None:
    # round_hu: null is what a new study's configuration file says before its recipe is changed.
    spelt = {"recipe": "ibsi", "pad_voxels": 5, "resegment_mode": "absolute", "round_hu": None}
    assert PrepareSettings.model_validate(spelt) == PrepareSettings.model_validate({"recipe": "ibsi"})


def test_pyradiomics_has_no_words_for_the_recipe() -> None:
    with pytest.raises(SettingsError, match="no words"):
        prepare_to_pyradiomics(PrepareSettings.model_validate({"recipe": "ibsi"}))
