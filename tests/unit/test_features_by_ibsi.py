"""The recipe ``ibsi``: grey levels, aggregations, histogram and algebra, counted by hand."""

import json
import math

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from phantoms import build_pair
from radfeat.core.errors import ExtractionError
from radfeat.core.grey_levels import GreyLevels
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair
from radfeat.core.volume import Mask
from radfeat.features.aggregation import Aggregation
from radfeat.features.as_pyradiomics import build_setting
from radfeat.features.catalogue import build_catalogue
from radfeat.features.engines.algebra import measure_ibsi_ellipsoid_area
from radfeat.features.engines.discretise import find_levels
from radfeat.features.engines.histogram import FEATURES, measure_histogram
from radfeat.features.extract import FeatureVector, extract_features
from radfeat.features.planned_images import name_features, plan_features, plan_images
from radfeat.features.register import Family, family_names, read_register
from radfeat.features.settings import FeatureSettings

Voxels = npt.NDArray[np.generic]


def read(**given: object) -> FeatureSettings:
    return FeatureSettings.model_validate({"recipe": "ibsi", **given})


def build_prepared(
    slices: object, drawn: object = None, kept: object = None, lower: float | None = None
) -> PreparedPair:
    """Voxels (z, y, x) with spacing 1 mm; 0 lies outside the ROI unless a mask is given."""
    voxels = np.array(slices, np.float64)
    inside = voxels != 0 if drawn is None else np.array(drawn, np.bool_)
    source = build_pair(voxels, inside)
    intensity = source.mask if kept is None else Mask(np.array(kept, np.bool_), source.mask.grid, source.roi)
    return PreparedPair(source.image, source.mask, intensity, (), lower)


def measure(pair: PreparedPair, **given: object) -> FeatureVector:
    return extract_features(pair, read(**{"bin_width": 1, **given}))


def value_of(pair: PreparedPair, family: str, name: str, **given: object) -> float | None:
    (value,) = measure(pair, classes={family: [name]}, **given).values.values()
    return value


def test_the_defaults_are_ibsis_125_features_of_the_original_image() -> None:
    settings = read()
    assert settings.aggregation is Aggregation.SPACE_AVERAGED
    assert len(plan_features(settings)) == 48 + 25 + 16 + 16 + 15 + 5
    named = name_features(settings)
    assert len(named[Family.HISTOGRAM]) == 13
    assert "Kurtosis" not in named[Family.FIRST_ORDER]
    assert "Maximum2DDiameterSlice" not in named[Family.SHAPE]
    assert {"Compactness1", "SampleMajorAxisLength"} <= set(named[Family.SHAPE])
    assert FeatureSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_what_deviates_from_ibsi_is_measured_by_name() -> None:
    settings = read(classes={"firstorder": ["Kurtosis", "ExcessKurtosis"]})
    assert plan_features(settings) == ("original_firstorder_Kurtosis", "original_firstorder_ExcessKurtosis")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recipe": "ibsi", "weighting": "no_weighting"}, "take aggregation instead"),
        ({"recipe": "ibsi", "force_2d": True}, "take aggregation instead"),
        ({"recipe": "ibsi", "image_types": {"LoG": {"force_2d": False}}}, "take aggregation instead"),
        ({"recipe": "ibsi", "classes": {"shape2D": []}}, "shape2D is no family of IBSI"),
        ({"recipe": "ibsi", "aggregation": "4d"}, "3d_averaged"),
        ({"aggregation": "3d_averaged"}, "take weighting and force_2d instead"),
        ({"classes": {"histogram": []}}, "PyRadiomics yields no histogram: "),
        ({"classes": {"histogram": ["Mean"]}}, "PyRadiomics yields no histogram Mean: .* recipe to ibsi"),
        ({"classes": {"glcm": ["SumVariance", "Contrast"]}}, "PyRadiomics yields no glcm SumVariance: "),
        ({"recipe": "ibsi", "classes": {"gldm": ["DependencePercentage"]}}, "always 1"),
    ],
)
def test_settings_of_the_other_recipe_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FeatureSettings.model_validate(given)


