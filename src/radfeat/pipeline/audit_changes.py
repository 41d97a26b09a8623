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
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.inputs_lock import list_sheets
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import read_plan
from radfeat.tables.describe import locate_table
from radfeat.tables.parquet import read_columns
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import ROIS, SERIES, TableSchema

UNREADABLE = "unreadable"
"""Stands for the digest of an image or mask that could not be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event without its witness."""

    action: AuditAction
    subject: str
    digest: str
    reason: str


def read_inputs(folder: ResultsFolder, settings: StudySettings, base: Path) -> dict[str, str]:
    """Digest of every input of a run that is measured, by key, in the order of the keys."""
    found = {name: compute_file_sha256(path) for name, path in list_sheets(settings, base).items()}
    found |= _read_digests(folder, SERIES, "image")
    found |= _read_digests(folder, ROIS, "mask")
    return dict(sorted(found.items()))


def _read_digests(folder: ResultsFolder, schema: TableSchema, what: str) -> dict[str, str]:
    """Digests of all images, or all masks, as the table has them that is unique by their key."""
    path = locate_table(folder.blinded, schema)
    if not is_table(path):
        return {}
    keys, digests = read_columns(path, schema, [*schema.key, f"{what}_sha256"]).columns
    pairs = zip(keys.to_pylist(), digests.to_pylist(), strict=True)
    return {f"{what} {key}": digest or UNREADABLE for key, digest in pairs}


def note_inputs(folder: ResultsFolder, settings: StudySettings, base: Path) -> list[Change]:
    """What changed among the inputs since the last run, and keep what there is now.

    Of a first run it is one event, with the digest of the list of all inputs in ``plan/inputs.txt``.
    """
    now = read_inputs(folder, settings, base)
    before = _read_seen(folder.inputs_seen)
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
