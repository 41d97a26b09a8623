"""The rows of a bucket as a file: paths from the study's folder, and size and time of every file."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.volume_files import list_files
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
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def list_stats(path: Path) -> tuple[list[Any] | None, ...]:
    """Size and time of each file that a path of the sheet stands for; of a series' many files in one entry.

    That entry holds how many files there are, their size together, and a digest of their names, sizes, times.
    """
    parts = list_files(path)
    each = [stat_of(part) for part in parts]
    if len(parts) <= _FILES_OF_A_VOLUME:
        return tuple(each)
    named = [[_name_file(part, path), stat] for part, stat in zip(parts, each, strict=True)]
    return ([len(parts), sum(stat[0] for stat in each if stat), compute_json_digest(named)],)


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
        "image": os.path.relpath(row.image, base),
        "mask": os.path.relpath(row.mask, base),
        "label": row.label,
        "role": row.role,
        "scanner": row.scanner,
        "reader_id": row.reader_id,
        "day": row.day,
        "stat": [*stats(row.image), *stats(row.mask)],
    }


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
    )