def test_aggregations_have_ibsis_codes() -> None:
    codes = [(a.ibsi_code(Family.GLCM), a.ibsi_code(Family.NGTDM)) for a in Aggregation]
    assert [code for code, _ in codes] == ["BTW3", "SUJT", "JJUI", "ZW7Z", "ITBB", "IAZD"]
    assert [code for _, code in codes] == ["8QNN", "8QNN", "62GR", "62GR", "KOBO", "KOBO"]


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_aggregations_in_pyradiomics_words(aggregation: Aggregation) -> None:
    settings = read(aggregation=aggregation, image_types={"Wavelet": {}})
    words = build_setting(settings)
    assert words["force2D"] is ("3d" not in aggregation)
    assert words["weightingNorm"] == (
        None if "averaged" in aggregation or "direction" in aggregation else "no_weighting"
    )
    assert len(plan_images(settings)) == (4 if words["force2D"] else 8)


@pytest.mark.parametrize(
    ("given", "lower", "levels"),
    [
        ({"bin_width": 10}, 0.0, [2, 2, 3, 5]),
        ({"bin_width": 10}, None, [1, 1, 2, 4]),
        ({"bin_width": 10}, -95.0, [11, 12, 12, 14]),
        ({"bin_count": 3}, None, [1, 1, 2, 3]),
        ({"bin_count": 3}, 0.0, [1, 1, 2, 3]),
        ({"bin_count": 30}, None, [1, 10, 11, 30]),
    ],
)
def test_grey_levels_are_counted_from_the_lower_bound(
    given: dict[str, object], lower: float | None, levels: list[int]
) -> None:
    intensities = np.array([10.0, 19.0, 20.0, 40.0])
    assert find_levels(intensities, read(**given), lower).tolist() == levels


def test_an_even_region_has_one_level_whatever_the_bin_count() -> None:
    assert find_levels(np.full(3, 7.0), read(bin_count=16), None).tolist() == [1, 1, 1]


def test_an_intensity_below_the_lower_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="holds intensity -1, below the lower bound 0"):
        find_levels(np.array([-1.0, 4.0]), read(), 0.0)


def test_texture_counts_levels_from_the_lower_bound_and_not_from_the_least() -> None:
    pair = build_prepared([[[26, 51], [51, 26]]], np.ones((1, 2, 2)), lower=-25.0)
    vector = measure(pair, bin_width=25, classes={"glcm": ["JointAverage"], "histogram": ["Mean"]})
    assert list(vector.values.values()) == pytest.approx([3.5, 3.5])  # levels 3 and 4
    (found,) = vector.grey_levels
    assert found == GreyLevels("Original", "original", 2, 25.0, None)


def test_the_lower_bound_is_one_of_the_original_image_alone() -> None:
    pair = build_prepared([[[30, 60], [60, 30]]], np.ones((1, 2, 2)), lower=0.0)
    types = {"Original": {}, "Square": {}}
    values = measure(pair, bin_width=10, image_types=types, classes={"histogram": ["Minimum"]}).values
    assert dict(values) == {"original_histogram_Minimum": 4, "square_histogram_Minimum": 1}


def test_entropy_and_uniformity_are_those_of_ibsis_levels() -> None:
    # From 0, 24 and 26 lie in two bins; from their least they share one.
    pair = build_prepared([[[24, 26], [24, 26]]], lower=0.0)
    classes = {"firstorder": ["Entropy", "Uniformity"]}
    assert list(measure(pair, bin_width=25, classes=classes).values.values()) == pytest.approx([1, 0.5])
    free = PreparedPair(pair.image, pair.morphological_mask, pair.intensity_mask, ())
    values = measure(free, bin_width=25, classes=classes).values
    assert list(values.values()) == pytest.approx([0, 1], abs=1e-9)


SLICES = [
    [[1, 1], [2, 0]],
    [[5, 0], [0, 0]],
    [[3, 3], [3, 3]],
]
"""Slices of three voxels, of one voxel, and of four alike."""


