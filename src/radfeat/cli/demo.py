"""``radfeat demo``: a simulated trial and five real scans, and what came out."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH
from radfeat.core.errors import SettingsError
from radfeat.core.files import write_text
from radfeat.core.vocabulary import ExitCode

DEMO_SUBJECTS = 60
DEMO_BROKEN = 5
MARK_FILE = ".made-by-radfeat-demo"
"""Lies in a folder that the demonstration made, and may therefore empty."""


@dataclass(frozen=True, slots=True)
class Study:
    """One study of the demonstration: its title and its configuration file."""

    title: str
    config: Path


@click.command(
    epilog="\b\nExamples:\n  radfeat demo                 # in ./demo\n"
    "  radfeat demo --truth null    # the same trial with no texture effect: nothing should be claimed"
)
@click.option(
    "--folder", type=ANY_PATH, default=Path("demo"), show_default=True, help="Where to work; emptied first."
)
@click.option(
    "--scans", type=ANY_PATH, help="config.yaml of the study of real scans (left out if not given)."
)
@click.option("--cores", type=click.IntRange(min=1), help="Cores to use; all by default.")
@click.option(
    "--truth",
    type=click.Choice(["predictive", "prognostic_only", "null"]),
    default="predictive",
    show_default=True,
)
@click.option("--seed", type=click.IntRange(min=0), help="Master seed of the simulation.")
def demo(folder: Path, scans: Path | None, cores: int | None, truth: str, seed: int | None) -> None:
    """Simulate a trial of 60 subjects with 5 broken inputs, run it, run real scans, and say what came out."""
    from radfeat.cli.run import execute, plan_run
    from radfeat.cli.run_parts import hold_study

    real = [] if scans is None else [Study("real scans", _require(scans))]
    studies = [Study("simulated trial", _simulate(folder, truth, seed)), *real]
    for number, study in enumerate(studies, start=1):
        click.echo(f"\n[{number}/{len(studies)}] {study.title}: radfeat run {study.config}")
        with hold_study(study.config.absolute()) as hold:
            code = execute(plan_run(study.config.absolute(), cores, None, ()), hold)
        if code != ExitCode.DONE:
            raise click.exceptions.Exit(code)
    click.echo("\nWhat came out:")
    for line in _digest(studies):
        click.echo(f"  {line}")


def _simulate(folder: Path, truth: str, seed: int | None) -> Path:
    from radfeat.simulate.settings import SimulationSettings, Truth
    from radfeat.simulate.trial import write_trial

    given = {"subjects": DEMO_SUBJECTS, "broken": DEMO_BROKEN, "truth": Truth(truth)}
    settings = SimulationSettings.model_validate(given if seed is None else {**given, "seed": seed})
    _make_anew(folder)
    trial = folder / "trial"
    click.echo(f"Simulating a trial of {DEMO_SUBJECTS} subjects in {trial} ...")
    click.echo(write_trial(trial, settings).sentence)
    return trial / "config.yaml"


def _make_anew(folder: Path) -> None:
    """Empty a folder that the demonstration made, or make it; anything else is refused, not removed."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError(
            "this is a file, not a folder", key=str(folder), remedy="Name a folder with --folder"
        )
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK_FILE).is_file():
            raise SettingsError(
                "the folder holds something that the demonstration did not make",
                key=str(folder),
                remedy="Name another one with --folder",
            )
        shutil.rmtree(folder)
    write_text(folder / MARK_FILE, "radfeat demo empties this folder whenever it runs.\n")


def _require(config: Path) -> Path:
    if not config.is_file():
        raise SettingsError(
            "there is no such configuration file", key=str(config), remedy="Name it with --scans"
        )
    return config


def _digest(studies: list[Study]) -> list[str]:
    """A few lines: features, failures, models, interactions; every figure read from the tables."""
    from radfeat.pipeline.digest_lines import build_digest_lines

    return build_digest_lines({study.title: study.config for study in studies})
