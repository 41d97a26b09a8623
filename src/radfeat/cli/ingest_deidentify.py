"""``radfeat ingest deidentify``: a copy of a DICOM tree that names nobody."""

import os
from pathlib import Path

import click

from radfeat.cli.bar import show_progress
from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER
from radfeat.core.errors import InputError, SettingsError


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
    from radfeat.ingest.deidentify.reports import mark_target, require_own_target, summarise
    from radfeat.ingest.deidentify.run import deidentify_tree
    from radfeat.ingest.deidentify.secret import read_secret, write_new_secret
    from radfeat.ingest.deidentify.subjects import read_subjects
    from radfeat.ingest.deidentify.vocabulary import read_words
    from radfeat.ingest.inventory.subjects import tell_joined

    _require_apart(source, target, key)
    listed = None if subjects is None else read_subjects(subjects)
    joined = tell_joined((patient, subject) for (patient, _), subject in (listed or {}).items())
    if joined:
        click.echo(joined, err=True)
    extra = frozenset() if words is None else read_words(words)
    if new_key:
        require_own_target(target, None)
        write_new_secret(key)
        click.echo("A new key was made. Keep it: without it, later visits get other names, UIDs and dates.")
    profile = Profile(read_secret(key), listed, extra)
    require_own_target(target, profile.secret.fingerprint)
    mark_target(target, profile.secret.fingerprint)
    with show_progress("files") as progress:
        delivery = deidentify_tree(
            source, target, profile, workers=workers or os.cpu_count() or 1, progress=progress
        )
    for what, detail, count in summarise(delivery.outcomes, len(delivery.taken_back)):
        if what.startswith("file"):
            click.echo(f"{count:>8}  {what}: {detail}")
    if not any(outcome.output for outcome in delivery.outcomes):
        raise InputError(
            "no file could be written",
            remedy=f"See quarantine.csv, and private/{delivery.number}/quarantine.csv for the paths",
        )
    click.echo("Hand on the folder dicom only: private says who is who.")


def _require_apart(source: Path, target: Path, key: Path) -> None:
    """Source, target and key must not lie in each other: one is handed on, the others never."""
    here, there = source.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise SettingsError(
            "source and target lie in each other", key="--to", remedy="Name a folder outside the source"
        )
    if here in key.resolve().parents:
        raise SettingsError(
            "the key lies in the source", key="--key", remedy="Keep it apart: the source is only read"
        )
    if there in key.resolve().parents:
        raise SettingsError(
            "the key lies in the target", key="--key", remedy="Keep it where the target's readers cannot go"
        )
