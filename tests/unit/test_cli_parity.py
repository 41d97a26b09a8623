"""`radfeat parity`: both engines on one pair of files, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radfeat.cli import parity as command
from radfeat.cli.main import run_command_line
from radfeat.core.vocabulary import Engine
from radfeat.features.parity import Values
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.pair import ReadRoi

CONFIG = "study: s\nimages: images.csv\n{prepare}features: {features}\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """An image of noise of 8 x 9 x 10 voxels and a mask in it."""
    values = np.random.default_rng(1).integers(0, 200, (10, 9, 8)).astype(np.int16)
    mask = np.zeros(values.shape, np.uint8)
    mask[2:8, 2:7, 1:7] = 1
    paths = tmp_path / "image.nrrd", tmp_path / "mask.nrrd"
    for path, voxels in zip(paths, (values, mask), strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(path))
    return str(paths[0]), str(paths[1])


def write_config(folder: Path, features: str, prepare: str = "") -> str:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(features=features, prepare=prepare), encoding="utf-8")
    return str(path)


def test_both_engines_agree_and_the_furthest_feature_is_named(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, "{bin_width: 25, image_types: {Original: {}, Square: {}}}")
    assert run_command_line(["parity", *files, "--config", config]) == 0
    said = capsys.readouterr().out
    assert said.startswith("200 of 200 features equal within 1e-09; greatest difference ")
    assert "native" in said.splitlines()[1]


def test_feature_that_differs_is_a_bug_and_is_named_with_both_values(
    files: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(engine: Engine, roi: ReadRoi, settings: CaseSettings) -> Values:
        return {"original_glcm_Contrast": 1.0 if engine is Engine.NATIVE else 1.0 + 2e-9}

    monkeypatch.setattr("radfeat.pipeline.parity.measure_by", measure)
    with pytest.raises(SystemExit) as stopped:
        command.parity.main([*files], standalone_mode=False)
    assert stopped.value.code == 1
    said = capsys.readouterr().out
    assert "original_glcm_Contrast: pyradiomics 1.000000002, native 1.0" in said
    assert "0 of 1 features equal" in said


def test_recipe_of_a_single_engine_is_refused_in_one_sentence(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare = "prepare: {recipe: ibsi, resampled_spacing_xyz_mm: [2, 2, 2]}\n"
    config = write_config(tmp_path, "{recipe: ibsi, bin_width: 25, aggregation: 3d_averaged}", prepare)
    assert run_command_line(["parity", *files, "--config", config]) == 2
    said = capsys.readouterr().err
    assert "features.recipe" in said
    assert "found ibsi, allowed pyradiomics" in said
