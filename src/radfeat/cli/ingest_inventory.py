"""``radfeat ingest inventory``: the series of a DICOM tree, and the draft of the image sheet."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.bar import show_progress
from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER, resolve_config
from radfeat.core.vocabulary import ExitCode

if TYPE_CHECKING:
    from radfeat.ingest.deidentify.secret import Secret
    from radfeat.ingest.inventory.inventory import Inventory
    from radfeat.ingest.settings import IngestSettings

CONFIG = """\
# Written by `radfeat ingest inventory`; `radfeat settings` prints all that can be set, with its defaults.
study: {study}
images: images.csv
results: results
"""


@click.command(
    epilog="\b\nExamples:\n"
    "  radfeat ingest inventory dicom                     # in ./inventory, with pseudonyms\n"
    "  radfeat ingest inventory dicom --to visit-2 --key inventory/private/key\n"
    "  radfeat ingest inventory dicom --subjects subjects.csv --site-from folder\n"
    "  radfeat ingest inventory dicom --config study/config.yaml  # its patterns for ROIs"
)
@click.argument("folder", metavar="DIR", type=EXISTING_FOLDER)
@click.option("--to", "target", type=ANY_PATH, help="A new folder (default: inventory, beside DIR).")
@click.option("--config", type=ANY_PATH, help="Take patterns and tolerances from this config.yaml.")
@click.option("--study", default="study", show_default=True, help="The study_id of all rows.")
@click.option("--site", help="The site_id of all rows (default: site).")
@click.option(
    "--site-from", type=click.Choice(["folder"]), help="Call sites after the first folders below DIR."
)
@click.option("--subjects", type=ANY_PATH, help="CSV with patient_id, subject_id and, if you like, site_id.")
@click.option(
    "--subject-id",
    type=click.Choice(["pseudonym", "patient-id"]),
    default="pseudonym",
    show_default=True,
    help="What subjects are called; patient-id is for data that are de-identified already.",
)
@click.option("--key", type=ANY_PATH, help="Key of the pseudonyms (default: a new one, in private/key).")
@click.option("--workers", type=click.IntRange(min=1), help="Processes to read with; all cores by default.")
def inventory(
    folder: Path,
    target: Path | None,
    config: Path | None,
    study: str,
    site: str | None,
    site_from: str | None,
    subjects: Path | None,
    subject_id: str,
    key: Path | None,
    workers: int | None,
) -> int:
    """List every series below DIR with a verdict, and draft the image sheet; reads headers only."""
    from radfeat.ingest.inventory.inventory import InventoryOptions, take_inventory
    from radfeat.ingest.inventory.output import require_new_folder, write_inventory
    from radfeat.ingest.inventory.subjects import read_subject_list

    _require_one_site(site, site_from)
    place = folder.resolve().parent / "inventory" if target is None else target.absolute()
    require_new_folder(place)
    secret = _find_secret(key)
    options = InventoryOptions(
        study_id=study,
        site_id=None if site_from else site or "site",
        derive=str if subject_id == "patient-id" else secret.derive_subject,
        listed=None if subjects is None else read_subject_list(subjects),
        settings=_read_ingest_settings(config),
        workers=workers or (os.cpu_count() or 1),
    )
    with show_progress("files") as watch:
        found = take_inventory(folder, options, watch)
    new_key = (
        None if key is not None or subjects is not None or subject_id == "patient-id" else secret.key.decode()
    )
    text = None if config is not None else CONFIG.format(study=_quote(study))
    write_inventory(place, found, study, key=new_key, config=text)
    for line in _summarise(found, place, config):
        click.echo(line)
    return ExitCode.DONE if _count_usable(found) else ExitCode.DATA


def _require_one_site(site: str | None, site_from: str | None) -> None:
    if site and site_from:
        raise click.UsageError("Give --site or --site-from, not both.")


def _find_secret(key: Path | None) -> "Secret":
    import secrets

    from radfeat.ingest.deidentify.secret import KEY_BYTES, Secret, read_secret

    return read_secret(key) if key is not None else Secret(secrets.token_hex(KEY_BYTES).encode())


def _read_ingest_settings(config: Path | None) -> "IngestSettings":
    from radfeat.config.reader import read_settings
    from radfeat.ingest.settings import IngestSettings

    return IngestSettings() if config is None else read_settings(resolve_config(config)).ingest


def _quote(text: str) -> str:
    """A text as a quoted value of YAML."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _count_usable(found: "Inventory") -> int:
    from radfeat.ingest.inventory.verdicts import Verdict

    return found.with_verdict(Verdict.USABLE) + found.with_verdict(Verdict.DOUBTFUL)


def _summarise(found: "Inventory", place: Path, config: Path | None) -> Iterator[str]:
    from radfeat.ingest.inventory.subjects import tell_joined
    from radfeat.ingest.inventory.verdicts import Verdict

    counts = ", ".join(f"{found.with_verdict(verdict)} {verdict}" for verdict in Verdict)
    subjects = {s.subject_id for s in found.subjects.values() if s.subject_id}
    rows = found.draft.rows
    yield f"Files: {found.files}, of which {len(found.skipped)} were passed over."
    for reason, number in sorted(Counter(entry.reason.value for entry in found.skipped).items()):
        yield f"  {number} {reason}"
    yield f"Series: {len(found.groups)} ({counts})."
    yield f"Subjects: {len(subjects)}."
    joined = tell_joined((p.patient_id, s.subject_id) for (p, _), s in found.subjects.items() if s.subject_id)
    if joined:
        yield f"  {joined}"
    drafted = len({row.owner.subject.subject_id for row in rows})
    yield f"Drafted: {len(rows)} ROIs in {len({row.image.key for row in rows})} images of {drafted} subjects."
    yield from _list_doubts(found)
    yield f"Wrote images.csv, series.csv, pairs.csv and README.txt to {place}; private/ names subjects."
    yield _say_next(place, config, bool(rows))


def _list_doubts(found: "Inventory") -> Iterator[str]:
    from radfeat.ingest.inventory.verdicts import Verdict

    undrafted = sum(bool(pairing.problem) for pairing in found.draft.pairings)
    looks = [
        (undrafted, "regions are not drafted: see pairs.csv"),
        (found.with_verdict(Verdict.UNUSABLE), "series are UNUSABLE: see series.csv"),
        (found.with_verdict(Verdict.DOUBTFUL), "series are DOUBTFUL: see series.csv"),
    ]
    told = [f"  {number} {what}" for number, what in looks if number]
    yield from ["Needs a look:", *told] if told else []


def _say_next(place: Path, config: Path | None, drafted: bool) -> str:
    if not drafted:
        return "Next: see the reasons in series.csv and pairs.csv; no row was drafted."
    if config is None:
        return f"Next: review {place / 'images.csv'}, then `radfeat run {place}`."
    return f"Next: review {place / 'images.csv'}, and let `images:` in {config} name it."
