"""The cache: one record per case and settings, so that a rerun computes only what is missing.

A record is valid while the case's files have the size and time that they had, or, failing that, the
same SHA-256. It is written whole or not at all, so a run can be killed at any moment.
"""

import gzip
import json
import platform
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from radfeat.core.digest import compute_json_digest
from radfeat.core.files import write_atomically
from radfeat.core.provenance import compute_file_sha256
from radfeat.core.version import NUMBERS_VERSION
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.volume_files import list_files
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import stat_of
from radfeat.pipeline.records import CaseRecord

NUMERIC_PACKAGES = ("SimpleITK", "numpy", "PyWavelets", "scipy", "scikit-image")
ENGINE_PACKAGES = ("pyradiomics-bhklab", "pyradiomics")
"""PyRadiomics by its name in the lock, and by its name on conda-forge."""


def compute_code_digest() -> str:
    """Digest of the code that makes the numbers: radfeat's numbers version and the libraries' versions."""
    libraries = {name: version(name) for name in (_find_engine(), *NUMERIC_PACKAGES)}
    return compute_json_digest([NUMBERS_VERSION, libraries, platform.machine()])


def _find_engine() -> str:
    for name in ENGINE_PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise PackageNotFoundError(" or ".join(ENGINE_PACKAGES))


@dataclass(frozen=True, slots=True)
class CaseCache:
    """The cache of one results folder under one set of settings."""

    folder: ResultsFolder
    settings_digest: str

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
        if not self._previews_exist(record):
            return None
        files = fingerprint(rows, kept["files"])
        if [f["sha256"] for f in files] != [f["sha256"] for f in kept["files"]]:
            return None
        if files != kept["files"]:
            self._write(rows, kept["record"], files)
        return record

    def store(self, rows: Sequence[ImageRow], record: CaseRecord, files: list[dict[str, Any]]) -> None:
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


def fingerprint(rows: Sequence[ImageRow], known: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Size, time, SHA-256 of each file of a case, in sheet order; hashed only where size or time is new."""
    memo = {(i, *f["stat"]): f["sha256"] for i, f in enumerate(known) if f["stat"] is not None}
    named = [rows[0].image, *(row.mask for row in rows)]
    result = []
    for i, path in enumerate(dict.fromkeys(part for file in named for part in list_files(file))):
        stat = stat_of(path)
        sha256 = None if stat is None else memo.get((i, *stat)) or _hash(path)
        result.append({"stat": stat, "sha256": sha256})
    return result


def _hash(path: Path) -> str | None:
    try:
        return compute_file_sha256(path)
    except OSError:
        return None


def _identity(rows: Sequence[ImageRow]) -> list[list[Any]]:
    """All that the sheet says of a case, but for paths: a moved file is the same file."""
    return [[r.key.roi_id, r.modality.value, r.label, r.role, r.scanner, r.reader_id, r.day] for r in rows]


def _read(path: Path) -> Any:
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error, ValueError):
        return None  # absent, or damaged on disk: computed again
