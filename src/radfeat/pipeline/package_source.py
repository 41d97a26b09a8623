"""V0 of a package: are the inputs at hand those that the run read? By hash, else by voxels."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from radfeat.core.errors import CaseError, SubmissionError
from radfeat.ingest.case_reader import ReadImage, read_image, read_pair
from radfeat.ingest.image_sheet import ImageRow, read_image_sheet
from radfeat.ingest.settings import IngestSettings
from radfeat.pipeline.package_inputs import (
    SHEET_ROLES,
    InputFile,
    InputManifest,
    InputObject,
    find_layout,
    hash_input,
)
from radfeat.submission.levels import Difference, Kind, Level, LevelVerdict, Outcome

Locate = Callable[[str], Path]
"""From a path in the manifest to where the file lies."""


@dataclass(frozen=True, slots=True)
class Source:
    """The inputs at hand: the manifest, and where the files lie."""

    manifest: InputManifest
    locate: Locate
    sheet: Path


def read_manifest(package: Path) -> InputManifest:
    """The manifest of a package's inputs.

    Raises
    ------
    SubmissionError
        It cannot be read.
    """
    path = package / "data" / "inputs" / "manifest.json"
    try:
        return InputManifest.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise SubmissionError(
            "the manifest of the inputs cannot be read", key="inputs/manifest.json"
        ) from None


def find_source(package: Path, given: Path | None) -> Source | None:
    """Where the inputs lie: in the package, or in the folder that was given; None where in neither.

    Parameters
    ----------
    package
        The package.
    given
        A folder laid out like the study's: that of its ``config.yaml``.
    """
    manifest = read_manifest(package)
    layout, files = find_layout(manifest), package / "data" / "inputs" / "files"
    sheets = {item.path for item in manifest.objects if item.role in SHEET_ROLES}
    if given is None and not manifest.copied:
        return None

    def locate(path: str) -> Path:
        if given is None or path in sheets:
            return files / layout.place(path)
        return given / path

    image_sheet = next(item.path for item in manifest.objects if item.role == SHEET_ROLES[0])
    return Source(manifest, locate, files / layout.place(image_sheet))


def check_inputs(source: Source | None, settings: IngestSettings) -> LevelVerdict:
    """Judge V0 by the files at hand."""
    if source is None:
        return LevelVerdict(
            Level.INPUT,
            Outcome.NOT_CHECKED,
            "the inputs are not in the package; name the study's folder with --inputs",
        )
    present = _hash_all(source)
    remarks: list[Difference] = []
    differences: list[Difference] = []
    for item in source.manifest.objects:
        if item.role in SHEET_ROLES or all(present[file.path] == file for file in item.files):
            continue
        same, difference = _judge_object(item, source, settings, present)
        (remarks if same else differences).append(difference)
    files = len(present)
    noted = f"; {len(remarks)} differ in their headers alone" if remarks else ""
    if differences:
        sentence = f"{len(differences)} images or masks are not those of the run{noted}"
        return LevelVerdict(Level.INPUT, Outcome.FAILS, sentence, tuple(differences), tuple(remarks))
    return LevelVerdict(
        Level.INPUT, Outcome.HOLDS, f"{files} files are those that the run read{noted}", (), tuple(remarks)
    )


def _hash_all(source: Source) -> dict[str, InputFile]:
    return {path: hash_input(source.locate(path), path) for path in source.manifest.list_files()}


def _judge_object(
    item: InputObject, source: Source, settings: IngestSettings, present: dict[str, InputFile]
) -> tuple[bool, Difference]:
    """Whether an object whose files differ has the same voxels and geometry, and the difference in words."""
    file = next(f for f in item.files if present[f.path] != f)
    found = present[file.path].sha256 or "no file"
    note = "the file differs, voxels and geometry do not"
    if item.voxel_digest is None:
        return False, Difference(Kind.FILE, item.role, item.key, "SHA-256", file.sha256 or "no file", found)
    try:
        digest = _digest_voxels(item, source, settings)
    except CaseError as error:
        return False, Difference(Kind.FILE, item.role, item.key, note=error.sentence.removesuffix("."))
    if digest == item.voxel_digest:
        return True, Difference(Kind.FILE, item.role, item.key, "SHA-256", file.sha256 or "", found, note)
    return False, Difference(Kind.FILE, item.role, item.key, "voxel digest", item.voxel_digest, digest)


def _digest_voxels(item: InputObject, source: Source, settings: IngestSettings) -> str:
    row = next(row for row in _list_rows(source) if item.key in (row.key.case.case_id, row.key.roi_id))
    image: ReadImage = read_image(row, settings)
    if item.role == "image":
        return image.voxel_digest
    return read_pair(image, row, settings).provenance.mask_voxel_digest


def _list_rows(source: Source) -> Iterator[ImageRow]:
    """The rows of the packaged sheet, with paths to where the files lie at hand."""
    paths = {(item.role, item.key): item.path for item in source.manifest.objects}
    rows: Sequence[ImageRow] = read_image_sheet(source.sheet)
    for row in rows:
        image = source.locate(paths["image", row.key.case.case_id])
        mask = source.locate(paths["mask", row.key.roi_id])
        yield ImageRow(
            row.key,
            row.modality,
            image,
            mask,
            row.label,
            row.role,
            row.scanner,
            row.reader_id,
            row.day,
            row.line,
        )
