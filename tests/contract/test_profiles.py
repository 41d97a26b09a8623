"""Profiles choose the machine and nothing else, in words that Snakemake knows."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser

PROFILES = Path(__file__).parents[2] / "workflow" / "profiles"
OF_THE_SCIENCE = {
    "config",
    "configfile",
    "configfiles",
    "set-threads",
    "snakefile",
    "forcerun",
    "until",
    "omit-from",
}


def read_profile(name: str) -> dict[str, Any]:
    profile: dict[str, Any] = yaml.safe_load((PROFILES / name / "config.yaml").read_text(encoding="utf-8"))
    return profile


@pytest.mark.parametrize("name", ["local", "slurm"])
def test_profile_holds_only_options_of_snakemake_and_its_executor(name: str) -> None:
    known = {text.lstrip("-") for action in get_argument_parser()._actions for text in action.option_strings}
    own = {option for option in read_profile(name) if not option.startswith("slurm-")}
    assert own - known == set()
    assert own & OF_THE_SCIENCE == set()


def test_local_profile_needs_no_further_option() -> None:
    profile = read_profile("local")
    assert "cores" in profile
    assert not [option for option in profile if option.startswith("slurm-")]


def test_slurm_profile_states_what_was_learnt_by_failing() -> None:
    profile = read_profile("slurm")
    assert profile["executor"] == "slurm"
    assert profile["slurm-no-requeue"] is True
    assert profile["slurm-status-command"] == "sacct", "radfeat itself takes squeue where it must"
    assert profile["rerun-incomplete"] is True
