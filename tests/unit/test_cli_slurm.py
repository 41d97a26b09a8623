"""What `radfeat run` asks Slurm, with commands of Slurm that say what a test needs."""

import signal
from pathlib import Path

import pytest

from radfeat.cli import slurm
from radfeat.core.errors import SettingsError
from radfeat.pipeline.folders import ResultsFolder

WITHOUT = "AccountingStorageType   = accounting_storage/none\nMinJobAge               = 300 sec\n"
WITH = WITHOUT.replace("/none", "/slurmdbd")


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands, and nothing else on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def say(commands: Path, name: str, text: str, code: int = 0) -> None:
    """Make a command that prints a text and exits with a code."""
    (commands / f"{name}.txt").write_text(text, encoding="utf-8")
    script = f"#!/bin/sh\nwhile IFS= read -r line; do echo \"$line\"; done < '{commands}/{name}.txt'"
    (commands / name).write_text(f"{script}{' >&2' if code else ''}\nexit {code}\n", encoding="utf-8")
    (commands / name).chmod(0o755)


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    """A call of Snakemake with a profile for Slurm."""
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "config.yaml").write_text("executor: slurm\nslurm-status-command: sacct\n")
    return ["snakemake", "--workflow-profile", str(tmp_path / "profile")]


def prepare(call: list[str], study: Path) -> tuple[str, ...]:
    return slurm.prepare_slurm(call, study, ResultsFolder(study / "results"))[len(call) :]


def test_jobs_are_named_after_the_study_without_its_path(tmp_path: Path) -> None:
    name = slurm.name_jobs(tmp_path / "drug-x")
    assert name == slurm.name_jobs(tmp_path / "other" / ".." / "drug-x")
    assert name != slurm.name_jobs(tmp_path / "drug-y")
    assert name.startswith("radfeat-")
    assert "drug" not in name


def test_with_accounting_nothing_is_said_of_the_status(
    commands: Path, call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(commands, "scontrol", WITH)
    assert prepare(call, tmp_path) == (
        f"--slurm-jobname-prefix={slurm.name_jobs(tmp_path)}",
        f"--slurm-logdir={tmp_path}/results/logs/slurm",
    )
    assert capsys.readouterr().err == ""


def test_without_accounting_jobs_are_followed_by_squeue_and_it_is_said(
    commands: Path, call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(commands, "scontrol", WITHOUT)
    assert "--slurm-status-command=squeue" in prepare(call, tmp_path)
    assert "no accounting" in capsys.readouterr().err


def test_what_the_caller_states_is_left_as_it_is(commands: Path, call: list[str], tmp_path: Path) -> None:
    say(commands, "scontrol", WITH)
    added = prepare([*call, "--slurm-logdir=elsewhere", "--slurm-jobname-prefix", "mine"], tmp_path)
    assert added == ()


def test_without_accounting_and_with_a_short_memory_a_run_is_refused(
    commands: Path, call: list[str], tmp_path: Path
) -> None:
    say(commands, "scontrol", WITHOUT.replace("300", "60"))
    with pytest.raises(SettingsError, match=r"^MinJobAge: .* \(found 60 sec, allowed 200 s or more\)"):
        prepare(call, tmp_path)


def test_controller_that_does_not_answer_is_named(commands: Path, call: list[str], tmp_path: Path) -> None:
    say(commands, "scontrol", "slurm_load_ctl_conf error: Unable to contact slurm controller\n", code=1)
    with pytest.raises(SettingsError, match="Unable to contact slurm controller"):
        prepare(call, tmp_path)


@pytest.mark.usefixtures("commands")
def test_machine_without_slurm_is_refused_with_a_remedy(call: list[str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no Slurm on this machine"):
        prepare(call, tmp_path)


def test_installation_without_the_plugin_is_refused_with_a_remedy(
    call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "PLUGIN", "snakemake_executor_plugin_of_nobody")
    with pytest.raises(SettingsError, match=r"radfeat\[slurm\]"):
        prepare(call, tmp_path)


@pytest.mark.usefixtures("commands")
def test_without_a_slurm_profile_slurm_is_not_asked(tmp_path: Path) -> None:
    assert prepare(["snakemake", "--cores", "2"], tmp_path) == ()
    (tmp_path / "config.yaml").write_text("cores: all\n")
    assert prepare(["snakemake", "--workflow-profile", str(tmp_path)], tmp_path) == ()


def test_jobs_of_a_cluster_are_cancelled_and_those_of_a_machine_told_to_end(call: list[str]) -> None:
    assert slurm.choose_stop_signal(call) == signal.SIGINT
    assert slurm.choose_stop_signal(["snakemake", "--cores", "2"]) == signal.SIGTERM


def test_jobs_of_an_earlier_run_are_counted_and_named(commands: Path, tmp_path: Path) -> None:
    name = f"{slurm.name_jobs(tmp_path)}_1b2c"
    say(commands, "squeue", f"{name}|RUNNING\n{name}|PENDING\n{name}|PENDING\nmine|RUNNING\n")
    with pytest.raises(SettingsError, match="found 2 pending, 1 running") as raised:
        slurm.require_no_jobs_left(tmp_path)
    assert f"`scancel --name={name}`" in raised.value.sentence


def test_jobs_of_others_are_no_hindrance(commands: Path, tmp_path: Path) -> None:
    say(commands, "squeue", f"{slurm.name_jobs(tmp_path / 'other')}_1b2c|RUNNING\n")
    slurm.require_no_jobs_left(tmp_path)


def test_queue_that_does_not_answer_is_no_hindrance_to_a_run_without_slurm(
    commands: Path, tmp_path: Path
) -> None:
    say(commands, "squeue", "squeue: fatal: Could not establish a configuration source\n", code=1)
    slurm.require_no_jobs_left(tmp_path)
