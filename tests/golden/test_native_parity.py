"""The native engine has PyRadiomics' values on real scans: those of its release, soft-tissue sarcomas,
IBSI's phantoms."""

from pathlib import Path
from typing import Any

import pytest
from phantom_scan import build_phantom
from reference import prepare, read_scan

from engine_pairs import find_unequal
from radfeat.prepare.settings import PrepareSettings

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SOFT_TISSUE = sorted((SHARED / "sts" / "nifti").glob("*/*_image.nii.gz"))
Settings = dict[str, Any]

EVERY: Settings = {name: [] for name in ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")}
THREE = {"Original": {}, "LoG": {"sigma_mm": [1.0, 3.0]}, "Wavelet": {}}
BY_MODALITY: dict[str, tuple[Settings, Settings]] = {
    "CT": ({}, {"bin_width": 25}),
    "MR_T1": ({"normalise": True, "normalise_scale": 100}, {"bin_width": 20}),
    "PET": ({}, {"bin_count": 32}),
}
WHOLE_RELEASE = ("brain1", "brain2", "breast1", "lung1", "lung2")


@pytest.mark.parametrize("scan", WHOLE_RELEASE)
def test_scans_of_the_release_have_pyradiomics_values(release_folder: Path, scan: str) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    pair = prepare(image, mask, PrepareSettings())
    assert find_unequal(pair, {"image_types": THREE, "classes": EVERY}) == []


@pytest.mark.parametrize("scan", ["brain1", "lung2"])
def test_resampled_scans_have_pyradiomics_values(release_folder: Path, scan: str) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    pair = prepare(image, mask, PrepareSettings(resampled_spacing_xyz_mm=(2.0, 2.0, 2.0)))
    images = {**THREE, "Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {}}
    assert find_unequal(pair, {"image_types": images, "classes": EVERY}) == []


@pytest.mark.needs_shared
@pytest.mark.parametrize("path", SOFT_TISSUE, ids=lambda p: f"{p.parent.name}-{p.name.split('_image')[0]}")
def test_soft_tissue_sarcomas_have_pyradiomics_values(path: Path) -> None:
    image, mask = read_scan(path, path.with_name(path.name.replace("_image", "_mask")))
    ours, features = BY_MODALITY[path.name.split("_image")[0]]
    pair = prepare(image, mask, PrepareSettings(resampled_spacing_xyz_mm=(3.0, 3.0, 3.0), **ours))
    images = {"Original": {}, "LoG": {"sigma_mm": [6.0]}}
    assert find_unequal(pair, {"image_types": images, "classes": EVERY, **features}) == []


SETTINGS: dict[str, tuple[str, Settings]] = {
    "distances, one direction, unlike neighbours": (
        "int16",
        {"distances": [1, 2], "symmetric_glcm": False, "gldm_alpha": 1, "voxel_array_shift": 1000},
    ),
    **{
        f"weighting {norm}": ("float32", {"weighting": norm})
        for norm in ("no_weighting", "euclidean", "manhattan", "infinity")
    },
    **{f"slices along {axis}": ("int16", {"force_2d": True, "force_2d_axis": axis}) for axis in "zyx"},
    "bin count": ("float64", {"bin_count": 32}),
    "bins of image types": (
        "int16",
        {"image_types": {"Original": {"bin_count": 8}, "Wavelet": {"bin_width": 7.5}}, "bin_width": 10},
    ),
    "images": (
        "int16",
        {
            "image_types": {
                "LoG": {"sigma_mm": [0.5, 2]},
                "Wavelet": {"wavelet": "db2", "level": 2, "start_level": 1},
                "Square": {},
                "SquareRoot": {"gldm_alpha": 2},
                "Logarithm": {},
                "Exponential": {"bin_count": 16},
                "Gradient": {"use_spacing": False},
                "LBP2D": {"radius": 2, "samples": 12, "method": "var", "bin_width": 500.0},
                "LBP3D": {"bin_width": 0.5},
            }
        },
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_have_pyradiomics_values(name: str) -> None:
    dtype, features = SETTINGS[name]
    image, mask = build_phantom(dtype)
    classes = {**EVERY, "shape2D": []} if features.get("force_2d") else EVERY
    pair = prepare(image, mask, PrepareSettings())
    assert find_unequal(pair, {"classes": classes, **features}) == []


@pytest.mark.parametrize(("axis", "shape_zyx"), [("z", (1, 12, 14)), ("y", (9, 1, 23)), ("x", (9, 12, 1))])
def test_a_region_on_one_slice_has_pyradiomics_2d_shape(axis: str, shape_zyx: tuple[int, int, int]) -> None:
    image, mask = build_phantom("int16", slab_zyx=shape_zyx)
    features = {"force_2d": True, "force_2d_axis": axis, "classes": {"shape": [], "shape2D": [], "glcm": []}}
    assert find_unequal(prepare(image, mask, PrepareSettings()), features) == []


def test_shape_of_a_resegmented_region_is_cut_alike() -> None:
    image, mask = build_phantom("int16")
    pair = prepare(image, mask, PrepareSettings(resegment_range=(50, 180)))
    assert find_unequal(pair, {"classes": EVERY}) == []