def test_slices_are_averaged_and_a_voxel_alone_has_no_pairs() -> None:
    pair = build_prepared(SLICES)
    # First slice: right 1-1, down 1-2, one diagonal 1-2, the other none. Third slice: contrast 0.
    for aggregation in ("2d_averaged", "2d_slice_merged"):
        assert value_of(pair, "glcm", "Contrast", aggregation=aggregation) == pytest.approx((2 / 3 + 0) / 2)
    # Over the stack: right 1-1, 3-3, 3-3; down 1-2, 3-3, 3-3; diagonals 1-2, 3-3 in sum.
    merged = value_of(pair, "glcm", "Contrast", aggregation="2.5d_merged")
    assert merged == pytest.approx(2 / 9)


@pytest.mark.parametrize("aggregation", ["2d_averaged", "2d_slice_merged"])
def test_a_voxel_alone_in_its_slice_alters_no_feature_of_pairs(aggregation: str) -> None:
    pairs, alone = [[1, 2, 3], [2, 1, 0]], [[3, 0, 0], [0, 0, 0]]
    classes = {"glcm": [*name_features(read())[Family.GLCM], "MCC"]}
    without = measure(build_prepared([pairs]), aggregation=aggregation, classes=classes).values
    assert None not in without.values()
    assert measure(build_prepared([pairs, alone]), aggregation=aggregation, classes=classes).values == without
    nothing = measure(build_prepared([alone]), aggregation=aggregation, classes=classes, bin_width=1).values
    assert set(nothing.values()) == {None}


def test_a_slice_has_the_number_of_grey_levels_of_the_whole_roi() -> None:
    pair = build_prepared([[[1, 2], [1, 2]], [[5, 5], [5, 5]]])
    # Slice 1, of 5 levels: right and both diagonals differ by 1, down by 0.
    wanted = ((3 / (1 + 1 / 5) + 1) / 4 + 1) / 2
    assert value_of(pair, "glcm", "Idn", aggregation="2d_averaged") == pytest.approx(wanted)


def test_zones_of_slices_are_averaged_or_merged() -> None:
    pair = build_prepared(SLICES)
    # Zones per voxel: 2 of 3, 1 of 1, 1 of 4; over the stack 4 of 8.
    percentage = (2 / 3 + 1 + 1 / 4) / 3
    assert value_of(pair, "glszm", "ZonePercentage", aggregation="2d_averaged") == pytest.approx(percentage)
    assert value_of(pair, "glszm", "ZonePercentage", aggregation="2.5d_merged") == pytest.approx(4 / 8)


def test_a_voxel_apart_has_no_share_in_tone_differences() -> None:
    apart = build_prepared([[[1, 2, 0, 0, 9], [1, 2, 0, 0, 0]]])
    together = build_prepared([[[1, 2], [1, 2]]])
    for name in ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength"):
        assert value_of(apart, "ngtdm", name) == pytest.approx(value_of(together, "ngtdm", name))


def test_neighbours_two_voxels_away_count_where_that_is_asked_for() -> None:
    pair = build_prepared([[[1, 0, 2]]])
    assert value_of(pair, "ngtdm", "Coarseness") is None
    assert value_of(pair, "ngtdm", "Coarseness", distances=[2]) == pytest.approx(1)


def test_a_voxel_alone_in_its_slice_has_no_share_in_tone_differences() -> None:
    pair = build_prepared([[[1, 2], [1, 2]], [[5, 0], [0, 0]]])
    # Each voxel differs from the mean of its three neighbours by 2/3; coarseness is 1 / (p s summed).
    coarseness = value_of(pair, "ngtdm", "Coarseness", aggregation="2d_averaged")
    assert coarseness == pytest.approx(1 / (4 / 3))


def test_runs_of_one_voxel_count_in_directions_across_a_single_slice() -> None:
    pair = build_prepared([[[1, 1], [1, 1]]])
    # 9 directions leave the slice: 4 runs of 4 voxels; right and down 2 runs; diagonals 3 runs.
    wanted = (9 * 4 / 4 + 2 * 2 / 4 + 2 * 3 / 4) / 13
    assert value_of(pair, "glrlm", "RunPercentage", aggregation="3d_averaged") == pytest.approx(wanted)


