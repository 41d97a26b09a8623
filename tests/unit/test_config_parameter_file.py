"""PyRadiomics parameter files: taken as they are, or refused with every reason at once."""

from pathlib import Path

import pytest

from radfeat.config.parameter_file import ParameterFile, read_parameter_file
from radfeat.core.errors import SettingsError
from radfeat.features.planned_images import plan_images, resolve_settings
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.settings import PrepareSettings


def read(folder: Path, text: str) -> ParameterFile:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return read_parameter_file(path)


def refuse(folder: Path, text: str) -> list[str]:
    """The sentences of a file that is refused."""
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    return caught.value.sentence.splitlines()


@pytest.mark.parametrize(
    "text", ["", "setting:\n", "setting: {}\nimageType:\nfeatureClass:\n", "# nothing\n"]
)
def test_an_empty_file_holds_the_defaults(tmp_path: Path, text: str) -> None:
    given = read(tmp_path, text)
    assert given.prepare == PrepareSettings()
    assert given.features == FeatureSettings()


def test_every_setting_reaches_its_room(tmp_path: Path) -> None:
    given = read(
        tmp_path,
        """
setting:
  binWidth: 5
  voxelArrayShift: 300
  distances: [1, 2]
  weightingNorm: euclidean
  symmetricalGLCM: false
  gldm_a: 1
  force2D: true
  force2Ddimension: 2
  normalize: true
  normalizeScale: 100
  removeOutliers: 3
  resampledPixelSpacing: [2, 2, 0]
  interpolator: sitkLinear
  padDistance: 10
  preCrop: true
  minimumROIDimensions: 3
  minimumROISize: 50
  resegmentRange: [-3, 3]
  resegmentMode: sigma
  resegmentShape: true
  label: 1
  label_channel: 0
  additionalInfo: true
  correctMask: false
imageType:
  Wavelet: {wavelet: db2, level: 2, start_level: 1}
  LoG: {sigma: [1, 2.5], binWidth: 3}
  Gradient: {gradientUseSpacing: false}
  LBP2D: {lbp2DRadius: 2, lbp2DSamples: 12, lbp2DMethod: ror}
  LBP3D: {lbp3DLevels: 3, lbp3DIcosphereRadius: 1.5, lbp3DIcosphereSubdivision: 0}
featureClass:
  shape2D:
  glcm: [Contrast]
""",
    )
    assert given.prepare.model_dump(mode="json", exclude_defaults=True) == {
        "normalise": True,
        "normalise_scale": 100.0,
        "outlier_sd": 3.0,
        "resampled_spacing_xyz_mm": [2.0, 2.0, 0.0],
        "interpolator": "linear",
        "pad_voxels": 10,
        "crop_first": True,
        "minimum_roi_dimensions": 3,
        "minimum_roi_size": 50,
        "resegment_range": [-3.0, 3.0],
        "resegment_mode": "sigma",
        "resegment_shape": True,
    }
    features = given.features.model_dump(mode="json", exclude_none=True)
    assert features.pop("image_types") == {
        "LoG": {"bin_width": 3.0, "sigma_mm": [1, 2.5]},
        "Wavelet": {"wavelet": "db2", "level": 2, "start_level": 1, "rotation_invariant": False},
        "Gradient": {"use_spacing": False},
        "LBP2D": {"radius": 2.0, "samples": 12, "method": "ror"},
        "LBP3D": {"levels": 3, "radius": 1.5, "subdivision": 0},
    }
    assert features == {
        "recipe": "pyradiomics",
        "classes": {"shape2D": [], "glcm": ["Contrast"]},
        "bin_width": 5.0,
        "voxel_array_shift": 300,
        "distances": [1, 2],
        "weighting": "euclidean",
        "symmetric_glcm": False,
        "gldm_alpha": 1,
        "force_2d": True,
        "force_2d_axis": "x",
    }


def test_a_bin_count_goes_before_a_width_wherever_they_stand(tmp_path: Path) -> None:
    features = read(
        tmp_path,
        """
setting: {binWidth: 5, binCount: 32}
imageType:
  Original: {}
  Square: {binWidth: 7}
  SquareRoot: {binCount: 8}
  Gradient: {binCount: , binWidth: 9}
""",
    ).features
    bins = {
        name: (resolved.bin_width, resolved.bin_count)
        for name, image in plan_images(features).items()
        for resolved in [resolve_settings(features, image.image_type)]
    }
    assert bins == {
        "original": (None, 32),
        "square": (None, 32),
        "squareroot": (None, 8),
        "gradient": (9, None),
    }


def test_filter_settings_may_stand_in_setting(tmp_path: Path) -> None:
    text = "setting: {sigma: [1.0, 3.0], wavelet: haar}\nimageType: {LoG: {}, Wavelet: {wavelet: db2}}\n"
    types = read(tmp_path, text).features.image_types
    assert types.LoG is not None
    assert types.Wavelet is not None
    assert types.LoG.sigma_mm == (1.0, 3.0)
    assert types.Wavelet.wavelet == "db2"


