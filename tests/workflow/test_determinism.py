"""One study, whatever the cores and the chunks: every table, model and report has the same bytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trial_runs import change_setting, digests_of, make_small, run_radfeat

from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import PREDICTIONS

pytestmark = pytest.mark.workflow

OUTPUTS = ("blinded", "unblinded", "report.html", "run_config.yaml")
"""What a run hands on; beside it lie the audit trail, logs, timings, cache and plan."""

OTHER_CHUNKS = """
import sys
import radfeat.pipeline.perturb_plan as perturb, radfeat.pipeline.planning as planning
from radfeat.cli.main import main
planning.choose_bucket_count = perturb.choose_bucket_count = lambda cases: 2
sys.argv = ["radfeat", *sys.argv[1:]]
main()
"""
"""Deals the cases into two chunks; the jobs read which from the plan."""


def outputs_of(study: Path) -> dict[str, str]:
    digests = digests_of(study / "results")
    return {name: digest for name, digest in digests.items() if name.startswith(OUTPUTS)}


def chunks_of(study: Path) -> int:
    return len(list((study / "results" / "work").glob("bucket-*")))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial that was not run; do not change it."""
    study = tmp_path_factory.mktemp("fresh") / "study"
    run_radfeat("simulate", str(study), "--subjects", "20", "--broken", "5", "--seed", "7")
    make_small(study)
    change_setting(study, "modelling", "folds", 2)  # for five the trial has too few events
    return study


@pytest.fixture(scope="module")
def two_cores(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = shutil.copytree(fresh, tmp_path_factory.mktemp("two") / "study")
    run_radfeat("run", str(study), "--cores", "2")
    return study


@pytest.mark.requirement("R-DET-1")
def test_one_core_and_another_folder_give_the_same_bytes(
    fresh: Path, two_cores: Path, tmp_path: Path
) -> None:
    study = shutil.copytree(fresh, tmp_path / "a place with another name" / "trial")
    run_radfeat("run", str(study), "--cores", "1")
    assert outputs_of(study) == outputs_of(two_cores)


@pytest.mark.requirement("R-DET-1")
def test_other_chunks_and_threads_give_the_same_bytes(fresh: Path, two_cores: Path, tmp_path: Path) -> None:
    study = shutil.copytree(fresh, tmp_path / "study")
    command = [sys.executable, "-c", OTHER_CHUNKS, "run", str(study), "--cores", "2"]
    many = {**os.environ, "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "TZ": "Asia/Tokyo"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=many)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (chunks_of(two_cores), chunks_of(study)) == (4, 2)
    assert outputs_of(study) == outputs_of(two_cores)


def test_outputs_are_what_the_test_compares(two_cores: Path) -> None:
    names = outputs_of(two_cores)
    assert {"report.html", "blinded/report.html", "blinded/features.parquet"} <= names.keys()
    assert "unblinded/interactions.parquet" in names
    assert [name for name in names if name.endswith("model.json")]
    assert [name for name in names if name.endswith(".png")]
    assert read_table(two_cores / "results" / "unblinded" / "predictions.parquet", PREDICTIONS).num_rows
