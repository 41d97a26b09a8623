"""The inputs of a run as a package lists them: role, path, size, SHA-256, and the digest of the voxels."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from radfeat.config.model import StudySettings
from radfeat.core.errors import SubmissionError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.provenance import compute_file_sha256
from radfeat.ingest.formats import list_files
from radfeat.pipeline.ct_phantom import find_ct_phantom
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_json
from radfeat.pipeline.places import Layout, choose_layout
from radfeat.pipeline.plan import read_plan
from radfeat.tables.parquet import read_columns
from radfeat.tables.schemas import ROIS, SERIES

SHEET_ROLES = ("image sheet", "clinical sheet")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the run read: path from the study's folder, bytes, SHA-256; None: it was not there."""

    path: str
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class InputObject:
    """An image, a mask, a sheet or a phantom: its key, its path in the sheet, and the files behind it.

    ``voxel_digest`` is that of the run, None for sheets and for what could not be read.
    """

    role: str
    key: str
    path: str
    voxel_digest: str | None
    files: tuple[InputFile, ...]


@dataclass(frozen=True, slots=True)
class InputManifest:
    """All inputs; ``copied`` says whether the package holds the images, or only the sheets."""

    study: str
    copied: bool
    objects: tuple[InputObject, ...]

    def list_files(self) -> dict[str, InputFile]:
        """Each file once, by path."""
        return {file.path: file for item in self.objects for file in item.files}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "InputManifest":
        """What ``to_json`` gave."""
        objects = (
            InputObject(**{**item, "files": tuple(InputFile(**file) for file in item["files"])})
            for item in data["objects"]
        )
        return cls(data["study"], data["copied"], tuple(objects))


def find_base(folder: ResultsFolder) -> Path:
    """The study's folder, as the plan knows it."""
    return (folder.root.resolve() / read_plan(folder).base).resolve()


def build_manifest(folder: ResultsFolder, settings: StudySettings, *, copied: bool) -> InputManifest:
    """List the inputs of a run, and hash every file.

    Raises
    ------
    SubmissionError
        An image file is not the one that the run read.
    """
    base = find_base(folder)
    hashed: dict[str, InputFile] = {}
    objects = [
        _build_object(item, base, hashed)
        for item in (*_list_sheets(settings), *_list_volumes(folder), *_list_phantom(settings, base))
    ]
    layout = choose_layout([*hashed, *(item.path for item in objects)])
    _require_read(folder, objects)
    return InputManifest(layout.study, copied, tuple(objects))


def find_layout(manifest: InputManifest) -> Layout:
    """Where the study's files lie in the package."""
    return Layout(manifest.study.count("/"))


def _list_sheets(settings: StudySettings) -> Iterator[InputObject]:
    for role, path in zip(SHEET_ROLES, (settings.images, settings.clinical), strict=True):
        if path is not None:
            yield InputObject(role, role, path, None, ())


def _list_volumes(folder: ResultsFolder) -> Iterator[InputObject]:
    """Each image and mask of the image sheet, with the digest of its voxels that the run found."""
    images = _read_digests(folder, "series", "case_id", "voxel_digest")
    masks = _read_digests(folder, "rois", "roi_id", "mask_voxel_digest")
    seen = set()
    for row in _read_rows(folder):
        case, roi = name_keys(row)
        if case not in seen:
            seen.add(case)
            yield InputObject("image", case, row["image"], images.get(case), ())
        yield InputObject("mask", roi, row["mask"], masks.get(roi), ())


def _read_rows(folder: ResultsFolder) -> Iterator[dict[str, Any]]:
    for bucket in read_plan(folder).buckets:
        yield from read_json(folder.manifest(bucket))


def name_keys(row: Mapping[str, Any]) -> tuple[str, str]:
    """``case_id`` and ``roi_id`` of a planned row."""
    key = RoiKey(CaseKey(*row["case"]), row["roi"], row["lesion_id"])
    return key.case.case_id, key.roi_id


def _list_phantom(settings: StudySettings, base: Path) -> Iterator[InputObject]:
    if settings.ibsi_phantom is None:
        return
    for source, files in find_ct_phantom(base / settings.ibsi_phantom).items():
        for path in (files.image, files.mask):
            relative = os.path.relpath(path, base)
            yield InputObject("phantom", source.value, Path(relative).as_posix(), None, ())


def _read_digests(folder: ResultsFolder, table: str, key: str, column: str) -> dict[str, str | None]:
    schema = {"series": SERIES, "rois": ROIS}[table]
    rows = read_columns(folder.blinded / f"{table}.parquet", schema, [key, column])
    return dict(zip(rows[key].to_pylist(), rows[column].to_pylist(), strict=True))


def _build_object(item: InputObject, base: Path, hashed: dict[str, InputFile]) -> InputObject:
    """The same object with its files hashed; a file that several name is read once."""
    paths = [_relate(path, base) for path in list_files(base / item.path)]
    for path in paths:
        if path not in hashed:
            hashed[path] = hash_input(base / path, path)
    files = tuple(hashed[path] for path in paths)
    return InputObject(item.role, item.key, _relate(base / item.path, base), item.voxel_digest, files)


def hash_input(target: Path, path: str) -> InputFile:
    """Size and SHA-256 of a file; of one that is not there neither."""
    if not target.is_file():
        return InputFile(path, None, None)
    return InputFile(path, target.stat().st_size, compute_file_sha256(target))


def _relate(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _require_read(folder: ResultsFolder, objects: Sequence[InputObject]) -> None:
    """Refuse where an image or mask of one file has another hash than the one that was read."""
    known = {
        "image": _read_digests(folder, "series", "case_id", "image_sha256"),
        "mask": _read_digests(folder, "rois", "roi_id", "mask_sha256"),
    }
    for item in objects:
        was = known.get(item.role, {}).get(item.key)
        if was is not None and len(item.files) == 1 and item.files[0].sha256 != was:
            raise SubmissionError(
                f"the {item.role} is not the file that the run read",
                key=item.key,
                measured=item.files[0].sha256 or "no file",
                allowed=was,
                remedy="Run the study again, then package it",
            )


def rewrite_sheet(text: str, sheet: Path, base: Path) -> str:
    """The image sheet with every absolute path as one relative to the sheet's folder; else as it is."""
    reader = csv.reader(io.StringIO(text))
    absolute = {cell for row in reader for cell in row if cell.startswith("/")}
    for cell in sorted(absolute, key=len, reverse=True):
        text = text.replace(cell, os.path.relpath(Path(cell), (base / sheet).parent))
    return text
