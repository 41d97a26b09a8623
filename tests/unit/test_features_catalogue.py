"""The catalogue: order, codes, parameters, deviations from IBSI."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Modality
from radfeat.features.catalogue import build_catalogue, order_features, parse_feature
from radfeat.features.planned_images import plan_features
from radfeat.features.settings import FeatureSettings
from radfeat.tables.schemas import FEATURE_CATALOGUE


def describe(name: str, **given: object) -> dict[str, Any]:
    (row,) = build_catalogue([name], FeatureSettings.model_validate(given))
    return row


def test_a_row_says_what_a_feature_is() -> None:
    row = describe("original_glcm_Contrast", bin_width=10, distances=[1, 2])
    assert set(row) == set(FEATURE_CATALOGUE.column_names)
    assert row["code"] == "ORIGCCON"
    assert (row["image_type"], row["family"], row["name"]) == ("original", "glcm", "Contrast")
    assert (row["ibsi_code"], row["unit"]) == ("ACUI", "1")
    assert json.loads(row["image_parameters"]) == {
        "bin_width": 10.0,
        "distances": [1, 2],
        "symmetric_glcm": True,
        "weighting": "none",
    }


def test_parameters_are_those_of_the_image_and_its_overrides() -> None:
    types = {"LoG": {"sigma_mm": [2], "bin_count": 8}, "Wavelet": {"level": 2, "force_2d": True}}
    log = describe("log-sigma-2-mm-3D_firstorder_Entropy", image_types=types)
    assert json.loads(log["image_parameters"]) == {"sigma_mm": 2, "bin_count": 8}
    wavelet = describe("wavelet2-LH_glszm_ZoneEntropy", image_types=types)
    assert json.loads(wavelet["image_parameters"]) == {
        "wavelet": "coif1",
        "band": "LH",
        "level": 2,
        "start_level": 0,
        "bin_width": 25.0,
        "force_2d_axis": "z",
    }


def test_features_of_the_mask_have_no_bins() -> None:
    assert describe("original_shape_Sphericity")["image_parameters"] == "{}"


@pytest.mark.parametrize(
    ("name", "given", "deviation"),
    [
        ("original_firstorder_Kurtosis", {}, "excess"),
        ("original_shape_MajorAxisLength", {}, "n - 1"),
        ("original_glcm_Contrast", {}, "lower bound of re-segmentation"),
        ("original_glcm_Contrast", {"bin_count": 32}, None),
        ("original_glcm_Contrast", {"bin_count": 32, "weighting": "euclidean"}, "weighted by their length"),
        ("original_glcm_Contrast", {"bin_count": 32, "symmetric_glcm": False}, "one direction only"),
        ("original_glszm_ZoneEntropy", {"bin_count": 32, "weighting": "euclidean"}, None),
        ("original_firstorder_Energy", {}, None),
        ("original_firstorder_Energy", {"voxel_array_shift": 1000}, "shifted by 1000"),
        ("original_firstorder_Mean", {"voxel_array_shift": 1000}, None),
        ("original_glcm_MCC", {}, None),
    ],
)
def test_deviations_from_ibsi_follow_the_settings(
    name: str, given: dict[str, object], deviation: str | None
) -> None:
    found = describe(name, **given)["ibsi_deviation"]
    assert found is None if deviation is None else deviation in found


def test_order_is_image_then_family_then_register() -> None:
    names = [
        "original_shape_MeshVolume",
        "original_firstorder_10Percentile",
        "original_firstorder_Variance",
        "original_glcm_Autocorrelation",
        "log-sigma-1-0-mm-3D_firstorder_Mean",
        "log-sigma-3-0-mm-3D_firstorder_Mean",
        "wavelet-LLH_firstorder_Mean",
        "wavelet-HHH_firstorder_Mean",
    ]
    assert order_features(sorted(names)) == names


@pytest.mark.parametrize("name", ["original_glcm_Sharpness", "original_glm_Contrast", "original", "age", ""])
def test_what_is_no_feature_is_refused(name: str) -> None:
    with pytest.raises(TableError, match="not the name of a feature"):
        parse_feature(name)


def test_an_image_that_the_settings_do_not_measure_is_refused() -> None:
    with pytest.raises(TableError, match="do not measure this image"):
        describe("square_glcm_Contrast")


def test_every_planned_feature_has_a_row_with_its_own_code() -> None:
    types: dict[str, object] = {
        name: {}
        for name in (
            *("Original", "LoG", "Wavelet", "Square", "SquareRoot", "Logarithm", "Exponential"),
            *("Gradient", "LBP2D", "LBP3D"),
        )
    }
    settings = FeatureSettings.model_validate({"image_types": types})
    rows = build_catalogue(plan_features(settings), settings)
    assert len(rows) == 14 + (1 + 5 + 8 + 6 + 3) * 93
    assert len({row["code"] for row in rows}) == len(rows)
    assert all(row["description"] and row["unit"] for row in rows)


# -- by modality ---------------------------------------------------------------------------------------------

OF_PET_AND_MR = {"PT": {"bin_width": 0.5}, "MR": {"bin_count": 32, "voxel_array_shift": 100}}
CT_AND_PET = (Modality.PT, Modality.CT, Modality.PT)


def describe_for(name: str, modalities: Sequence[Modality], **given: object) -> dict[str, Any]:
    settings = FeatureSettings.model_validate({"by_modality": OF_PET_AND_MR, **given})
    (row,) = build_catalogue([name], settings, modalities)
    return {**row, "image_parameters": json.loads(row["image_parameters"])}


def test_parameters_that_differ_are_said_by_modality() -> None:
    row = describe_for("original_gldm_DependenceEntropy", (*CT_AND_PET, Modality.MR))
    assert row["image_parameters"] == {
        "distances": [1],
        "gldm_alpha": 0,
        "by_modality": {"CT": {"bin_width": 25.0}, "MR": {"bin_count": 32}, "PT": {"bin_width": 0.5}},
    }


def test_modalities_that_are_not_there_are_not_said() -> None:
    name = "original_firstorder_Entropy"
    assert describe_for(name, [Modality.PT])["image_parameters"] == {"bin_width": 0.5}
    assert describe_for(name, [Modality.CT, Modality.US])["image_parameters"] == {"bin_width": 25.0}
    assert describe_for(name, [])["image_parameters"] == {"bin_width": 25.0}


def test_deviations_that_do_not_hold_for_all_are_said_by_modality() -> None:
    bins = (
        "Bins start at multiples of the bin width and are counted from the ROI's least; IBSI starts and "
        "counts them at the lower bound of re-segmentation."
    )
    lone = describe("original_glrlm_RunEntropy", bin_count=8)["ibsi_deviation"]
    row = describe_for("original_glrlm_RunEntropy", [Modality.MR, Modality.CT])
    assert row["ibsi_deviation"] == f"{lone} CT: {bins}"
    assert describe_for("original_glrlm_RunEntropy", CT_AND_PET)["ibsi_deviation"] == f"{bins} {lone}"
    assert describe_for("original_glcm_Contrast", [Modality.MR])["ibsi_deviation"] is None
    energy = describe_for("original_firstorder_Energy", [Modality.CT, Modality.MR])
    assert energy["image_parameters"] == {
        "by_modality": {"CT": {"voxel_array_shift": 0}, "MR": {"voxel_array_shift": 100}}
    }
    assert energy["ibsi_deviation"] == "MR: Intensities are shifted by 100 first; IBSI does not."


def test_ibsi_codes_of_the_discretisation_differ_with_it() -> None:
    row = describe_for("original_histogram_Mean", [Modality.CT, Modality.MR], recipe="ibsi")
    assert row["image_parameters"] == {
        "by_modality": {
            "CT": {"bin_width": 25.0, "discretisation_ibsi_code": "Q3RU"},
            "MR": {"bin_count": 32, "discretisation_ibsi_code": "K15C"},
        }
    }


def test_all_modalities_alike_have_the_catalogue_of_one() -> None:
    settings = FeatureSettings()
    names = plan_features(settings)
    assert build_catalogue(names, settings, list(Modality)) == build_catalogue(names, settings)
