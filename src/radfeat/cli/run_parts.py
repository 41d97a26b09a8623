"""What ``radfeat run`` does beside the workflow: the lock, failures forgotten, single subjects."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.run import find_snakefile, shown
from radfeat.config.reader import read_settings
from radfeat.core.errors import SettingsError
from radfeat.core.files import remove_temporaries_below
from radfeat.core.memory import read_available_memory_mb
from radfeat.core.vocabulary import ExitCode
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.run_lock import Hold, hold_results, release

if TYPE_CHECKING:
    from radfeat.pipeline.plan import Plan


@contextmanager
def hold_study(config: Path) -> Iterator[Hold]:
    """Hold the results folder of a study; what a run that died on this host left locked is released.

    Raises
    ------
    SettingsError
        If another run is at work, or Snakemake's lock lies there and nobody knows whose it is.
    """
    folder = find_results(config)
    with hold_results(folder) as hold:
        if hold.dead is not None:
            click.echo(f"radfeat: taking over from a run that was killed ({hold.dead.name}).", err=True)
            remove_temporaries_below(folder.root)
            if _list_snakemake_locks(config):
                _unlock_snakemake(config)
        _require_unlocked(config)
        yield hold


def find_results(config: Path) -> ResultsFolder:
    """The results folder of a study."""
    return ResultsFolder(config.parent / read_settings(config).results)


def release_study(config: Path) -> int:
    """Release the lock of a dead run, ours and Snakemake's; return the exit code."""
    holder = release(find_results(config).run_lock)
    code = _unlock_snakemake(config) if _list_snakemake_locks(config) else int(ExitCode.DONE)
    if holder is not None:
        click.echo(f"released: the lock of {holder.name}")
    return code


def _list_snakemake_locks(config: Path) -> list[Path]:
    return sorted((config.parent / ".snakemake" / "locks").glob("*.lock"))


def _unlock_snakemake(config: Path) -> int:
    words = ["--snakefile", str(find_snakefile()), "--configfile", str(config), "--cores", "1", "--unlock"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *words],
        cwd=config.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        click.echo(done.stderr, err=True)
    return done.returncode


def _require_unlocked(config: Path) -> None:
    """Refuse to plan while Snakemake's lock lies in the study's folder: jobs at work read the plan."""
    if _list_snakemake_locks(config):
        raise SettingsError(
            "Snakemake is at work in this folder, or was killed",
            key=str(config.parent),
            remedy=f"If it is not at work, release its lock with `radfeat run {shown(config)} --unlock`",
        )


def forget_failures(folder: ResultsFolder, plan: "Plan", *, dry_run: bool) -> None:
    """Let the workflow measure again the cases of which an ROI failed, and say how many they are."""
    from radfeat.pipeline.retry import forget_failed

    cases, chunks = forget_failed(folder, plan, dry_run=dry_run)
    would = "would be" if dry_run else "will be"
    click.echo(f"{cases} cases with a failed ROI {would} measured again, in {chunks} chunks", err=True)


def measure_subjects(config: Path, subjects: tuple[str, ...], workers: int, retry_failed: bool) -> int:
    """Measure the cases of some subjects and print how each ROI fared; return the exit code.

    Raises
    ------
    SettingsError
        If the image sheet has none of a subject.
    """
    from radfeat.cli.run_audit import recorded
    from radfeat.pipeline.chunk import measure_cases
    from radfeat.pipeline.planning import build_plan
    from radfeat.pipeline.retry import list_subject_cases
    from radfeat.pipeline.workers import Crew

    settings = read_settings(config)
    folder = ResultsFolder(config.parent / settings.results)
    plan = build_plan(settings, config.parent, folder)
    cases = list_subject_cases(folder, plan, subjects)
    crew = Crew(min(workers, len(cases)), read_available_memory_mb())
    failed = 0
    with recorded(folder, settings, config.parent, "radfeat run --only") as outcome:
        for record, cached in measure_cases(folder, plan, cases, crew=crew, retry_failed=retry_failed):
            for roi in record.rois:
                failed += roi.failed
                values = sum(value is not None for value in roi.values.values())
                fared = f"{roi.roi['reason']}: {roi.roi['sentence']}" if roi.failed else f"{values} features"
                click.echo(f"{roi.roi['roi_id']}: {fared}{' (measured before)' if cached else ''}")
        outcome.code = ExitCode.DONE
    click.echo(f"{len(cases)} cases, {failed} ROIs failed; the tables of the study are as they were")
    return ExitCode.DONE
