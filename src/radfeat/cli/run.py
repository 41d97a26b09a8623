"""``radfeat run``: the workflow with a progress bar, and a summary that says where to look."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.options import config_argument, resolve_config
from radfeat.cli.slurm import choose_stop_signal, prepare_slurm, require_no_jobs_left
from radfeat.config.model import StudySettings
from radfeat.core.errors import SettingsError
from radfeat.core.memory import read_available_memory_mb
from radfeat.core.vocabulary import ExitCode
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan

if TYPE_CHECKING:
    from radfeat.pipeline.run_lock import Hold
    from radfeat.pipeline.watch import RunProgress


_FULL_BYTES = 1_000_000
"""With less space than this, jobs cannot even say why they failed."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the workflow: its study, its plan, and how Snakemake is called."""

    config: Path
    settings: StudySettings
    folder: ResultsFolder
    plan: Plan
    command: tuple[str, ...]

    @property
    def log(self) -> Path:
        """What Snakemake printed."""
        return self.folder.logs / "snakemake.log"


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nExamples:\n  radfeat run my-study                        # all cores\n"
    "  radfeat run my-study/config.yaml --cores 4\n"
    "  radfeat run my-study --dry-run              # what would be done\n"
    "  radfeat run my-study --retry-failed         # measure again what failed\n"
    "  radfeat run my-study --only 1004            # one subject, now and here\n"
    "  radfeat run my-study -- --rerun-triggers mtime   # further words go to Snakemake",
)
@config_argument
@click.option("--cores", type=click.IntRange(min=1), help="Cores to use; all of this machine by default.")
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="Snakemake profile: a name in workflow/profiles, or a folder.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--retry-failed", is_flag=True, help="Measure the cases again of which an ROI failed.")
@click.option(
    "--only",
    multiple=True,
    metavar="SUBJECT",
    help="Measure this subject's cases, here and now, and say how each ROI fared; the study's tables stay "
    "as they are. May be given again.",
)
@click.option("--unlock", is_flag=True, help="Release the lock that a dead run left, and do nothing else.")
@click.argument("snakemake_arguments", nargs=-1, type=click.UNPROCESSED)
def run(
    config: Path,
    cores: int | None,
    profile: Path | None,
    dry_run: bool,
    retry_failed: bool,
    only: tuple[str, ...],
    unlock: bool,
    snakemake_arguments: tuple[str, ...],
) -> None:
    """Run a study from scans to report; a second run does only what changed."""
    from radfeat.cli.run_parts import forget_failures, hold_study, measure_subjects, release_study

    file = resolve_config(config)
    if unlock:
        raise click.exceptions.Exit(release_study(file))
    if only and (profile or dry_run or snakemake_arguments):
        raise SettingsError(
            "--only measures in this process, without the workflow",
            key="radfeat run",
            remedy="Leave out --profile, --dry-run and words for Snakemake",
        )
    require_no_jobs_left(file.parent)
    with hold_study(file) as hold:
        if only:
            code = measure_subjects(file, only, cores or os.cpu_count() or 1, retry_failed)
        else:
            made = plan_run(file, cores, profile, snakemake_arguments)
            if retry_failed:
                forget_failures(made.folder, made.plan, dry_run=dry_run)
            code = preview(made) if dry_run else execute(_prepare(made), hold)
    raise click.exceptions.Exit(code)


def _prepare(made: Run) -> Run:
    """The same run, with what a cluster needs beside the profile."""
    return replace(made, command=prepare_slurm(made.command, made.config.parent, made.folder))


def preview(made: Run) -> int:
    """Let Snakemake say what it would do."""
    return subprocess.run([*made.command, "--dry-run"], cwd=made.config.parent, check=False).returncode


