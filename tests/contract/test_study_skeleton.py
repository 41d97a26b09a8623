"""`radfeat init` writes a study that shows every setting with its default and lacks only the images."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from radfeat.cli.main import run_command_line
from radfeat.config.model import StudySettings
from radfeat.config.reader import read_settings

OF_THE_STUDY = {"study", "clinical", "modelling.endpoints", "modelling.arms", "modelling.covariates"}
"""Settings that have no default to show: they say what this study is."""


@pytest.fixture
def study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run_command_line(["init", str(tmp_path / "study")]) == 0
    capsys.readouterr()
    return tmp_path / "study"


def flatten(value: dict[str, Any], at: str = "") -> dict[str, Any]:
    """Settings by dotted name, down to the fields of each section."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        section = StudySettings.model_fields[name].annotation if not at else None
        if isinstance(section, type) and issubclass(section, BaseModel):
            flat |= flatten(inner, f"{name}.")
        else:
            flat[f"{at}{name}"] = inner
    return flat


def test_only_the_image_files_are_missing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command_line(["validate", str(study)])
    lines = capsys.readouterr().err.splitlines()
    assert code == 3
    assert lines[-1].startswith("radfeat: error: 6 faults in the sheets")
    assert len(lines) == 7
    for line in lines[:-1]:
        assert re.match(r"images\.csv, line [234], column (image|mask): there is no such file", line)


def test_settings_are_the_defaults_but_for_what_a_study_declares(study: Path) -> None:
    shown = flatten(read_settings(study / "config.yaml").model_dump())
    defaults = flatten(StudySettings().model_dump())
    assert {name for name in defaults if shown[name] != defaults[name]} == OF_THE_STUDY


BY_RECIPE = {"features.recipe"}
"""What follows from ``prepare.recipe``: a line that holds the default of one recipe would bind the other."""


UNSAID = {"features.by_modality", "prepare.by_modality"}
"""What is in no dump and no digest where it is empty."""


def test_every_setting_has_its_line(study: Path) -> None:
    written = yaml.safe_load((study / "config.yaml").read_text(encoding="utf-8"))
    assert set(flatten(written)) == set(flatten(StudySettings().model_dump())) - BY_RECIPE | UNSAID


def test_every_setting_is_explained_on_its_line_or_is_a_heading(study: Path) -> None:
    lines = (study / "config.yaml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line.strip() and not line.startswith(("#", "    "))]
    assert len(settings) > 60
    assert [line for line in settings if "#" not in line and not line.endswith(":")] == []


def test_comments_do_not_run_off_the_screen() -> None:
    for name in ("config.yaml", "README.md"):
        text = files("radfeat.cli").joinpath("skeleton", name).read_text(encoding="utf-8")
        assert max(len(line) for line in text.splitlines()) <= 120, name


def test_nothing_is_overwritten(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "config.yaml").write_text("study: mine\n", encoding="utf-8")
    assert run_command_line(["init", str(study)]) == 2
    assert "already holds config.yaml" in capsys.readouterr().err
    assert (study / "config.yaml").read_text(encoding="utf-8") == "study: mine\n"
