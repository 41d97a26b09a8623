"""A small simulated trial, run once and copied for each test that changes it."""

import shutil
from pathlib import Path

import pytest
from trial_runs import change_setting, make_small, run_radfeat


@pytest.fixture(scope="session")
def finished_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial of 20 subjects with five broken inputs, run to its report. Do not change it."""
    study = tmp_path_factory.mktemp("trial") / "study"
    run_radfeat("simulate", str(study), "--subjects", "20", "--broken", "5", "--seed", "7")
    make_small(study)
    run_radfeat("run", str(study), "--cores", "2")
    return study


@pytest.fixture(scope="session")
def scored_trial(finished_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trial again, in two folds: for five it has too few events. Arms were read before: exploratory.

    Do not change it.
    """
    study = tmp_path_factory.mktemp("scored") / "study"
    shutil.copytree(finished_trial, study, copy_function=shutil.copy2)
    change_setting(study, "modelling", "folds", 2)
    run_radfeat("run", str(study), "--cores", "2")
    return study


@pytest.fixture
def trial(finished_trial: Path, tmp_path: Path) -> Path:
    """A copy of the finished trial that a test may change; times of files are kept."""
    return Path(shutil.copytree(finished_trial, tmp_path / "study", copy_function=shutil.copy2))
