"""The simulated trial on a real Slurm: a node dies, then the controllers; the tables stay as they are."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from slurm_lab import PARTITION, Lab, kill_process, run_lab
from trial_runs import REPOSITORY, change_setting, keep_one_endpoint, make_small, read_rows, run_radfeat

from radfeat.cli.slurm import name_jobs
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import TABLES

pytestmark = [pytest.mark.workflow, pytest.mark.needs_slurm]

SHIPPED = REPOSITORY / "workflow" / "profiles" / "slurm" / "config.yaml"
NECESSITIES = {
    "slurm-init-seconds-before-status-checks": 1,  # else each of ten steps in a row waits 10 s
    "latency-wait": 5,
    "max-threads": 2,
}
AT_WORK = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")
LONG_SECONDS = 300.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with run_lab() as running:
        yield running


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped profile, as a site makes it: with its partition, and here a few shorter waits."""
    folder = tmp_path_factory.mktemp("profiles") / "ours"
    shutil.copytree(SHIPPED.parent, folder)
    text = SHIPPED.read_text(encoding="utf-8").replace(
        "# slurm_partition: short", f"slurm_partition: {PARTITION}"
    )
    for name, value in NECESSITIES.items():
        text, count = re.subn(rf"^{name}: \S+", f"{name}: {value}", text, flags=re.MULTILINE)
        assert count == 1
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial that was not run: 20 subjects in four chunks, one endpoint. Do not change it."""
    study = tmp_path_factory.mktemp("slurm") / "study"
    run_radfeat("simulate", str(study), "--subjects", "20", "--broken", "2", "--seed", "7")
    make_small(study)
    change_setting(study, "features", "image_types", {"Original": {}, "Wavelet": {}})
    keep_one_endpoint(study)
    return study


@dataclass(frozen=True)
class Survived:
    """A run that was hit twice: what there was before and after, and what had to be typed to go on."""

    study: Path
    kept: dict[Path, int]
    typed: list[str]
    said: str
    jobs: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def survived(lab: Lab, profile: Path, trial: Path) -> Survived:
    """The trial on two nodes: one is killed in mid-run, then Slurm's controller and radfeat."""
    study = copy_trial(trial, "hit")
    process = start_run(lab, study, profile)
    node = await_job_at_work(lab, study, "extract")
    lab.kill_node(node)
    log = study / "results" / "logs" / "snakemake.log"
    lab.await_that(f"{node} is down", lambda: lab.state_of(node) == "down")
    lab.await_that("Snakemake tries again", lambda: "Trying to restart" in log.read_text(), LONG_SECONDS)
    await_job_at_work(lab, study, "extract")
    lab.await_saved()
    before = lab.list_jobs()
    lab.kill("slurmctld")
    kill_run(process)
    kept = {path: path.stat().st_mtime_ns for path in (study / "results" / "cache").rglob("*.json.gz")}
    lab.start_controller()
    lab.start_node(node)
    typed, said = resume(lab, study, profile)
    return Survived(study, kept, typed, said, before | lab.list_jobs())


def copy_trial(trial: Path, name: str) -> Path:
    return Path(shutil.copytree(trial, trial.parent / name, copy_function=shutil.copy2))


def start_run(lab: Lab, study: Path, profile: Path) -> "subprocess.Popen[str]":
    """Start `radfeat run` as somebody does on a login node."""
    command = [sys.executable, "-m", "radfeat", "run", str(study), "--profile", str(profile)]
    with (study / "said.txt").open("a", encoding="utf-8") as said:
        return subprocess.Popen(
            command, env=lab.environment, stdout=said, stderr=said, text=True, start_new_session=True
        )


def list_own_jobs(lab: Lab, study: Path) -> list[dict[str, str]]:
    return [job for job in lab.list_jobs().values() if job["JobName"].startswith(name_jobs(study))]


def await_job_at_work(lab: Lab, study: Path, rule: str) -> str:
    """The node of a job of a rule, once that rule's own command is at work there."""
    found: list[str] = []

    def look() -> bool:
        running = [j for j in list_own_jobs(lab, study) if j["JobState"] == "RUNNING"]
        found[:] = [j["NodeList"] for j in running if f"rule_{rule}" in j["Comment"]]
        return bool(found) and any((study / "results" / "logs" / rule).glob("*.log"))

    lab.await_that(f"a job of {rule} runs", look, LONG_SECONDS)
    return found[0]


def kill_run(process: "subprocess.Popen[str]") -> None:
    """Kill radfeat and the Snakemake that it started, at once and without a word."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
    for number in (process.pid, *map(int, children.split())):
        kill_process(number)
    process.wait()


def resume(lab: Lab, study: Path, profile: Path) -> tuple[list[str], str]:
    """Run again in a small job of its own, and type what radfeat's sentences say until it goes through."""
    typed: list[str] = []
    deadline = time.monotonic() + LONG_SECONDS
    while time.monotonic() < deadline:
        code, said = run_in_job(lab, study, profile)
        if code == 0:
            return typed, said
        command = re.search(r"`((?:radfeat|scancel) [^`]+)`", said)
        assert code == 2, said
        assert command, said
        if command[1] not in typed:
            typed.append(command[1])
            words = command[1].removeprefix("radfeat ").split() if "radfeat " in command[1] else None
            lab.ask(*([sys.executable, "-m", "radfeat", *words] if words else command[1].split()))
        time.sleep(1)
    raise AssertionError(f"not resumed after {typed}: {said}")


