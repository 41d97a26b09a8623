"""Every value equals PyRadiomics' own ``execute`` on image and mask as read, with the same settings.

What holds on the machine that these tests were written on is equality to the last bit; what is asserted is
1e-12 relative, for other compilers' sake.
"""

from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
from phantom_scan import build_phantom
from reference import build_parameters, execute, find_differences, measure, read_scan

from radfeat.config.parameter_file import read_parameter_file
from radfeat.features.image_types import SliceAxis
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.settings import PrepareSettings

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
Settings = dict[str, Any]

WHOLE = {"Original": {}, "LoG": {"sigma_mm": [1.0, 2.0, 3.0]}, "Wavelet": {}}
ALL_BUT_LBP_3D = {
    "Original": {},
    "LoG": {"sigma_mm": [0.5, 2]},
    "Wavelet": {"bin_width": 10.0},
    "Square": {},
    "SquareRoot": {},
    "Logarithm": {},
    "Exponential": {"bin_count": 16},
    "Gradient": {},
    "LBP2D": {"bin_width": 1.0},
}


def assert_equal(image: sitk.Image, mask: sitk.Image, prepare: Settings, features: Settings) -> None:
    ours, theirs = PrepareSettings.model_validate(prepare), FeatureSettings.model_validate(features)
    wanted = execute(image, mask, build_parameters(ours, theirs))
    vector = measure(image, mask, ours, theirs)
    assert len(wanted) > 10
    assert find_differences(vector.values, wanted) == []


@pytest.mark.requirement("R-FEAT-3")
@pytest.mark.parametrize(
    ("scan", "prepare", "image_types"),
    [
        ("brain1", {}, WHOLE),
        ("brain2", {}, WHOLE),
        ("breast1", {}, WHOLE),
        ("lung1", {}, WHOLE),
        ("lung2", {}, WHOLE),
        ("lung1", {"crop_first": True, "pad_voxels": 12}, WHOLE),
        ("lung2", {"crop_first": True, "pad_voxels": 12}, WHOLE),
        ("lung2", {"resampled_spacing_xyz_mm": [2, 2, 2]}, WHOLE),
    ],
)
def test_scans_of_the_release_have_pyradiomics_values(
    release_folder: Path, scan: str, prepare: Settings, image_types: Settings
) -> None:
    data = release_folder / "data"
    image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
    assert_equal(image, mask, prepare, {"image_types": image_types})


@pytest.mark.parametrize(
    "name",
    ["Params", "exampleCT", "exampleMR_3mm", "exampleMR_5mm", "exampleMR_NoResampling", "example_allShape"],
)
def test_parameter_files_of_the_release_are_taken_as_they_are(release_folder: Path, name: str) -> None:
    path = release_folder / "examples" / "exampleSettings" / f"{name}.yaml"
    data = release_folder / "data"
    image, mask = read_scan(data / "brain2_image.nrrd", data / "brain2_label.nrrd")
    given = read_parameter_file(path)
    wanted = execute(image, mask, str(path))
    assert len(wanted) > 10
    assert find_differences(measure(image, mask, given.prepare, given.features).values, wanted) == []


