"""What may be taken away from a results folder, and what never: inputs, and results that know the arms."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from radfeat.config.model import StudySettings
from radfeat.core.errors import SettingsError
from radfeat.core.files import is_temporary
from radfeat.pipeline.chunk import open_cache
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.lock_evidence import find_locks
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.perturb import open_perturb_cache
from radfeat.pipeline.plan import Plan

RESULT_NAMES = (
    "benchmarks",
    "blinded",
    "cache",
    "logs",
    "plan",
    "prepared",
    "progress",
    "report.html",
    "run_config.yaml",
    "unblinded",
    "work",
)
"""What radfeat writes at the top of a results folder; nothing else in it is ever removed."""


class Extent(StrEnum):
    """How much is taken away."""

    LEFTOVERS = "leftovers"
    """Files of killed jobs; records and crops of settings that are no longer the study's."""
    CACHE = "cache"
    """Also all that only saves time: the next run measures everything again, to the same numbers."""
    RESULTS = "results"
    """Also the results. Refused where the arms were read: the analysis is locked then."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go: paths, each file or folder named once, and their size in bytes."""

    paths: tuple[Path, ...]
    size: int


def list_removals(folder: ResultsFolder, plan: Plan, settings: StudySettings, extent: Extent) -> Removal:
    """What an extent takes away, refused where it would take what must stay.

    Raises
    ------
    SettingsError
        If an input of the study lies in what would be removed, or the results are locked.
    """
    paths = {path for path in _list_paths(folder, plan, extent) if os.path.lexists(path)}
    top = sorted(path for path in paths if not any(parent in paths for parent in path.parents))
    if extent is Extent.RESULTS:
        _require_unlocked(folder)
    _require_no_input(top, folder, plan, settings)
    return Removal(tuple(top), sum(_measure(path) for path in top))


def remove(removal: Removal) -> None:
    """Take away what was listed; links go, what they point to stays."""
    for path in removal.paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _list_paths(folder: ResultsFolder, plan: Plan, extent: Extent) -> Iterator[Path]:
    if extent is Extent.RESULTS:
        yield from (folder.root / name for name in RESULT_NAMES)
        return
    if extent is Extent.CACHE:
        yield from (folder.cache, folder.prepared, folder.work("0").parent, folder.progress("0").parent)
    yield from _list_leftovers(folder, plan)


def _list_leftovers(folder: ResultsFolder, plan: Plan) -> Iterator[Path]:
    for name in RESULT_NAMES:
        top = folder.root / name
        if top.is_dir() and not top.is_symlink():
            yield from (path for path in top.rglob(".*.tmp*") if is_temporary(path))
    present = {
        cache.settings_digest[:16] for cache in (open_cache(folder, plan), open_perturb_cache(folder, plan))
    }
    yield from (p for p in folder.cache.glob("*/*.json.gz") if _digest_of(p) not in present)
    crops = folder.prepared_by(plan.case_digest)
    yield from (p for p in folder.prepared.glob("*") if p != crops)


def _digest_of(record: Path) -> str:
    return record.name.removesuffix(".json.gz").rpartition("-")[2]


def _require_unlocked(folder: ResultsFolder) -> None:
    if any(folder.readings.glob("*.json")) or find_locks(folder):
        raise SettingsError(
            "the results are locked: the arms have been read, and what they were read with is on record here",
            key=str(folder.root),
            remedy="Remove them by hand if the record may go, or clean with --cache only",
        )


def _require_no_input(
    paths: Iterable[Path], folder: ResultsFolder, plan: Plan, settings: StudySettings
) -> None:
    base = (folder.root / plan.base).resolve()
    going = [path.resolve() for path in paths if not path.is_symlink()]
    for name in _list_inputs(folder, plan, settings, base):
        real = name.resolve()
        for path in going:
            if real == path or path in real.parents:
                raise SettingsError(
                    "an input of the study lies in what would be removed",
                    key=str(path),
                    remedy="Move the study's inputs out of the results folder",
                )


def _list_inputs(folder: ResultsFolder, plan: Plan, settings: StudySettings, base: Path) -> Iterator[Path]:
    named = (settings.images, settings.clinical, settings.parameter_file, settings.protocol_file)
    yield from (base / name for name in named if name is not None)
    for bucket in plan.buckets:
        if folder.manifest(bucket).is_file():
            for row in read_manifest(folder, bucket, base):
                yield from (row.image, row.mask)


def _measure(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir() or file.is_symlink())