def test_runs_of_a_voxel_alone_in_its_slice_count() -> None:
    pair = build_prepared(SLICES)
    # Runs per voxel: slice 1 has 2, 3, 3, 3 of 3; slice 2 has 1 of 1; slice 3 has 2, 2, 3, 3 of 4.
    wanted = (11 / 12 + 1 + 10 / 16) / 3
    assert value_of(pair, "glrlm", "RunPercentage", aggregation="2d_averaged") == pytest.approx(wanted)
    merged = value_of(pair, "glrlm", "RunPercentage", aggregation="2d_slice_merged")
    assert merged == pytest.approx(wanted)
    assert value_of(pair, "glrlm", "RunPercentage", aggregation="2.5d_merged") == pytest.approx(25 / 32)


def test_runs_elsewhere_are_those_of_pyradiomics() -> None:
    voxels = np.random.default_rng(2).integers(1, 4, (4, 5, 6))
    for aggregation, weighting in (("3d_averaged", "none"), ("3d_merged", "no_weighting")):
        pair = build_prepared(voxels)
        ours = measure(pair, aggregation=aggregation, classes={"glrlm": []}).values
        given = {"weighting": weighting, "bin_width": 1, "classes": {"glrlm": []}}
        assert dict(ours) == pytest.approx(
            dict(extract_features(pair, FeatureSettings.model_validate(given)).values)
        )


def test_slices_lie_across_the_axis_that_is_chosen() -> None:
    turned = np.moveaxis(np.array(SLICES), 0, 2)
    given = {"aggregation": "2d_averaged", "classes": {"glcm": [], "glszm": [], "ngtdm": []}}
    upright = measure(build_prepared(SLICES), **given).values
    lying = measure(build_prepared(turned), force_2d_axis="x", **given).values
    assert dict(upright) == pytest.approx(dict(lying))


def test_the_histogram_is_that_of_grey_levels() -> None:
    levels = np.array([1, 1, 2, 4], np.int64)
    assert measure_histogram(levels, FEATURES) == pytest.approx(
        {
            "Mean": 2,
            "Variance": 1.5,
            "Skewness": 1.5 / 1.5**1.5,
            "ExcessKurtosis": (1 + 1 + 16) / 4 / 1.5**2 - 3,
            "Median": 1.5,
            "Minimum": 1,
            "10Percentile": 1,
            "90Percentile": 3.4,
            "Maximum": 4,
            "InterquartileRange": 2.5 - 1,
            "Range": 3,
            "MeanAbsoluteDeviation": 1,
            "RobustMeanAbsoluteDeviation": (1 / 3 + 1 / 3 + 2 / 3) / 3,
        }
    )
    assert set(FEATURES) == set(family_names(Family.HISTOGRAM))


def test_moments_of_an_even_region_are_0() -> None:
    flat = measure_histogram(np.full(5, 3, np.int64), ["Skewness", "ExcessKurtosis"])
    assert flat == {"Skewness": 0, "ExcessKurtosis": 0}
    assert value_of(build_prepared(np.full((2, 2, 2), 7)), "firstorder", "ExcessKurtosis") == 0


def test_algebra_follows_from_pyradiomics_values() -> None:
    voxels = np.arange(1, 28).reshape(3, 3, 3)
    classes = {
        "shape": ["MajorAxisLength", "SampleMajorAxisLength", "Sphericity", "Asphericity", "MeshVolume"],
        "firstorder": ["Kurtosis", "ExcessKurtosis", "Mean", "IntegratedIntensity", "Uniformity"],
        "glcm": ["Dissimilarity", "DifferenceAverage", "SumVariance", "ClusterTendency"],
        "gldm": ["GrayLevelNonUniformityNormalized"],
    }
    full = measure(build_prepared(voxels), bin_width=4, classes=classes).values
    v = {name.removeprefix("original_"): value or math.nan for name, value in full.items()}
    assert v["shape_SampleMajorAxisLength"] == pytest.approx(4 * math.sqrt(18 / 26))
    assert v["shape_SampleMajorAxisLength"] > v["shape_MajorAxisLength"]
    assert v["shape_Asphericity"] == pytest.approx(1 / v["shape_Sphericity"] - 1)
    assert v["firstorder_ExcessKurtosis"] == pytest.approx(v["firstorder_Kurtosis"] - 3)
    assert v["firstorder_IntegratedIntensity"] == pytest.approx(14 * v["shape_MeshVolume"])
    assert v["glcm_Dissimilarity"] == v["glcm_DifferenceAverage"]
    assert v["glcm_SumVariance"] == v["glcm_ClusterTendency"]
    assert v["gldm_GrayLevelNonUniformityNormalized"] == pytest.approx(v["firstorder_Uniformity"])


