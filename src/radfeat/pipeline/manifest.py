"""The rows of a bucket as a file: paths from the study's folder, and size and time of every file."""

import json
import os
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.ingest.formats import is_lone_file, list_files
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.folders import ResultsFolder

Stats = Callable[[Path], tuple[list[Any] | None, ...]]

_FILES_OF_A_VOLUME = 2
"""A header and a data file; more are the slices of a series."""


def read_manifest(folder: ResultsFolder, bucket: str, base: Path) -> tuple[ImageRow, ...]:
    """The rows of one bucket, their paths hung from ``base`` again."""
    return tuple(_row_from_json(row, base) for row in read_json(folder.manifest(bucket)))


def read_json(path: Path) -> Any:
    """A file of the plan; TableError where there is no plan."""
    if not path.is_file():
        raise TableError(
            "there is no plan here", key=str(path), remedy="Run `radfeat run` or `radfeat plan` first"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def stat_of(path: Path) -> list[int] | None:
    """Size (bytes) and modification time (ns) of a file; None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def list_stats(path: Path) -> tuple[list[Any] | None, ...]:
    """Size and time of each file that a path of the sheet stands for; of a series' many files in one entry.

    That entry holds how many files there are, their size together, and a digest of their names, sizes, times.
    """
    if is_lone_file(path):
        # Most rows name such files, and asking twice for 200,000 files is felt on a shared file system.
        try:
            found = path.stat()
        except OSError:
            return (None,)
        if not stat.S_ISDIR(found.st_mode):
            return ([found.st_size, found.st_mtime_ns],)
    parts = list_files(path)
    each = [stat_of(part) for part in parts]
    if len(parts) <= _FILES_OF_A_VOLUME:
        return tuple(each)
    named = [[_name_file(part, path), known] for part, known in zip(parts, each, strict=True)]
    return ([len(parts), sum(known[0] for known in each if known), compute_json_digest(named)],)


def _name_file(part: Path, path: Path) -> str:
    """The place of a file from that of another; bytes that are no text as escapes."""
    return os.fsencode(os.path.relpath(part, path.parent)).decode("utf-8", "backslashreplace")


def row_to_json(row: ImageRow, base: Path, stats: Stats) -> dict[str, Any]:
    """A row of the image sheet, its paths from ``base``, and with the sizes and times of its files."""
    case = row.key.case
    return {
        "case": [case.study_id, case.site_id, case.subject_id, case.timepoint, case.image_id],
        "roi": row.key.roi,
        "lesion_id": row.key.lesion_id,
        "modality": row.modality.value,
        "image": _relate(row.image, base),
        "mask": _relate(row.mask, base),
        "label": row.label,
        "role": row.role,
        "scanner": row.scanner,
        "reader_id": row.reader_id,
        "day": row.day,
        **({} if row.exclude_reason is None else {"exclude_reason": row.exclude_reason}),
        "stat": [*stats(row.image), *stats(row.mask)],
    }


def _relate(path: Path, base: Path) -> str:
    """``os.path.relpath``, at the cost of one look-up where many files lie in one folder."""
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        return os.path.relpath(path, base)
    place = _relate_folder(folder, base)
    return name if place == "." else f"{place}/{name}"


@lru_cache(maxsize=4096)
def _relate_folder(folder: str, base: Path) -> str:
    return os.path.relpath(folder, base)


def _row_from_json(data: dict[str, Any], base: Path) -> ImageRow:
    return ImageRow(
        key=RoiKey(CaseKey(*data["case"]), data["roi"], data["lesion_id"]),
        modality=Modality(data["modality"]),
        image=base / data["image"],
        mask=base / data["mask"],
        label=data["label"],
        role=data["role"],
        scanner=data["scanner"],
        reader_id=data["reader_id"],
        day=data["day"],
        line=0,
        exclude_reason=data.get("exclude_reason"),
    )