SETTINGS: dict[str, tuple[str, Settings, Settings]] = {
    "every image type": ("float32", {}, {"image_types": ALL_BUT_LBP_3D}),
    "every image type, integers": ("int16", {}, {"image_types": ALL_BUT_LBP_3D}),
    "slices along z": ("int16", {}, {"image_types": ALL_BUT_LBP_3D, "force_2d": True}),
    "slices along y": ("int16", {}, {"image_types": ALL_BUT_LBP_3D, "force_2d": True, "force_2d_axis": "y"}),
    "slices along x": (
        "float64",
        {},
        {"image_types": ALL_BUT_LBP_3D, "force_2d": True, "force_2d_axis": "x"},
    ),
    "slices on one image type": (
        "int16",
        {},
        {"image_types": {"Original": {}, "Wavelet": {"force_2d": True, "force_2d_axis": "x"}}},
    ),
    "bin count": ("int16", {}, {"bin_count": 32, "image_types": {"Original": {}, "LoG": {"bin_width": 7.5}}}),
    "wavelet levels": (
        "float32",
        {},
        {"image_types": {"Wavelet": {"wavelet": "db2", "level": 2, "start_level": 1}}, "bin_width": 200},
    ),
    "gradient per voxel": ("int16", {}, {"image_types": {"Gradient": {"use_spacing": False}}}),
    "binary patterns": (
        "int16",
        {},
        {"image_types": {"LBP2D": {"radius": 2, "samples": 12, "method": "var", "bin_width": 500.0}}},
    ),
    "matrices": (
        "int16",
        {},
        {"distances": [1, 2], "symmetric_glcm": False, "gldm_alpha": 1, "voxel_array_shift": 1000},
    ),
    "matrices of one image type": (
        "int16",
        {},
        {
            "image_types": {
                "Original": {"distances": [2], "weighting": "no_weighting", "voxel_array_shift": 5},
                "SquareRoot": {"symmetric_glcm": False, "gldm_alpha": 2, "bin_count": 8},
            }
        },
    ),
    **{
        f"weighting {norm}": ("int16", {}, {"weighting": norm})
        for norm in ("no_weighting", "euclidean", "manhattan", "infinity")
    },
    "features by name": (
        "int16",
        {},
        {
            "classes": {
                "shape": ["Compactness1", "Compactness2", "SphericalDisproportion", "Elongation"],
                "firstorder": ["StandardDeviation", "Mean", "90Percentile", "10Percentile"],
                "glcm": ["MCC", "Imc2", "Contrast"],
                "gldm": ["DependenceVariance"],
            }
        },
    ),
    "normalised": ("int16", {"normalise": True}, {"bin_width": 0.1}),
    "normalised, clipped, scaled": (
        "float32",
        {"normalise": True, "normalise_scale": 100, "outlier_sd": 1.5},
        {"bin_width": 5, "voxel_array_shift": 300},
    ),
    "resampled finer": ("int16", {"resampled_spacing_xyz_mm": [1, 1, 1]}, {"image_types": WHOLE}),
    "resampled coarser": ("float32", {"resampled_spacing_xyz_mm": [2.5, 2.5, 5], "pad_voxels": 2}, {}),
    "resampled in the slice": ("float64", {"resampled_spacing_xyz_mm": [1, 1, 0]}, {}),
    "resampled to its own spacing": (
        "int16",
        {"resampled_spacing_xyz_mm": [1.25, 1.5, 3]},
        {"image_types": WHOLE},
    ),
    **{
        f"resampled, {interpolator}": (
            "int16",
            {"resampled_spacing_xyz_mm": [1, 1, 1], "interpolator": interpolator},
            {"classes": {"firstorder": [], "shape": []}},
        )
        for interpolator in ("nearest", "linear", "gaussian", "lanczos_windowed_sinc")
    },
    "cropped first": ("int16", {"crop_first": True, "pad_voxels": 3}, {"image_types": WHOLE}),
    "re-segmented": ("int16", {"resegment_range": [50, 250]}, {"image_types": {"Original": {}, "LoG": {}}}),
    "re-segmented from below": ("float32", {"resegment_range": [80.5]}, {}),
    "re-segmented by the maximum": (
        "int16",
        {"resegment_range": [0.4, 0.9], "resegment_mode": "relative", "resegment_shape": True},
        {},
    ),
    "re-segmented by deviations": (
        "float32",
        {"resegment_range": [-1, 1], "resegment_mode": "sigma", "resampled_spacing_xyz_mm": [1, 1, 1]},
        {},
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_have_pyradiomics_values(name: str) -> None:
    dtype, prepare, features = SETTINGS[name]
    image, mask = build_phantom(dtype)
    assert_equal(image, mask, prepare, features)


@pytest.mark.parametrize(("axis", "shape_zyx"), [("z", (1, 12, 14)), ("x", (9, 12, 1))])
def test_a_region_on_one_slice_has_pyradiomics_2d_shape(axis: str, shape_zyx: tuple[int, int, int]) -> None:
    image, mask = build_phantom("int16", slab_zyx=shape_zyx)
    classes = {"shape2D": ["Perimeter", "SphericalDisproportion", "Elongation", "MaximumDiameter"]}
    assert_equal(
        image, mask, {}, {"force_2d": True, "force_2d_axis": axis, "classes": {**classes, "shape": []}}
    )
    every: Settings = {"force_2d": True, "force_2d_axis": axis, "classes": {"shape2D": [], "glcm": []}}
    assert_equal(image, mask, {}, every)


def test_2d_shape_across_y_is_that_of_the_turned_region_though_pyradiomics_skips_it() -> None:
    image, mask = build_phantom("int16", slab_zyx=(9, 1, 23))
    settings = FeatureSettings.model_validate(
        {"force_2d": True, "force_2d_axis": "y", "classes": {"shape2D": [], "firstorder": ["Mean"]}}
    )
    values = measure(image, mask, PrepareSettings(), settings).values
    assert set(execute(image, mask, build_parameters(PrepareSettings(), settings))) == {
        "original_firstorder_Mean"
    }
    # The same region with y and z exchanged, measured across z, as PyRadiomics does measure it.
    turned = [sitk.PermuteAxes(volume, (0, 2, 1)) for volume in (image, mask)]
    for volume in turned:
        volume.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
    across_z = settings.model_copy(update={"force_2d_axis": SliceAxis.Z})
    wanted = execute(turned[0], turned[1], build_parameters(PrepareSettings(), across_z))
    assert find_differences(values, wanted, 1e-9) == []


def test_another_bin_width_is_another_value() -> None:
    image, mask = build_phantom("int16")
    wanted = execute(image, mask, build_parameters(PrepareSettings(), FeatureSettings()))
    differences = find_differences(
        measure(image, mask, PrepareSettings(), FeatureSettings(bin_width=24.0)).values, wanted
    )
    assert len(differences) > 50
    assert any(line.startswith("original_glcm_Contrast: ") for line in differences)
    assert not any(line.startswith("original_shape_") for line in differences)


SOFT_TISSUE = sorted((SHARED / "sts" / "nifti").glob("*/*_image.nii.gz"))
BY_MODALITY: dict[str, Settings] = {
    "CT": {"features": {"bin_width": 25}},
    "MR_T1": {"prepare": {"normalise": True, "normalise_scale": 100}, "features": {"bin_width": 20}},
    "PET": {"features": {"bin_count": 32}},
}


@pytest.mark.needs_shared
def test_there_are_24_soft_tissue_pairs() -> None:
    assert len(SOFT_TISSUE) == 24


@pytest.mark.requirement("R-FEAT-3")
@pytest.mark.needs_shared
@pytest.mark.parametrize("path", SOFT_TISSUE, ids=lambda p: f"{p.parent.name}-{p.name.split('_image')[0]}")
def test_soft_tissue_sarcomas_have_pyradiomics_values(path: Path) -> None:
    image, mask = read_scan(path, path.with_name(path.name.replace("_image", "_mask")))
    given = BY_MODALITY[path.name.split("_image")[0]]
    prepare = {"resampled_spacing_xyz_mm": [6, 6, 6], **given.get("prepare", {})}
    features = {"image_types": {"Original": {}, "LoG": {"sigma_mm": [6.0]}}, **given["features"]}
    assert_equal(image, mask, prepare, features)
