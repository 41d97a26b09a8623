"""What ``radfeat run`` asks Slurm: does it answer, does it keep accounts, do jobs of an earlier run go on."""

import getpass
import hashlib
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click
import yaml

from radfeat.core.errors import SettingsError
from radfeat.pipeline.folders import ResultsFolder

PLUGIN = "snakemake_executor_plugin_slurm"
ASK_SECONDS = 60.0
"""How long a command of Slurm may take; a controller that restarts answers within that time."""
LEAST_JOB_AGE_SECONDS = 200
"""Without accounting a finished job is seen only while Slurm remembers it; the plugin looks every 180 s or
more often."""
SHOWN_NAMES = 3


def prepare_slurm(command: Sequence[str], study: Path, folder: ResultsFolder) -> tuple[str, ...]:
    """Snakemake's command with what a cluster needs beside the profile; as it is where no job goes to Slurm.

    Parameters
    ----------
    command
        How Snakemake is to be called; what it or the profile states already is left as it is.
    study
        The study's folder: the jobs' name is made of it, so that a later run knows them again.
    folder
        The results folder, where the jobs' logs go.

    Raises
    ------
    SettingsError
        If Slurm, or Snakemake's package for it, is not here, or a finished job could be missed.
    """
    profile = read_profile(command)
    if profile.get("executor") != "slurm":
        return tuple(command)
    _require_package()
    accounts = keeps_accounts(read_slurm_settings())
    stated = {*profile, *(word.removeprefix("--").partition("=")[0] for word in command)}
    words = {
        "slurm-jobname-prefix": name_jobs(study),
        "slurm-logdir": str((folder.logs / "slurm").absolute()),
    }
    chosen = [f"--{name}={text}" for name, text in words.items() if name not in stated]
    if not accounts and profile.get("slurm-status-command") != "squeue":
        click.echo("radfeat: this cluster keeps no accounting; jobs are followed by squeue.", err=True)
        chosen.append("--slurm-status-command=squeue")
    return (*command, *chosen)


def choose_stop_signal(command: Sequence[str]) -> signal.Signals:
    """The signal by which Snakemake and its jobs end.

    After TERM it waits for the jobs at work, which on one machine get the signal too. Those of a cluster do
    not, and may take hours: after INT it cancels them.
    """
    return signal.SIGINT if read_profile(command).get("executor") == "slurm" else signal.SIGTERM


def read_profile(command: Sequence[str]) -> dict[str, object]:
    """What the profile in a call of Snakemake says; nothing where there is none."""
    if "--workflow-profile" not in command:
        return {}
    folder = Path(command[list(command).index("--workflow-profile") + 1])
    files = sorted(folder.glob("config*.yaml"))
    found = yaml.safe_load(files[-1].read_text(encoding="utf-8")) if files else None
    return found if isinstance(found, dict) else {}


def name_jobs(study: Path) -> str:
    """The beginning of the names of a study's jobs: a digest, since all on a cluster can read its queue."""
    return "radfeat-" + hashlib.sha256(str(study.resolve()).encode()).hexdigest()[:8]


def _require_package() -> None:
    if find_spec(PLUGIN) is None:
        raise SettingsError(
            "Snakemake's package for Slurm is not in this installation",
            key=PLUGIN.replace("_", "-"),
            remedy="Install it with `pip install 'radfeat[slurm]'`, or install from the lock",
        )


def read_slurm_settings() -> dict[str, str]:
    """What the cluster's controller says of its own settings."""
    lines = ask_slurm("scontrol", "show", "config").splitlines()
    return {
        name.strip(): text.strip() for name, mark, text in (line.partition("=") for line in lines) if mark
    }


def keeps_accounts(settings: dict[str, str]) -> bool:
    """Whether ``sacct`` knows finished jobs; without it Slurm must remember them long enough.

    Raises
    ------
    SettingsError
        If it keeps no accounts and forgets a finished job before it is asked for: a run would wait for ever.
    """
    if settings.get("AccountingStorageType", "").endswith("slurmdbd"):
        return True
    age = re.match(r"\d+", settings.get("MinJobAge", ""))
    if age is None or int(age[0]) < LEAST_JOB_AGE_SECONDS:
        raise SettingsError(
            "without accounting, and with jobs forgotten so soon, a run would wait for ever",
            key="MinJobAge",
            measured=settings.get("MinJobAge", "nothing"),
            allowed=f"{LEAST_JOB_AGE_SECONDS} s or more",
            remedy="Ask the administrator for accounting (slurmdbd), or for MinJobAge=300 in slurm.conf",
        )
    return False


def ask_slurm(*command: str) -> str:
    """What a command of Slurm says.

    Raises
    ------
    SettingsError
        If it is not here, or the controller does not answer.
    """
    if shutil.which(command[0]) is None:
        raise SettingsError(
            "there is no Slurm on this machine",
            key=command[0],
            remedy="Run this where jobs can be submitted (a login node), or with `--profile local`",
        )
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ASK_SECONDS)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 1, "", f"no answer in {ASK_SECONDS:.0f} s")
    if done.returncode != 0:
        raise SettingsError(
            "Slurm's controller does not answer",
            key=" ".join(command),
            measured=(done.stderr.strip().splitlines() or ["no answer"])[-1],
            remedy="Run the same again when `scontrol ping` says UP",
        )
    return done.stdout


def require_no_jobs_left(study: Path) -> None:
    """Refuse to go on while Slurm's queue holds jobs that an earlier run of a study submitted.

    A killed controller leaves them there, and they write what a new run would write. Where no Slurm answers
    none are seen; a run that needs Slurm ends with a sentence of its own.

    Raises
    ------
    SettingsError
        If there are any.
    """
    left = [job for job in _list_jobs() if job[0].startswith(name_jobs(study))]
    if not left:
        return
    states = ", ".join(f"{n} {state.lower()}" for state, n in sorted(Counter(s for _, s in left).items()))
    names = sorted({name for name, _ in left})
    shown = " ".join(f"--name={name}" for name in names[:SHOWN_NAMES])
    raise SettingsError(
        "jobs of an earlier run of this study are still in Slurm's queue",
        key=str(study),
        measured=states,
        allowed="none",
        remedy=f"Cancel them with `scancel {shown}`, or wait for them; run the same again when they are gone",
    )


def _list_jobs() -> list[list[str]]:
    """Name and state of this user's jobs in the queue; none where no Slurm answers."""
    if shutil.which("squeue") is None:
        return []
    try:
        said = ask_slurm("squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%j|%T")
    except SettingsError:
        return []
    return [line.strip().split("|") for line in said.splitlines()]