def test_a_single_voxel_has_no_sample_axis_and_no_pairs_but_zones() -> None:
    vector = measure(build_prepared([[[0, 0], [0, 5]]]))
    lacking = {name for name, value in vector.values.items() if value is None}
    assert "original_shape_SampleMajorAxisLength" in lacking
    assert {"original_glcm_Contrast", "original_ngtdm_Coarseness"} <= lacking
    assert vector.values["original_glszm_ZonePercentage"] == 1
    assert vector.values["original_shape_VoxelVolume"] == 1


def test_the_area_of_an_ellipsoid_is_exact_for_a_sphere_and_defined_for_a_plane() -> None:
    assert measure_ibsi_ellipsoid_area(3, 3, 3) == pytest.approx(36 * math.pi)
    assert measure_ibsi_ellipsoid_area(2, 1, 1) == pytest.approx(0.8075 * 21.4784, rel=1e-3)
    assert 0 < measure_ibsi_ellipsoid_area(2, 2, 0) < math.inf


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 3.1), (0.977, 0.977, 2.5), (1.0, 1.0, 1.0)])
def test_a_region_on_one_slice_of_an_oblique_image_has_no_volume_to_be_divided_by(
    spacing: tuple[float, float, float],
) -> None:
    voxels = np.random.default_rng(4).integers(0, 3, (1, 6, 7))
    c, s = math.cos(0.3), math.sin(0.3)
    grid = Grid((7, 6, 1), spacing, (-13.7, 91.3, 211.9), (c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0))
    tilted = Grid((7, 6, 1), spacing, (-13.7, 91.3, 211.9), (1.0, 0.0, 0.0, 0.0, c, -s, 0.0, s, c))
    for oblique in (grid, tilted):
        source = build_pair(voxels.astype(np.float64), voxels != 0, grid=oblique)
        pair = PreparedPair(source.image, source.mask, source.mask, ())
        assert value_of(pair, "shape", "VolumeDensityAEE") is None
        assert 0 < (value_of(pair, "shape", "AreaDensityAEE") or 0) < 10


def test_a_line_across_the_image_has_no_ellipsoid() -> None:
    pair = build_prepared(np.eye(5)[:, :, None] * np.eye(5)[:, None, :])
    assert value_of(pair, "shape", "AreaDensityAEE") is None
    assert value_of(pair, "shape", "SampleMajorAxisLength") == pytest.approx(4 * math.sqrt(7.5))


def test_shape_is_that_of_the_whole_drawn_mask() -> None:
    drawn, kept = np.zeros((5, 5, 5), np.bool_), np.zeros((5, 5, 5), np.bool_)
    drawn[1:4, 1:4, 1:4] = True
    kept[2, 2, 2:4] = True
    pair = build_prepared(np.full((5, 5, 5), 2), drawn, kept)
    classes = {"shape": ["VoxelVolume", "MeshVolume"], "firstorder": ["Energy", "IntegratedIntensity"]}
    vector = measure(pair, classes=classes)
    values = {name.removeprefix("original_"): value for name, value in vector.values.items()}
    assert (values["shape_VoxelVolume"], values["firstorder_Energy"]) == (27, 8)
    assert values["firstorder_IntegratedIntensity"] == pytest.approx(2 * (values["shape_MeshVolume"] or 0))
    assert vector.findings == ()


def test_a_mask_that_fills_the_image_has_a_closed_mesh() -> None:
    inner = np.zeros((4, 4, 4))
    inner[1:3, 1:3, 1:3] = 1
    values = [
        value_of(build_prepared(voxels), "shape", "MeshVolume") for voxels in (np.ones((2, 2, 2)), inner)
    ]
    assert values[0] == pytest.approx(values[1])


