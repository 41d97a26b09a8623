"""The lock of the inputs: from when it is set, a run with any other image, mask or sheet stops and names it.

Locking them is a person's decision, as the lock of a trial's database is; ``radfeat freeze`` takes it. A file
of the same size and time as then is taken for the same; of any other its SHA-256 decides.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from radfeat.config.model import StudySettings
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.files import write_text
from radfeat.core.provenance import compute_file_sha256
from radfeat.ingest.formats import list_files
from radfeat.ingest.image_sheet import ImageRow, read_image_sheet
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import stat_of

SHEET = "file "
"""How the key of a sheet, or of a file of settings, begins."""

_NAMED = 5
"""So many changed inputs are named; of the others the number is said."""

_RESTORE = (
    "Restore what was locked, or lift the lock with `radfeat freeze --lift`, which the audit trail keeps"
)

Entry = dict[str, Any]
"""Of one input: ``stats`` (size, time) of its files, and one ``digest`` of their content."""


def _list_sheets(settings: StudySettings, base: Path) -> Mapping[str, Path]:
    """The sheets and files of settings that a study names, and that are there, by their names."""
    named = (settings.images, settings.clinical, settings.parameter_file, settings.protocol_file)
    return {f"{SHEET}{name}": base / name for name in named if name is not None and (base / name).is_file()}


def lock_inputs(folder: ResultsFolder, settings: StudySettings, base: Path) -> str:
    """Lock every input of a study as it is now; return the digest of them all.

    Raises
    ------
    TableError
        If the image sheet has faults, or the inputs are locked already.
    """
    if folder.inputs_lock.is_file():
        raise TableError(
            "the inputs are locked already",
            key=folder.inputs_lock.name,
            remedy="Lift the lock with `radfeat freeze --lift` first",
        )
    base = base.resolve()
    paths = list_inputs(read_image_sheet(base / settings.images), settings, base)
    entries = {name: _describe(path) for name, path in paths.items()}
    write_text(folder.inputs_lock, json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return compute_json_digest({name: entry["digest"] for name, entry in entries.items()})


def lift_lock(folder: ResultsFolder) -> None:
    """Let the inputs change again.

    Raises
    ------
    TableError
        If they are not locked.
    """
    if not folder.inputs_lock.is_file():
        raise TableError("the inputs are not locked", key=str(folder.root))
    folder.inputs_lock.unlink()


def require_locked_inputs(
    folder: ResultsFolder, rows: Sequence[ImageRow], settings: StudySettings, base: Path
) -> None:
    """Refuse to go on where an input is not the one that was locked; nothing where none is locked.

    Raises
    ------
    TableError
        Naming the inputs that changed, came or went.
    """
    if not folder.inputs_lock.is_file():
        return
    locked: dict[str, Entry] = json.loads(folder.inputs_lock.read_text(encoding="utf-8"))
    changed = list(_compare(locked, list_inputs(rows, settings, base)))
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        raise TableError(
            f"the inputs are locked, and not as they were: {', '.join(changed[:_NAMED])}{more}",
            key=folder.inputs_lock.name,
            remedy=_RESTORE,
        )


def require_locked_sheet(folder: ResultsFolder, name: str, base: Path) -> None:
    """Refuse to read a sheet that is not the one that was locked; nothing where none is locked.

    Raises
    ------
    TableError
        If it changed.
    """
    if folder.inputs_lock.is_file():
        locked: dict[str, Entry] = json.loads(folder.inputs_lock.read_text(encoding="utf-8"))
        key = f"{SHEET}{name}"
        if key not in locked or locked[key]["digest"] != _digest(base / name):
            raise TableError("the sheet is locked, and not as it was", key=name, remedy=_RESTORE)


def _compare(locked: Mapping[str, Entry], paths: Mapping[str, Path]) -> Iterator[str]:
    for name in sorted(locked.keys() | paths.keys()):
        if name not in paths:
            yield f"{name} (gone)"
        elif name not in locked:
            yield f"{name} (new)"
        elif not _is_as_locked(paths[name], locked[name]):
            yield f"{name} (changed)"


def _is_as_locked(path: Path, locked: Entry) -> bool:
    stats = [stat_of(part) for part in list_files(path)]
    return bool(stats == locked["stats"] or _digest(path) == locked["digest"])


def list_inputs(rows: Sequence[ImageRow], settings: StudySettings, base: Path) -> dict[str, Path]:
    """Every input by its key: no path, which may be named after someone."""
    found = dict(_list_sheets(settings, base))
    for row in rows:
        found[f"image {row.key.case.case_id}"] = row.image
        found[f"mask {row.key.roi_id}"] = row.mask
    return found


def _describe(path: Path) -> Entry:
    stats = [stat_of(part) for part in list_files(path)]
    return {"stats": stats, "digest": _digest(path)}


def _digest(path: Path) -> str:
    """Of all files of an input, in their order; a missing one stands as none."""
    parts = list_files(path)
    return compute_json_digest([compute_file_sha256(part) if part.is_file() else None for part in parts])
