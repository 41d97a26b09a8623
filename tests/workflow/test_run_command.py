"""`radfeat run`: what it says, and its exit code, when a run cannot start, stops, or is asked for less."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from trial_runs import change_setting, digests_of, jobs_of, run_radfeat

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four subjects, one of them broken, two features, no outcomes: a small run. Do not change it."""
    study = tmp_path_factory.mktemp("run") / "study"
    run_radfeat("simulate", str(study), "--subjects", "4", "--broken", "1", "--seed", "5")
    settings = {
        "images": "images.csv",
        "features": {"classes": {"firstorder": ["Mean", "Variance"]}, "image_types": {"Original": {}}},
        "qc": {"max_failed_rois": 1},
    }
    (study / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = run_radfeat("run", str(study), "--cores", "2", "--profile", "local")
    (study / "said.txt").write_text(done.stdout, encoding="utf-8")
    return study


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy that a test may change; times of files are kept."""
    return Path(shutil.copytree(finished, tmp_path / "study", copy_function=shutil.copy2))


def test_dry_run_says_what_would_be_done_and_does_nothing(study: Path) -> None:
    change_setting(study, "features", "bin_width", 10.0)
    before = digests_of(study / "results" / "blinded")
    done = run_radfeat("run", str(study), "--dry-run")
    assert "rule extract" in done.stdout + done.stderr
    assert digests_of(study / "results" / "blinded") == before


def test_lock_of_a_killed_run_is_explained_and_can_be_released(study: Path) -> None:
    locks = study / ".snakemake" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "0.output.lock").write_text("results/report.html\n", encoding="utf-8")
    said = run_radfeat("run", str(study), "--cores", "1", expect=2).stderr
    assert "Snakemake is at work in this folder, or was killed" in said
    assert "--unlock" in said
    run_radfeat("run", str(study), "--unlock")
    assert "nothing to do" in run_radfeat("run", str(study), "--cores", "1").stdout


@pytest.mark.requirement("R-QC-2")
def test_gate_stops_the_run_with_exit_code_4_and_keeps_the_tables(study: Path) -> None:
    change_setting(study, "qc", "max_failed_rois", 0)
    done = run_radfeat("run", str(study), "--cores", "2", expect=4)
    assert "radfeat: error: 1 of 4 ROIs have no features" in done.stderr
    assert "Traceback" not in done.stderr
    assert "extract" not in jobs_of(study), "a gate judges what was measured; it measures nothing again"
    assert (study / "results" / "blinded" / "features.parquet").is_file()
    assert (study / "results" / "blinded" / "report.html").is_file()


def test_fault_that_only_a_job_meets_is_said_in_its_own_words(study: Path) -> None:
    settings = yaml.safe_load((study / "config.yaml").read_text(encoding="utf-8"))
    settings["clinical"] = "clinical.csv"
    endpoint = {"name": "os", "kind": "time_to_event", "time": "os_days", "event": "no_such_column"}
    settings["modelling"] = {"arms": ["control", "experimental"], "endpoints": [endpoint]}
    (study / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = run_radfeat("run", str(study), "--cores", "2", expect=3)
    assert "no_such_column" in done.stderr
    assert "job log: " in done.stderr
    assert "Traceback" not in done.stderr


def test_profile_is_taken_by_its_name(finished: Path) -> None:
    log = (finished / "results" / "logs" / "snakemake.log").read_text(encoding="utf-8")
    assert "-m radfeat extract --results" in log, "the local profile prints the commands"


def test_blinded_run_names_no_unblinded_tables(finished: Path) -> None:
    said = (finished / "said.txt").read_text(encoding="utf-8")
    assert "unblinded" not in said
    assert "1 of 4 ROIs failed" in said
    assert not (finished / "results" / "unblinded").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--coers", "2"], "--coers"),
        (["--profile", "nope"], "there is no such profile"),
        (["nothing-makes-this"], "nothing-makes-this"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_exit_code_2(
    study: Path, words: list[str], said: str
) -> None:
    done = run_radfeat("run", str(study), *words, expect=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_terminated_run_ends_its_jobs_and_can_be_taken_up_again(study: Path) -> None:
    change_setting(study, "features", "classes", {"glcm": [], "gldm": []})
    change_setting(study, "features", "image_types", {"Original": {}, "Wavelet": {}, "LoG": {}})
    command = [sys.executable, "-m", "radfeat", "run", str(study), "--cores", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        log = study / "results" / "logs" / "extract" / "bucket-0.log"
        before, deadline = _time_of(log), time.monotonic() + 60
        while _time_of(log) in (before, None) and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what is done is kept" in said
    assert not _list_jobs(study)
    run_radfeat("run", str(study), "--unlock")
    assert "done in" in run_radfeat("run", str(study), "--cores", "2").stdout


def _time_of(log: Path) -> int | None:
    """When a log was last written, in ns; None for the moment in which Snakemake has taken it away."""
    try:
        return log.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _list_jobs(study: Path) -> list[str]:
    """Command lines of processes at work in the study's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == study:
                found.append((process / "cmdline").read_text(encoding="utf-8"))
        except OSError:
            continue
    return found
