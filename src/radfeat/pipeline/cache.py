"""The cache: one record per case and settings, so that a rerun computes only what is missing.

A record is valid while the case's files have the size and time that they had, or, failing that, the
same SHA-256. It is written whole or not at all, so a run can be killed at any moment.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radfeat.core.files import write_atomically
from radfeat.core.keys import stem_of
from radfeat.core.provenance import compute_file_sha256
from radfeat.ingest.formats import list_files
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import stat_of
from radfeat.pipeline.records import CaseRecord

Fingerprints = list[dict[str, Any]]
"""Of every file of a case: slot, place, size and time, SHA-256."""


@dataclass(frozen=True, slots=True)
class CaseCache:
    """The cache of one results folder under one set of settings; ``crops`` is where these keep crops."""

    folder: ResultsFolder
    settings_digest: str
    crops: Path | None = None

    def path(self, rows: Sequence[ImageRow]) -> Path:
        """Where the record of a case lies; no identity in the name."""
        stem = rows[0].key.case.stem
        return self.folder.cache / stem[:2] / f"{stem}-{self.settings_digest[:16]}.json.gz"

    def load(self, rows: Sequence[ImageRow]) -> CaseRecord | None:
        """The record of a case, if it is still that of these rows and these files."""
        kept = _read(self.path(rows))
        if kept is None or kept["settings"] != self.settings_digest or kept["rows"] != _identity(rows):
            return None
        record = CaseRecord.from_json(kept["record"])
        if not (self._previews_exist(record) and self._crops_exist(record)):
            return None
        files = fingerprint(rows, kept["files"])
        if _content(files) != _content(kept["files"]):
            return None
        if files != kept["files"]:
            self._write(rows, kept["record"], files)
        return record

    def store(self, rows: Sequence[ImageRow], record: CaseRecord, files: Fingerprints) -> None:
        """Keep a record with the fingerprints that its files had before they were read."""
        self._write(rows, record.to_json(), files)

    def _write(self, rows: Sequence[ImageRow], record: Any, files: list[dict[str, Any]]) -> None:
        kept = {"settings": self.settings_digest, "rows": _identity(rows), "files": files, "record": record}
        text = json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()
        packed = gzip.compress(text, compresslevel=1, mtime=0)
        write_atomically(self.path(rows), lambda temporary: temporary.write_bytes(packed))

    def _previews_exist(self, record: CaseRecord) -> bool:
        names = [roi.roi.get("preview") for roi in record.rois]
        return all((self.folder.previews / name).is_file() for name in names if name)

    def _crops_exist(self, record: CaseRecord) -> bool:
        if self.crops is None:
            return True
        stems = [stem_of(roi.roi["roi_id"]) for roi in record.rois if not roi.failed]
        return all((self.crops / f"{stem}_image.nii.gz").is_file() for stem in stems)


def fingerprint(rows: Sequence[ImageRow], known: Sequence[dict[str, Any]] = ()) -> Fingerprints:
    """Place, size, time and SHA-256 of every file of a case: those of the image, then of each row's mask.

    ``slot`` says which: 0 the image, then 1 for the first row. A file is hashed only where its place, size or
    time is not among the ``known``.
    """
    memo = {(f["place"], *f["stat"]): f["sha256"] for f in known if f["stat"] is not None}
    result = []
    for slot, file in enumerate((rows[0].image, *(row.mask for row in rows))):
        for path in list_files(file):
            place, stat = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16], stat_of(path)
            sha256 = None
            if stat is not None:
                sha256 = memo[place, *stat] = memo.get((place, *stat)) or _hash(path)
            result.append({"slot": slot, "place": place, "stat": stat, "sha256": sha256})
    return result


def _content(files: Sequence[dict[str, Any]]) -> list[tuple[int, str | None]]:
    """What a record depends on: which content stands in which slot, wherever the files lie."""
    return [(f["slot"], f["sha256"]) for f in files]


def _hash(path: Path) -> str | None:
    try:
        return compute_file_sha256(path)
    except OSError:
        return None


def _identity(rows: Sequence[ImageRow]) -> list[list[Any]]:
    """All that the sheet says of a case, but for paths: the files' content stands for them."""
    return [
        [r.key.roi_id, r.modality.value, r.label, r.role, r.scanner, r.reader_id, r.day]
        + ([] if r.exclude_reason is None else [r.exclude_reason])
        for r in rows
    ]


def _read(path: Path) -> Any:
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error, ValueError):
        return None  # absent, or damaged on disk: computed again
