"""What a run has to tell the audit trail: inputs that came, went or changed, and ROIs excluded by hand.

An input goes by its key (``image`` and a case, ``mask`` and an ROI, the name of a sheet), never by its path:
paths are named by the sites, perhaps after someone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from radfeat.config.model import StudySettings
from radfeat.core.audit import AuditAction, AuditLine
from radfeat.core.files import write_text
from radfeat.core.provenance import compute_file_sha256
from radfeat.ingest.formats import is_lone_file
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.inputs_lock import SHEET, list_inputs
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import read_plan
from radfeat.tables.describe import locate_table
from radfeat.tables.parquet import read_columns
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import ROIS, SERIES, TableSchema

NOT_MEASURED = "not measured"
"""Stands for the digest of an image or mask of several files of which nothing was ever measured."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event without its witness."""

    action: AuditAction
    subject: str
    digest: str
    reason: str


def read_inputs(
    folder: ResultsFolder, settings: StudySettings, base: Path, before: Mapping[str, str]
) -> dict[str, str]:
    """Digest of every input that is there, by key, in the order of the keys.

    Images and masks have the digest of their measurement. What was not measured, because its image or itself
    failed, is hashed where it is one file; of others nothing new is known, and ``before`` holds.
    """
    rows = [row for bucket in read_plan(folder).buckets for row in read_manifest(folder, bucket, base)]
    measured = {**_read_digests(folder, SERIES, "image"), **_read_digests(folder, ROIS, "mask")}
    found: dict[str, str] = {}
    for name, path in sorted(list_inputs(rows, settings, base).items()):
        if measured.get(name):
            found[name] = measured[name]
        elif path.is_file() and (is_lone_file(path) or name.startswith(SHEET)):
            found[name] = compute_file_sha256(path)
        elif path.exists():
            found[name] = before.get(name, NOT_MEASURED)
    return found


def _read_digests(folder: ResultsFolder, schema: TableSchema, what: str) -> dict[str, str]:
    """Digests of all images, or all masks, as the table has them that is unique by their key."""
    path = locate_table(folder.blinded, schema)
    if not is_table(path):
        return {}
    keys, digests = read_columns(path, schema, [*schema.key, f"{what}_sha256"]).columns
    pairs = zip(keys.to_pylist(), digests.to_pylist(), strict=True)
    return {f"{what} {key}": digest for key, digest in pairs if digest is not None}


def note_inputs(folder: ResultsFolder, settings: StudySettings, base: Path) -> list[Change]:
    """What changed among the inputs since the last run, and keep what there is now.

    Of a first run it is one event, with the digest of the list of all inputs in ``plan/inputs.txt``. Of a run
    that was stopped before its first tables it is nothing.
    """
    if not is_table(locate_table(folder.blinded, SERIES)):
        return []
    before = _read_seen(folder.inputs_seen)
    now = read_inputs(folder, settings, base, before or {})
    text = "".join(f"{digest}  {name}\n" for name, digest in now.items())
    write_text(folder.inputs_seen, text)
    if before is None:
        digest = compute_file_sha256(folder.inputs_seen)
        return [Change(AuditAction.INPUT_ADDED, f"{len(now)} inputs", digest, "All inputs of the first run.")]
    return list(_compare(before, now))


def _read_seen(path: Path) -> dict[str, str] | None:
    if not path.is_file():
        return None
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return {name: digest for digest, name in pairs}


def _compare(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | now.keys()):
        was, found = before.get(name), now.get(name)
        if found is None:
            yield Change(AuditAction.INPUT_REMOVED, name, "", f"It was {was}.")
        elif was is None:
            yield Change(AuditAction.INPUT_ADDED, name, found, "")
        elif was != found:
            yield Change(AuditAction.INPUT_REPLACED, name, found, f"It was {was}.")


def list_exclusions(folder: ResultsFolder, base: Path) -> dict[str, str]:
    """Why ROIs are excluded by hand, by ROI, as the plan has it from the image sheet."""
    rows = (row for bucket in read_plan(folder).buckets for row in read_manifest(folder, bucket, base))
    return {row.key.roi_id: row.exclude_reason for row in rows if row.exclude_reason is not None}


def compare_exclusions(trail: Iterable[AuditLine], now: Mapping[str, str]) -> Iterator[Change]:
    """Exclusions that the trail does not know yet, and those that it knows and that are no more."""
    known: dict[str, str] = {}
    for line in trail:
        if line.event.action is AuditAction.EXCLUSION:
            known[line.event.subject] = line.event.reason
        elif line.event.action is AuditAction.EXCLUSION_LIFTED:
            known.pop(line.event.subject, None)
    for name in sorted(known.keys() | now.keys()):
        if name not in now:
            yield Change(AuditAction.EXCLUSION_LIFTED, name, "", f"It was excluded because: {known[name]}")
        elif known.get(name) != now[name]:
            yield Change(AuditAction.EXCLUSION, name, "", now[name])