def plan_run(config: Path, cores: int | None, profile: Path | None, further: tuple[str, ...]) -> Run:
    """Read settings and sheet, write the plan, and put the call of Snakemake together."""
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.planning import build_plan

    file = resolve_config(config)
    settings = read_settings(file)
    folder = ResultsFolder(file.parent / settings.results)
    plan = build_plan(settings, file.parent, folder)
    snakefile = find_snakefile()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--configfile", str(file)]
    # Options of several words first, one without any last: else they would swallow the user's targets.
    command += ["--config", f"planned={plan.run_id}"]
    if str(profile or "local") == "local" and "--resources" not in further:
        # No more jobs at once than memory allows; what one job asks for beyond that is cut down to it.
        command += ["--resources", f"mem_mb={read_available_memory_mb():.0f}"]
    command += ["--cores", str(cores or os.cpu_count() or 1)] if profile is None or cores else []
    if profile is not None:
        named = snakefile.parent / "workflow" / "profiles" / profile
        if not named.is_dir() and not profile.is_dir():
            raise SettingsError(
                "there is no such profile",
                key=str(profile),
                allowed=", ".join(sorted(p.name for p in named.parent.iterdir() if p.is_dir())),
                remedy="Name one of these, or a folder with a Snakemake profile",
            )
        command += ["--workflow-profile", str(named if named.is_dir() else profile.absolute())]
    command += ["--keep-going", "--rerun-incomplete"]
    return Run(file, settings, folder, plan, (*command, *further))


def find_snakefile() -> Path:
    """The Snakefile of this installation: the repository's own where the package is installed from there."""
    package = Path(__file__).resolve().parents[1]
    snakefile = (package / "workflow_files" / "Snakefile").resolve()
    if not snakefile.is_file():
        raise SettingsError(
            "the workflow is not in this installation",
            key=str(package),
            remedy="Install radfeat again, from its repository or its wheel",
        )
    return snakefile


def execute(made: Run, hold: "Hold | None" = None) -> int:
    """Run Snakemake under a progress bar, then print the summary; return the exit code.

    ``hold`` is the lock of the results folder, in which the workflow's processes are noted. The audit trail
    keeps that the run began, what its jobs noted, and how it ended.
    """
    from radfeat.cli.run_audit import recorded

    with recorded(made.folder, made.settings, made.config.parent, "radfeat run") as outcome:
        outcome.code = _execute(made, hold)
    return outcome.code


def _execute(made: Run, hold: "Hold | None") -> int:
    from radfeat.cli.progress import look, watch
    from radfeat.pipeline.watch import list_written, read_progress

    started, before = time.time(), list_written(made.folder, made.plan)
    made.log.parent.mkdir(parents=True, exist_ok=True)
    # What a shell starts in the background ignores INT, and hands that on; Snakemake has to hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with made.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            made.command,
            cwd=made.config.parent,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        if hold is not None:
            hold.name_group(process.pid)
        # A batch system ends a job by TERM: as with Ctrl-C, the jobs of the run end with it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            watch(process, lambda: look(made.folder, made.plan, made.log, before))
        except KeyboardInterrupt:
            os.killpg(process.pid, choose_stop_signal(made.command))
            process.wait()
            click.echo("radfeat: stopped; what is done is kept, run the same command to go on.", err=True)
            return 130
    if process.returncode != 0:
        return _explain(made, started)
    _summarise(made, read_progress(made.folder, made.plan, before), time.time() - started)
    return ExitCode.DONE


def _explain(made: Run, started: float) -> int:
    """Say in the failed jobs' own words why the run stopped; return the exit code they gave."""
    _require_understood(made)
    logs = _read_job_logs(made, started)
    sentences = _find_sentences(logs)
    for sentence, log in sentences.items():
        click.echo(f"radfeat: error: {sentence}", err=True)
        click.echo(f"  (job log: {log})", err=True)
    free = shutil.disk_usage(made.folder.root).free
    is_full = free < _FULL_BYTES
    if not sentences and not is_full:
        crashed = {log: text for log, text in logs.items() if "Traceback" in text} or {
            made.log: made.log.read_text(encoding="utf-8")
        }
        for log, text in crashed.items():
            tail = "\n".join(text.splitlines()[-12:])
            click.echo(f"radfeat: a job of the workflow failed; the end of {log}:\n{tail}", err=True)
    if is_full:
        where = shown(made.folder.root)
        full = f"the disk is full ({free / 1e6:.1f} MB left). Free some space, and run again"
        click.echo(f"radfeat: error: {where}: {full}; what is written is whole.", err=True)
    click.echo(f"  whole log: {made.log}", err=True)
    if is_full:  # a job that cannot even write what it has to say ends with any code
        return ExitCode.DATA
    return _code(made) if sentences else ExitCode.BUG


