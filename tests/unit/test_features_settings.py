"""Feature settings: what is taken, what is refused, and what they ask for."""

import pytest
from pydantic import ValidationError

from radfeat.features.as_pyradiomics import build_image_arguments, features_to_pyradiomics
from radfeat.features.planned_images import plan_features, plan_images, resolve_settings
from radfeat.features.settings import FeatureSettings


def read(**given: object) -> FeatureSettings:
    return FeatureSettings.model_validate(given)


def test_the_defaults_are_pyradiomics_107_features_of_the_original_image() -> None:
    names = plan_features(FeatureSettings())
    assert len(names) == len(set(names)) == 107
    assert names[0] == "original_shape_MeshVolume"
    assert all(name.startswith("original_") for name in names)
    assert FeatureSettings().bin_width == 25


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bin_width": 5, "bin_count": 32}, "either bin_width or bin_count"),
        ({"bin_width": None}, "either bin_width or bin_count"),
        ({"bin_width": 0}, "greater than 0"),
        ({"bin_width": float("inf")}, "finite"),
        ({"binWidth": 5}, "Extra inputs"),
        ({"classes": {}}, "no feature class is named"),
        ({"classes": {"glcm": ["Contrst"]}}, "glcm has no feature Contrst: write Contrast"),
        ({"classes": {"glcm": ["Homogeneity1"]}}, "yields no value any more, as it is equal to Id"),
        ({"classes": {"shape2D": []}}, "classes.shape2D needs force_2d"),
        ({"image_types": {}}, "no image type is named"),
        ({"image_types": {"LoG": {"sigma_mm": []}}}, "at least one number"),
        ({"image_types": {"LoG": {"sigma_mm": [0]}}}, "between 0.001 and 46.655"),
        ({"image_types": {"LoG": {"sigma_mm": [0.0005]}}}, "between 0.001 and 46.655"),
        ({"image_types": {"LoG": {"sigma_mm": [1.00001]}}}, "multiple of 0.001"),
        ({"image_types": {"LoG": {"sigma_mm": [2, 2.0]}}}, "twice"),
        ({"image_types": {"Wavelet": {"wavelet": "mexh"}}}, "not a discrete wavelet"),
        ({"image_types": {"Original": {"bin_width": 1, "bin_count": 8}}}, "exclude each other"),
    ],
)
def test_wrong_settings_are_refused_with_the_reason(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(**given)


def test_every_wrong_feature_name_is_told_at_once() -> None:
    with pytest.raises(ValidationError, match=r"glcm has no feature Bad.*ngtdm has no feature Worse"):
        read(classes={"glcm": ["Bad"], "ngtdm": ["Worse"]})


def test_a_bin_count_replaces_the_default_width() -> None:
    assert read(bin_count=32).bin_width is None


def test_shape_alone_needs_no_image_type() -> None:
    assert len(plan_features(read(classes={"shape": []}, image_types={}))) == 14


def test_planned_wavelets_have_one_approximation_at_the_last_level() -> None:
    names = list(plan_images(read(image_types={"Wavelet": {"level": 2}})))
    assert len(names) == 15
    assert [name for name in names if name.endswith("-LLL")] == ["wavelet2-LLL"]


def test_wavelets_within_slices_have_four_bands() -> None:
    flat = read(image_types={"Wavelet": {"force_2d": True}, "Original": {}})
    assert sorted(plan_images(flat)) == ["original", "wavelet-HH", "wavelet-HL", "wavelet-LH", "wavelet-LL"]


def test_an_image_type_overrides_width_by_count_and_count_by_width() -> None:
    settings = read(bin_width=5, image_types={"Original": {"bin_count": 8}, "Square": {}})
    resolved = {
        name: resolve_settings(settings, image) for name, image in settings.image_types.enabled.items()
    }
    assert (resolved["Original"].bin_width, resolved["Original"].bin_count) == (None, 8)
    assert (resolved["Square"].bin_width, resolved["Square"].bin_count) == (5, None)
    counted = read(bin_count=16, image_types={"Square": {"bin_width": 3}})
    arguments = build_image_arguments(counted, counted.image_types.enabled["Square"])
    assert (arguments["binWidth"], arguments["binCount"]) == (3, None)


def test_settings_in_pyradiomics_words() -> None:
    settings = read(
        force_2d=True,
        force_2d_axis="x",
        weighting="euclidean",
        classes={"glcm": ["Contrast"], "shape2D": []},
        image_types={"LoG": {"sigma_mm": [1, 2.5]}, "LBP2D": {"method": "ror", "weighting": "none"}},
    )
    assert features_to_pyradiomics(settings) == {
        "imageType": {
            "LoG": {"sigma": [1, 2.5]},
            "LBP2D": {
                "weightingNorm": None,
                "lbp2DRadius": 1.0,
                "lbp2DSamples": 8,
                "lbp2DMethod": "ror",
            },
        },
        "featureClass": {"shape2D": [], "glcm": ["Contrast"]},
        "setting": {
            "binWidth": 25.0,
            "binCount": None,
            "voxelArrayShift": 0,
            "distances": [1],
            "weightingNorm": "euclidean",
            "symmetricalGLCM": True,
            "gldm_a": 0,
            "force2D": True,
            "force2Ddimension": 2,
        },
    }