def run_in_job(lab: Lab, study: Path, profile: Path) -> tuple[int, str]:
    """`radfeat run` as a job: its exit code and what it said."""
    said = study / "controller.txt"
    command = f"exec {sys.executable} -m radfeat run {study} --profile {profile}"
    options = [
        "--wait",
        "--mem=2000",
        "--cpus-per-task=1",
        "--ntasks=1",
        f"--output={said}",
        "--open-mode=truncate",
    ]
    done = subprocess.run(["sbatch", *options, "--wrap", command], check=False, env=lab.environment)
    return done.returncode, said.read_text(encoding="utf-8")


def read_digests(study: Path) -> dict[str, str]:
    """The logical digest of each table of both halves, computed anew from what the table holds."""
    digests = {}
    for path in sorted((study / "results").glob("*blinded/**/*.parquet")):
        if path.stem in TABLES:
            read_table(path, TABLES[path.stem], verify=True)
        digests[path.relative_to(study).as_posix()] = read_identity(path).logical_digest
    return digests


@pytest.mark.requirement("R-DET-1")
def test_tables_equal_those_of_an_undisturbed_local_run(trial: Path, survived: Survived) -> None:
    local = copy_trial(trial, "local")
    run_radfeat("run", str(local), "--cores", "2")
    expected = read_digests(local)
    assert len(expected) >= len(TABLES)
    assert read_digests(survived.study) == expected


def test_what_had_to_be_typed_is_what_the_sentences_say(survived: Survived) -> None:
    assert any(
        command.startswith(f"scancel --name={name_jobs(survived.study)}") for command in survived.typed
    )
    assert "done in" in survived.said


def test_node_failure_is_met_by_a_second_attempt(survived: Survived) -> None:
    states = {job["JobState"] for job in survived.jobs.values()}
    assert "NODE_FAIL" in states
    assert all(job["Requeue"] == "0" for job in survived.jobs.values() if "rule_" in job.get("Comment", ""))


def test_cases_measured_before_the_kill_are_not_measured_again(survived: Survived) -> None:
    assert survived.kept
    assert {path: path.stat().st_mtime_ns for path in survived.kept} == survived.kept


def test_it_is_said_that_there_is_no_accounting(survived: Survived) -> None:
    assert "this cluster keeps no accounting; jobs are followed by squeue" in survived.said


def test_shipped_profile_is_what_runs_but_for_the_lab_s_necessities(profile: Path) -> None:
    shipped, ours = (yaml.safe_load(p.read_text()) for p in (SHIPPED, profile / "config.yaml"))
    assert {name for name in ours if ours[name] != shipped[name]} == {*NECESSITIES, "default-resources"}
    assert ours["default-resources"] == {**shipped["default-resources"], "slurm_partition": PARTITION}


def test_names_commands_and_logs_of_jobs_name_no_subject(survived: Survived) -> None:
    rows = read_rows(survived.study / "images.csv")
    private = {row["subject_id"] for row in rows} | {Path(row["image"]).name for row in rows}
    private |= {Path(row["mask"]).name for row in rows}
    jobs = [j["everything"] for j in survived.jobs.values() if j["JobName"].startswith("radfeat-")]
    logs = list((survived.study / "results" / "logs").rglob("*.log"))
    assert len(jobs) > 15
    assert any("slurm" in log.parts and "rule_extract" in log.parts for log in logs)
    texts = [*jobs, *map(str, logs), *(log.read_text(encoding="utf-8", errors="replace") for log in logs)]
    assert {name for name in private for text in texts if name in text} == set()


def test_terminated_controller_takes_its_jobs_with_it(lab: Lab, profile: Path, trial: Path) -> None:
    study = copy_trial(trial, "terminated")
    process = start_run(lab, study, profile)
    await_job_at_work(lab, study, "extract")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=LONG_SECONDS) == 130
    assert "what is done is kept" in (study / "said.txt").read_text(encoding="utf-8")
    lab.await_that(
        "its jobs are gone", lambda: not [j for j in list_own_jobs(lab, study) if j["JobState"] in AT_WORK]
    )
    extracts = [j["JobState"] for j in list_own_jobs(lab, study) if "rule_extract" in j["Comment"]]
    assert "CANCELLED" in extracts, "it does not wait for them"
    assert not list((study / ".snakemake" / "locks").glob("*"))


def test_all_progress_is_whole(survived: Survived) -> None:
    done = [json.loads(p.read_text()) for p in (survived.study / "results" / "progress").iterdir()]
    assert sum(chunk["done"] for chunk in done) == 20
