"""The native engine has PyRadiomics' values on real scans: those of its release, soft-tissue sarcomas,
IBSI's phantoms."""

from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
from phantom_scan import build_phantom
from reference import prepare, read_scan

from engine_pairs import find_unequal, find_unequal_in_runs
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
LONG = pytest.mark.exhaustive
WHOLE_RELEASE = (
    "brain1",
    "brain2",
    "breast1",
    *(pytest.param(name, marks=LONG) for name in ("lung1", "lung2")),
)
ROUTINE_SUBJECTS = ("STS_001", "STS_005")
SARCOMAS = [
    pytest.param(
        path,
        id=f"{path.parent.name}-{path.name.split('_image')[0]}",
        marks=[] if path.parent.name in ROUTINE_SUBJECTS else LONG,
    )
    for path in SOFT_TISSUE
]


@pytest.mark.parametrize("scan", WHOLE_RELEASE)
def test_scans_of_the_release_have_pyradiomics_values(release_folder: Path, scan: str) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    pair = prepare(image, mask, PrepareSettings())
    assert find_unequal(pair, {"image_types": THREE, "classes": EVERY}) == []


@pytest.mark.parametrize("scan", ["brain1", pytest.param("lung2", marks=LONG)])
def test_resampled_scans_have_pyradiomics_values(release_folder: Path, scan: str) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    pair = prepare(image, mask, PrepareSettings(resampled_spacing_xyz_mm=(2.0, 2.0, 2.0)))
    images = {**THREE, "Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {}}
    assert find_unequal(pair, {"image_types": images, "classes": EVERY}) == []


@pytest.mark.needs_shared
@pytest.mark.parametrize("path", SARCOMAS)
def test_soft_tissue_sarcomas_have_pyradiomics_values(path: Path) -> None:
    image, mask = read_scan(path, path.with_name(path.name.replace("_image", "_mask")))
    ours, features = BY_MODALITY[path.name.split("_image")[0]]
    pair = prepare(image, mask, PrepareSettings(resampled_spacing_xyz_mm=(3.0, 3.0, 3.0), **ours))
    images = {"Original": {}, "LoG": {"sigma_mm": [6.0]}}
    assert find_unequal(pair, {"image_types": images, "classes": EVERY, **features}) == []


@pytest.mark.parametrize("scan", ["brain1", pytest.param("lung2", marks=LONG)])
def test_runs_that_resample_near_the_roi_have_pyradiomics_values(release_folder: Path, scan: str) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    ours, images = PrepareSettings(resampled_spacing_xyz_mm=(1.0, 1.0, 1.0)), {"Original": {}, "Wavelet": {}}
    assert find_unequal_in_runs(image, mask, ours, {"image_types": images, "classes": EVERY}) == []
    floats = sitk.Cast(image, sitk.sitkFloat32)
    assert find_unequal_in_runs(floats, mask, ours, {"classes": EVERY}) == []


@pytest.mark.needs_shared
@pytest.mark.parametrize(
    ("phantom", "spacing_mm", "bin_width"),
    [("digital", None, 1), ("digital", 1.5, 1), ("ct", 2.0, 25), pytest.param("ct", None, 25, marks=LONG)],
)
def test_phantoms_of_ibsi_have_pyradiomics_values(
    phantom: str, spacing_mm: float | None, bin_width: float
) -> None:
    folder = SHARED / "ibsi1" / f"{phantom}_phantom" / "nifti"
    image, mask = read_scan(folder / "image" / "phantom.nii.gz", folder / "mask" / "mask.nii.gz")
    spacing = None if spacing_mm is None else (spacing_mm,) * 3
    settings = PrepareSettings(resampled_spacing_xyz_mm=spacing)
    features = {"bin_width": bin_width, "classes": EVERY}
    assert find_unequal_in_runs(image, mask, settings, features) == []


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