def test_too_many_grey_levels_leave_an_image_without_values() -> None:
    pair = build_prepared([[[1, 6000], [2, 3]]])
    vector = measure(pair, classes={"firstorder": ["Mean"], "glcm": ["Contrast"]})
    assert set(vector.values.values()) == {None}
    assert "its grey levels reach 6000, more than 5000" in vector.findings[0].sentence
    assert value_of(pair, "histogram", "Maximum") == 6000


def test_voxels_that_are_not_finite_leave_an_image_without_values() -> None:
    pair = build_prepared([[[1, np.nan], [2, 3]]], np.ones((1, 2, 2)))
    (finding,) = measure(pair, classes={"firstorder": []}).findings
    assert "1 of its 4 voxels in the ROI are not finite" in finding.sentence


def test_levels_beyond_counting_are_a_failure_that_says_so() -> None:
    pair = build_prepared([[[1, 1e300], [2, 3]]])
    with pytest.raises(ExtractionError, match="grey levels: a wider bin_width is needed"):
        measure(pair, classes={"histogram": []})


@pytest.mark.parametrize("aggregation", [Aggregation.SLICES_AVERAGED, Aggregation.SPACE_MERGED])
def test_filtered_images_are_measured_alike(aggregation: Aggregation) -> None:
    voxels = np.random.default_rng(1).normal(100, 20, (8, 8, 8))
    drawn = np.zeros((8, 8, 8), np.bool_)
    drawn[2:6, 2:6, 2:6] = True
    types = {name: {} for name in ("Wavelet", "Square", "Gradient", "LBP2D")}
    vector = measure(build_prepared(voxels, drawn), bin_width=10, image_types=types, aggregation=aggregation)
    assert [name for name, value in vector.values.items() if value is None] == []
    assert len(vector.grey_levels) == (7 if aggregation.within_slices else 11)


def test_a_catalogue_row_states_aggregation_and_discretisation_with_their_codes() -> None:
    settings = read(aggregation="2.5d_merged", bin_width=5)
    names = ["original_glrlm_RunEntropy", "original_ngtdm_Contrast", "original_histogram_Mean"]
    rows = [json.loads(str(row["image_parameters"])) for row in build_catalogue(names, settings)]
    shared = {"bin_width": 5.0, "discretisation_ibsi_code": "Q3RU"}
    flat = {"force_2d_axis": "z", "aggregation": "2.5d_merged"}
    assert rows == [
        {**shared, **flat, "aggregation_ibsi_code": "ZW7Z"},
        {**shared, **flat, "aggregation_ibsi_code": "62GR", "distances": [1]},
        shared,
    ]


def test_no_feature_of_the_default_deviates_and_by_name_the_deviation_is_said() -> None:
    settings = read()
    assert {row["ibsi_deviation"] for row in build_catalogue(plan_features(settings), settings)} == {None}
    names = ["original_firstorder_Kurtosis", "original_shape_MajorAxisLength"]
    assert all(row["ibsi_deviation"] for row in build_catalogue(names, settings))
    shifted = read(voxel_array_shift=5, symmetric_glcm=False)
    rows = build_catalogue(["original_firstorder_Energy", "original_glcm_Contrast"], shifted)
    assert all(row["ibsi_deviation"] for row in rows)


def test_catalogues_of_both_recipes_tell_the_same_feature_in_the_same_words() -> None:
    recipes = FeatureSettings(), read()
    rows = [{row["feature"]: row for row in build_catalogue(plan_features(s), s)} for s in recipes]
    shared = rows[0].keys() & rows[1].keys()
    assert len(shared) == 98
    same = ("code", "image_type", "family", "name", "ibsi_code", "unit", "description")
    assert [n for n in shared if [rows[0][n][c] for c in same] != [rows[1][n][c] for c in same]] == []


def test_codes_are_those_of_the_register() -> None:
    codes = [entry.code for entry in read_register().values()]
    assert len(set(codes)) == len(codes) == 148
