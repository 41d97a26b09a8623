"""``radfeat ingest deidentify``: a copy of a DICOM tree that names nobody."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER
from radfeat.core.errors import InputError, SettingsError

if TYPE_CHECKING:
    from rich.progress import TaskID


@click.command(
    epilog="\b\nExamples:\n  radfeat ingest deidentify dicom --to trial --key ~/trial.key --new-key\n"
    "  radfeat ingest deidentify visit2 --to trial --key ~/trial.key --subjects subjects.csv"
)
@click.argument("source", type=EXISTING_FOLDER)
@click.option(
    "--to", "target", type=ANY_PATH, required=True, help="Folder to fill; its folder dicom is to hand on."
)
@click.option(
    "--key", type=ANY_PATH, required=True, help="File with the secret key; lose it, and visits part."
)
@click.option("--new-key", is_flag=True, help="Make the key file first; refused where there is one.")
@click.option("--subjects", type=ANY_PATH, help="CSV of patient_id, subject_id; without it, pseudonyms.")
@click.option("--words", type=ANY_PATH, help="Words of the study's ROI names and descriptions, one a line.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; as many as there are cores.")
def deidentify(
    source: Path,
    target: Path,
    key: Path,
    new_key: bool,
    subjects: Path | None,
    words: Path | None,
    workers: int | None,
) -> None:
    """Copy the DICOM files of SOURCE without identities (DICOM PS3.15 Annex E)."""
    from radfeat.ingest.deidentify.journal import Profile
    from radfeat.ingest.deidentify.reports import require_own_target, summarise, write_reports
    from radfeat.ingest.deidentify.run import deidentify_tree
    from radfeat.ingest.deidentify.secret import read_secret, write_new_secret
    from radfeat.ingest.deidentify.subjects import read_subjects
    from radfeat.ingest.deidentify.vocabulary import read_words

    _require_apart(source, target, key)
    listed = None if subjects is None else read_subjects(subjects)
    extra = frozenset() if words is None else read_words(words)
    if new_key:
        write_new_secret(key)
        click.echo("A new key was made. Keep it: without it, later visits get other names, UIDs and dates.")
    profile = Profile(read_secret(key), listed, extra)
    require_own_target(target, profile)
    with _bar() as progress:
        outcomes = deidentify_tree(
            source, target, profile, workers=workers or os.cpu_count() or 1, progress=progress
        )
    write_reports(target, outcomes, source)
    for what, detail, count in summarise(outcomes):
        if what.startswith("file"):
            click.echo(f"{count:>8}  {what}: {detail}")
    if not any(outcome.output for outcome in outcomes):
        raise InputError("no file could be written", remedy="See quarantine.csv and private/quarantine.csv")
    click.echo("Hand on the folder dicom only: private says who is who.")


def _require_apart(source: Path, target: Path, key: Path) -> None:
    """Source, target and key must not lie in each other: one is handed on, the others never."""
    here, there = source.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise SettingsError(
            "source and target lie in each other", key="--to", remedy="Name a folder outside the source"
        )
    if there in key.resolve().parents:
        raise SettingsError(
            "the key lies in the target", key="--key", remedy="Keep it where the target's readers cannot go"
        )


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, no line elsewhere; it shows counts, never a path."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield show
