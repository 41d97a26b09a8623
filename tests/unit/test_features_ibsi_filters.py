"""The filters of the recipe ``ibsi``: kernels, borders, rotations, settings, and what the catalogue says."""

import json
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydantic import ValidationError

from radfeat.features.catalogue import build_catalogue
from radfeat.features.engines.ibsi_filters import (
    FILTERS,
    build_filter_arguments,
    explain_absent_log,
    filter_log,
    filter_wavelets,
    sample_gaussian,
)
from radfeat.features.image_types import Boundary, LogImage, WaveletImage
from radfeat.features.planned_images import plan_images
from radfeat.features.settings import FeatureSettings

Array = np.ndarray[Any, Any]


def make_noise(shape: tuple[int, int, int] = (9, 10, 11)) -> Array:
    return np.random.default_rng(7).normal(size=shape)


def test_a_gaussian_is_cut_at_whole_voxels_and_its_second_derivative_sums_to_nothing() -> None:
    gaussian, second = sample_gaussian(1.5, 4)
    assert gaussian.size == second.size == 2 * 6 + 1
    assert gaussian[6] == pytest.approx(1 / (1.5 * np.sqrt(2 * np.pi)))
    assert second[6] == pytest.approx(-gaussian[6] / 1.5**2)
    assert second.sum() == pytest.approx(0, abs=1e-3)


def test_the_log_of_a_paraboloid_is_its_laplacian_per_voxel() -> None:
    """The second derivative of x squared is 2; on voxels of 2 mm, x in mm, that is 8 per voxel squared."""
    x = 2.0 * (np.arange(41) - 20)
    voxels = np.broadcast_to(x**2, (41, 41, 41))
    found = filter_log(voxels, (2, 2, 2), 4, truncate_sd=6)
    assert found[20, 20, 20] == pytest.approx(8, rel=1e-4)


def test_the_log_on_unequal_edges_is_the_same_along_each_axis() -> None:
    """Edges of 1, 1 and 8 mm have the mean 2 mm: the 2 per mm squared of x squared are 8 along any axis."""
    centred = [edge * (np.arange(n) - n // 2) for n, edge in ((15, 8.0), (101, 1.0), (101, 1.0))]
    axes = np.meshgrid(*centred, indexing="ij")
    found = [filter_log(axis**2, (8, 1, 1), 8, truncate_sd=6)[7, 50, 50] for axis in axes]
    assert found == pytest.approx([8, 8, 8], rel=1e-4)


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        (Boundary.MIRROR, [1 + 2 - 4 - 4, 2 + 4 - 4 - 2, 4 + 4 - 2 - 1]),
        (Boundary.NEAREST, [1 + 2 - 4 - 4, 2 + 4 - 4 - 4, 4 + 4 - 4 - 4]),
        (Boundary.ZERO, [1 + 2 - 4 - 0, 2 + 4 - 0 - 0, 4 + 0 - 0 - 0]),
        (Boundary.PERIODIC, [1 + 2 - 4 - 1, 2 + 4 - 1 - 2, 4 + 1 - 2 - 4]),
    ],
)
def test_the_boundary_decides_what_follows_the_last_voxel(boundary: Boundary, expected: list[int]) -> None:
    """Haar's second level is half of a voxel and the next, less the two that follow."""
    voxels = np.array([[[1.0, 2, 4]]])
    high = dict(filter_wavelets(voxels, "haar", 2, (2,), boundary))["H"]
    assert 2 * high[0, 0] == pytest.approx(np.array(expected))


def test_the_first_letter_of_a_band_is_along_x() -> None:
    voxels = np.broadcast_to((-1.0) ** np.arange(8), (8, 8, 8))
    bands = dict(filter_wavelets(voxels, "haar", 1, boundary=Boundary.PERIODIC))
    assert [band for band, response in bands.items() if np.abs(response).max() > 1e-9] == ["HLL"]


@pytest.mark.parametrize("axes", [(2, 1, 0), (2, 1)])
def test_a_turned_image_has_a_turned_response_where_rotations_are_averaged(axes: tuple[int, ...]) -> None:
    voxels = make_noise((9, 9, 9))
    for turn in [(1, 2)] + [(0, 1), (0, 2)] * (len(axes) == 3):
        plain = dict(filter_wavelets(voxels, "db3", 2, axes, rotation_invariant=True))
        turned = dict(filter_wavelets(np.rot90(voxels, axes=turn), "db3", 2, axes, rotation_invariant=True))
        assert list(plain) == (["LLL", "LLH", "LHH", "HHH"] if len(axes) == 3 else ["LL", "LH", "HH"])
        for band, response in plain.items():
            np.testing.assert_allclose(turned[band], np.rot90(response, axes=turn), atol=1e-12)


def test_the_average_over_rotations_is_that_of_24_turned_images() -> None:
    voxels, total, turns = make_noise((7, 7, 7)), np.zeros((7, 7, 7)), 0
    for first in [(0, (0, 1)), (1, (0, 2)), (2, (0, 2)), (3, (0, 2)), (1, (0, 1)), (3, (0, 1))]:
        for second in range(4):
            turned = np.rot90(np.rot90(voxels, first[0], first[1]), second, (1, 2))
            band = dict(filter_wavelets(turned, "db2", 1))["LLH"]
            total += np.rot90(np.rot90(band, -second, (1, 2)), -first[0], first[1])
            turns += 1
    averaged = dict(filter_wavelets(voxels, "db2", 1, rotation_invariant=True))["LLH"]
    assert turns == 24
    np.testing.assert_allclose(averaged, total / turns, atol=1e-12)


