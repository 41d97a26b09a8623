"""A small simulated trial, run once and copied for each test that changes it."""

import shutil
from pathlib import Path

import pytest
import yaml
from trial_runs import run_radfeat


def make_small(study: Path) -> None:
    """Fewer features and repeats than the demo: these tests are about the workflow, not the numbers."""
    path = study / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["features"] = {
        "bin_width": 25.0,
        "classes": {"shape": [], "firstorder": [], "glcm": ["Contrast", "JointEntropy"]},
        "image_types": {"Original": {}},
    }
    quick = {"repeats": 1, "min_events": 3, "bootstrap": 50, "permutations": 0}
    settings["modelling"] |= quick | {"candidates": ["original_glcm_Contrast"]}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="session")
def finished_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial of 20 subjects with five broken inputs, run to its report. Do not change it."""
    study = tmp_path_factory.mktemp("trial") / "study"
    run_radfeat("simulate", str(study), "--subjects", "20", "--broken", "5", "--seed", "7")
    make_small(study)
    run_radfeat("run", str(study), "--cores", "2")
    return study


@pytest.fixture
def trial(finished_trial: Path, tmp_path: Path) -> Path:
    """A copy of the finished trial that a test may change; times of files are kept."""
    return Path(shutil.copytree(finished_trial, tmp_path / "study", copy_function=shutil.copy2))