def test_an_interpolator_without_value_switches_resampling_off(tmp_path: Path) -> None:
    text = "setting: {interpolator: , resampledPixelSpacing: [1, 1, 1]}\n"
    assert read(tmp_path, text).prepare == PrepareSettings()


def test_an_interpolator_may_be_simpleitks_number(tmp_path: Path) -> None:
    assert read(tmp_path, "setting: {interpolator: 2}\n").prepare.interpolator.value == "linear"


def test_2d_shape_is_left_out_without_force2d_as_pyradiomics_does(tmp_path: Path) -> None:
    text = "featureClass: {shape2D: , firstorder: }\n"
    assert [f.value for f in read(tmp_path, text).features.classes.named] == ["firstorder"]
    every = read(tmp_path, "setting: {force2D: true}\n").features.classes.named
    assert "shape2D" in {f.value for f in every}


@pytest.mark.parametrize(
    ("text", "where", "sentence"),
    [
        ("settings: {}", "line 1, column 1", "`settings` is no section of a parameter file: write `setting`"),
        (
            "setting: {binwidth: 5}",
            "line 1, column 11",
            "`setting.binwidth` is no setting of PyRadiomics: write `binWidth`",
        ),
        ("setting:\n  label: 2", "line 2, column 3", "write it in column `label` of the image sheet"),
        ("setting: {label_channel: 1}", "", "by the names of their segments"),
        ("setting: {geometryTolerance: 0.01}", "", "set `ingest.geometry_tolerance_mm`"),
        ("setting: {correctMask: true}", "", "never resampled onto its image silently"),
        ("setting: {binWidth: }", "", "`setting.binWidth` has no value"),
        ("setting: {binWidth: 0}", "", "`setting.binWidth` is 0: Input should be greater than 0"),
        ("setting: {binWidth: '25'}", "", "is the text '25': write a number, without quotes"),
        ("setting: {padDistance: true}", "", "is True: write a number"),
        ("setting: {normalize: 1}", "", "is 1: write true or false"),
        ("setting: {interpolator: sitkCubic}", "", "choose one of sitkNearestNeighbor"),
        ("setting: {force2Ddimension: 3}", "", "choose one of 0, 1, 2"),
        ("setting: {weightingNorm: L2}", "", "choose one of no_weighting, euclidean, manhattan, infinity"),
        ("setting: {resegmentRange: []}", "", "`setting.resegmentRange` is not possible"),
        ("setting: [1]", "", "`setting` holds no named settings"),
        ("setting: {binWidth: 5, binWidth: 6}", "", "`setting.binWidth` is given twice"),
        (
            "imageType: {Wavlet: {}}",
            "",
            "`imageType.Wavlet` is no image type of PyRadiomics: write `Wavelet`",
        ),
        ("imageType: {LoG: {}}", "", "`imageType.LoG` lacks `sigma`, and PyRadiomics would measure nothing"),
        ("imageType: {LoG: {sigma: [60]}}", "", "`imageType.LoG.sigma` is 60: sigma must lie between"),
        ("imageType: {Wavelet: {wavelet: coif99}}", "", "`imageType.Wavelet.wavelet` is 'coif99'"),
        ("imageType: {Wavelet: {sigma: [1]}}", "", "has no effect here: it belongs to image type LoG"),
        (
            "imageType: {Wavelet: {padDistance: 3}}",
            "",
            "has no effect on a single image type: move it to `setting`",
        ),
        ("imageType: {Wavelet: {levels: 3}}", "", "is no setting of PyRadiomics: write `level`"),
        (
            "featureClass: {glrm: }",
            "",
            "`featureClass.glrm` is no feature class of PyRadiomics: write `glrlm`",
        ),
        ("featureClass: {glcm: Contrast}", "", "`featureClass.glcm` holds no list of features"),
        ("featureClass: {glcm: [Contrst]}", "", "glcm has no feature Contrst: write Contrast"),
        ("featureClass: {glcm: [SumVariance]}", "", "PyRadiomics yields no glcm SumVariance: leave it out"),
        (
            "featureClass: {shape2D: }",
            "",
            "names shape2D only, which PyRadiomics measures with `force2D: true`",
        ),
        ("voxelSetting: {kernelRadius: 2}", "", "maps of a value per voxel, and radfeat measures regions"),
    ],
)
def test_what_is_not_possible_is_refused_in_one_sentence(
    tmp_path: Path, text: str, where: str, sentence: str
) -> None:
    (found,) = refuse(tmp_path, text + "\n")
    assert found.startswith(f"params.yaml, {where}")
    assert sentence in found
    assert found.endswith(".")
    assert ".." not in found


def test_every_fault_is_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "setting:\n  label: 3\n  binwidth: 5\n  padDistance: -1\nimageType:\n  Sqare: {}\n"
    text += "featureClass:\n  glm:\n"
    lines = [sentence.split(",")[1] for sentence in refuse(tmp_path, text)]
    assert lines == [" line 2", " line 3", " line 4", " line 6", " line 8"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("setting: {", "this is not YAML"), ("- 1\n", "holds no named settings"), ("\x01", "this is not YAML")],
)
def test_a_file_that_is_no_parameter_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refuse(tmp_path, text)[0]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_parameter_file(tmp_path / "none.yaml")