@pytest.mark.parametrize("boundary", list(Boundary))
@pytest.mark.parametrize("place", [(slice(0, 2), slice(3, 5), slice(20, 24)), (slice(12, 14),) * 3])
@pytest.mark.parametrize("flat", [True, False])
def test_the_neighbourhood_of_a_mask_is_enough(
    boundary: Boundary, place: tuple[slice, ...], flat: bool
) -> None:
    voxels = make_noise((26, 25, 24))
    inside = np.zeros(voxels.shape, dtype=np.uint8)
    inside[place] = 1
    image, mask = sitk.GetImageFromArray(voxels), sitk.GetImageFromArray(inside)
    given = {"boundary": boundary, "force2D": flat, "force2Ddimension": 0}
    for name, own in {"LoG": {"sigma": [1.5]}, "Wavelet": {"wavelet": "db3", "level": 2}}.items():
        near = list(FILTERS[name](image, mask, **given, **own))
        whole = list(FILTERS[name](image, None, **given, **own))
        assert [n for _, n, _ in near] == [n for _, n, _ in whole]
        for (some, *_), (everything, *_) in zip(near, whole, strict=True):
            found = sitk.GetArrayFromImage(some)
            np.testing.assert_allclose(found[place], sitk.GetArrayFromImage(everything)[place], atol=1e-12)
            assert boundary is Boundary.PERIODIC or np.isnan(found[-1, -1, 0])


def test_names_of_images_are_those_that_are_planned() -> None:
    types = {
        "LoG": {"sigma_mm": [1.5, 2]},
        "Wavelet": {"level": 2, "wavelet": "haar", "rotation_invariant": True},
    }
    for aggregation in ("3d_averaged", "2d_averaged"):
        settings = FeatureSettings.model_validate(
            {"recipe": "ibsi", "image_types": types, "aggregation": aggregation}
        )
        image = sitk.GetImageFromArray(make_noise())
        given = {"sigma": [1.5, 2], "wavelet": "haar", "level": 2, "rotation_invariant": True}
        given |= {"force2D": aggregation != "3d_averaged", "force2Ddimension": 0}
        names = [name for f in FILTERS.values() for _, name, _ in f(image, None, **given)]
        assert sorted(names) == sorted(plan_images(settings))


def test_a_sigma_too_narrow_for_the_voxels_has_no_image_and_a_reason() -> None:
    image = sitk.GetImageFromArray(make_noise())
    image.SetSpacing((1, 1, 4))
    assert [n for _, n, _ in FILTERS["LoG"](image, None, sigma=[0.5, 2.0, 3.0])] == ["log-sigma-3-0-mm-3D"]
    assert "an edge of 4 mm, where a sigma of 2 mm allows 2.67 mm" in explain_absent_log(image, 2.0)
    assert explain_absent_log(image, 2.0, (2, 1)) == ""


def test_filters_get_what_their_settings_give_and_no_more() -> None:
    assert build_filter_arguments(LogImage()) == {}
    given = WaveletImage(boundary=Boundary.ZERO, rotation_invariant=True)
    assert build_filter_arguments(given) == {"boundary": Boundary.ZERO, "rotation_invariant": True}


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("LoG", {"truncate_sd": 3}),
        ("LoG", {"boundary": "zero"}),
        ("Wavelet", {"boundary": "mirror"}),
        ("Wavelet", {"rotation_invariant": True}),
    ],
)
def test_settings_of_these_filters_belong_to_the_recipe(name: str, own: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=rf"{name}\.{next(iter(own))} belong"):
        FeatureSettings.model_validate({"image_types": {name: own}})
    FeatureSettings.model_validate({"recipe": "ibsi", "image_types": {name: own}})


@pytest.mark.parametrize(
    ("recipe", "feature", "said"),
    [
        ("ibsi", "log-sigma-2-mm-3D_firstorder_Mean", None),
        ("ibsi", "wavelet2-HHH_firstorder_Mean", None),
        ("ibsi", "square_firstorder_Mean", "no such image filter"),
        ("pyradiomics", "square_firstorder_Mean", "no such image filter"),
        ("pyradiomics", "log-sigma-2-mm-3D_firstorder_Mean", "2.27 times"),
        ("pyradiomics", "wavelet-HHH_firstorder_Mean", "1.04 times"),
        ("pyradiomics", "wavelet2-HHH_firstorder_Mean", "0.091 times"),
        ("pyradiomics", "original_firstorder_Mean", None),
    ],
)
def test_the_catalogue_says_how_far_a_filter_is_from_ibsi(
    recipe: str, feature: str, said: str | None
) -> None:
    types = {"Original": {}, "LoG": {"sigma_mm": [2]}, "Wavelet": {"level": 2}, "Square": {}}
    settings = FeatureSettings.model_validate({"recipe": recipe, "image_types": types})
    found = build_catalogue([feature], settings)[0]["ibsi_deviation"]
    assert found is None if said is None else said in str(found)


def test_the_catalogue_has_the_filters_parameters_and_code() -> None:
    types = {"LoG": {"sigma_mm": [2]}}
    settings = FeatureSettings.model_validate({"recipe": "ibsi", "image_types": types})
    (row,) = build_catalogue(["log-sigma-2-mm-3D_firstorder_Mean"], settings)
    assert json.loads(str(row["image_parameters"])) == {
        "sigma_mm": 2,
        "truncate_sd": 4.0,
        "boundary": "mirror",
        "filter_dimensions": 3,
        "filter_ibsi_code": "L6PA",
    }