def _require_understood(made: Run) -> None:
    """SettingsError where Snakemake did not understand its words, or knows no rule for what was asked."""
    text = made.log.read_text(encoding="utf-8")
    found = re.search(
        r"error: ((?:unrecognized|ambiguous|argument|expected) .*)|^MissingRuleException:\n(.*)", text, re.M
    )
    if found:
        raise SettingsError(
            "Snakemake does not understand what it was asked for",
            key="radfeat run",
            measured=(found[1] or found[2]).strip(),
            remedy="See `radfeat run --help`; words for Snakemake stand after `--`",
        )


def _read_job_logs(made: Run, started: float) -> dict[Path, str]:
    """The text of every job log that this run wrote."""
    return {
        log: log.read_text(encoding="utf-8", errors="replace")
        for log in sorted(made.folder.logs.rglob("*.log"))
        if log != made.log and log.stat().st_mtime >= started - 1
    }


def _find_sentences(logs: Mapping[Path, str]) -> dict[str, Path]:
    """What jobs said in error, each sentence once, with the log that holds it."""
    sentences: dict[str, Path] = {}
    for log, text in logs.items():
        for sentence in re.findall(r"^radfeat: error: (.*(?:\n(?!\w+:).*)*)", text, flags=re.MULTILINE):
            sentences.setdefault(sentence.strip(), log)
    return sentences


def _code(made: Run) -> int:
    """The exit code of the failed jobs, from Snakemake's account of them; the gravest if several."""
    text = made.log.read_text(encoding="utf-8")
    codes = {
        int(c) for c in re.findall(r"non-zero exit status (\d+)|exit code:? (\d+)", text) for c in c if c
    }
    known = [c for c in (ExitCode.BUG, ExitCode.SETTINGS, ExitCode.DATA, ExitCode.QC_GATE) if c in codes]
    return known[0] if known else ExitCode.DATA


def _summarise(made: Run, now: "RunProgress", seconds: float) -> None:
    from radfeat.pipeline.failures import count_failures
    from radfeat.pipeline.lock import read_lock
    from radfeat.tables.parquet import read_column_names, read_columns
    from radfeat.tables.schemas import FEATURES, ROIS

    rois = read_columns(made.folder.blinded / "rois.parquet", ROIS, ["status", "reason"])
    names = read_column_names(made.folder.blinded / "features.parquet")
    columns = len(names) - len(FEATURES.columns)
    nothing = "Nothing to be done" in made.log.read_text(encoding="utf-8")
    state = "nothing to do, all is up to date" if nothing else f"done in {seconds:.0f} s"
    click.echo(f"{made.settings.study}: {state}")
    click.echo(f"  cases     {now.total}, of which {now.cached} were measured before")
    click.echo(f"  ROIs      {count_failures(rois).sentence}")
    click.echo(f"  features  {columns} per ROI")
    click.echo(f"  tables    {shown(made.folder.blinded)} (blinded)")
    if made.settings.stratifies:
        click.echo(f"            {shown(made.folder.unblinded)} (unblinded)")
        lock = read_lock(made.folder)
        click.echo(f"  analysis  {lock.standing.value}, locked as {lock.marks['lock_digest']}")
    click.echo(f"  report    {shown(made.folder.report)}")


def shown(path: Path) -> str:
    """A path as a person would type it here."""
    here, plain = Path.cwd(), Path(os.path.normpath(path.absolute()))
    return str(plain.relative_to(here)) if plain.is_relative_to(here) else str(plain)
