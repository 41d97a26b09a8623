"""Writing a package: everything that is needed to check a run, and to run it again, in one BagIt folder."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from radfeat.config.lock import compute_lock_parts
from radfeat.config.model import StudySettings, compute_case_digest, compute_modelling_digest
from radfeat.core.errors import SubmissionError
from radfeat.core.files import is_temporary, write_folder_atomically, write_text
from radfeat.core.provenance import compute_file_sha256
from radfeat.core.version import VERSION
from radfeat.pipeline.audit_link import HEAD, TRAIL, check_trail, describe_trail, find_end
from radfeat.pipeline.code import compute_feature_code_digest, compute_model_code_digest
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.installation import (
    LOCK,
    describe_code,
    describe_machine,
    list_installed,
    list_workflow_files,
)
from radfeat.pipeline.package_crate import write_crate
from radfeat.pipeline.package_inputs import (
    InputManifest,
    build_manifest,
    find_base,
    find_layout,
    rewrite_sheet,
)
from radfeat.pipeline.plan import read_analysis_plan, read_plan
from radfeat.pipeline.run_lock import require_free
from radfeat.pipeline.run_pairs import list_tables
from radfeat.pipeline.seeds import describe_seeds
from radfeat.submission.bag import write_bag
from radfeat.submission.comparison import hash_table
from radfeat.submission.lock_file import parse_lock
from radfeat.submission.package_readme import write_readme
from radfeat.submission.sbom import build_sbom
from radfeat.submission.table_pairs import compute_digest, load_table
from radfeat.tables.parquet import read_identity
from radfeat.tables.schemas import TABLES

FORMAT = "radfeat-package/1"


@dataclass(frozen=True, slots=True)
class Packaged:
    """What was packaged: the study, how many tables and input files, bytes of the inputs that were copied.

    ``trail_faults`` says what was wrong with the audit trail before it was packaged.
    """

    study: str
    tables: int
    inputs: int
    copied_bytes: int
    trail_faults: tuple[str, ...] = ()


def write_package(
    folder: ResultsFolder, out: Path, threads: Mapping[str, str], *, copy_inputs: bool
) -> Packaged:
    """Write the package of a finished run.

    Parameters
    ----------
    folder
        The results folder.
    out
        The package's folder, which must not be there yet.
    threads
        The variables of the environment that set numbers of threads.
    copy_inputs
        Whether images, masks and phantom are copied; the sheets always are.

    Raises
    ------
    SubmissionError
        The folder is there, the run is not finished, or another installation made it, an input or a table
        changed since.
    """
    if out.exists():
        raise SubmissionError(
            "there is something at this path", key=str(out), remedy="Name another with --out"
        )
    require_free(folder.run_lock)
    settings = _read_settings(folder)
    _require_finished(folder, settings)
    _require_installation(folder)
    manifest = build_manifest(folder, settings, copied=copy_inputs)
    found: list[Packaged] = []
    write_folder_atomically(
        out.absolute(), lambda place: found.append(_fill(folder, settings, manifest, place, dict(threads)))
    )
    return found[0]


def _fill(
    folder: ResultsFolder,
    settings: StudySettings,
    manifest: InputManifest,
    place: Path,
    threads: dict[str, str],
) -> Packaged:
    _write_config(folder, settings, place)
    copied = _write_inputs(folder, manifest, settings, place)
    _write_code_and_environment(place, threads)
    tables = _write_outputs(folder, place)
    _write_trail(folder, place)
    date = find_date(folder)
    facts = _describe_package(folder, settings, manifest, date)
    _write_json(place / "package.json", facts)
    write_text(place / "README.md", write_readme(facts))
    write_crate(place, settings.study, facts, version("snakemake"))
    write_bag(place, {"Bagging-Date": date[:10], "Bag-Software-Agent": f"radfeat {VERSION}"})
    faults = check_trail(folder.root / TRAIL)
    return Packaged(settings.study, tables, len(manifest.list_files()), copied, faults)


def _read_settings(folder: ResultsFolder) -> StudySettings:
    if not folder.run_config.is_file():
        raise SubmissionError(
            "there is no run here", key=str(folder.root), remedy="Run the study first, or name its results"
        )
    return StudySettings.model_validate(yaml.safe_load(folder.run_config.read_text(encoding="utf-8")))


def _require_finished(folder: ResultsFolder, settings: StudySettings) -> None:
    needed = [folder.report, folder.blinded_report, folder.gate, folder.blinded / "datapackage.json"]
    needed += [folder.lock, folder.unblinded / "datapackage.json"] if settings.stratifies else []
    missing = [path.relative_to(folder.root).as_posix() for path in needed if not path.is_file()]
    if missing:
        raise SubmissionError(
            "the run is not finished",
            key=str(folder.root),
            measured=f"no {', '.join(missing)}",
            remedy="Run the study to its end first",
        )


def _require_installation(folder: ResultsFolder) -> None:
    """Refuse where the run was made by another installation: code and environment would be told wrongly."""
    plan, analysis = read_plan(folder), read_analysis_plan(folder)
    made = [plan.version, plan.code_digest, analysis.code_digest if analysis else None]
    here = [VERSION, compute_feature_code_digest(), compute_model_code_digest() if analysis else None]
    if made != here:
        raise SubmissionError(
            "another installation made these results",
            key=str(folder.root),
            measured=f"radfeat {VERSION} with other libraries or another processor",
            allowed=f"radfeat {plan.version} with those of the run",
            remedy="Package with the installation that ran the study, or run it again",
        )


def _write_config(folder: ResultsFolder, settings: StudySettings, place: Path) -> None:
    shutil.copyfile(folder.run_config, _make_room(place / "config" / "settings.yaml"))
    plan, analysis = read_plan(folder), read_analysis_plan(folder)
    digests: dict[str, Any] = {
        "run_id": plan.run_id,
        "case": compute_case_digest(settings),
        "modelling": compute_modelling_digest(settings),
        "lock_parts": compute_lock_parts(settings) if settings.stratifies else None,
        "feature_code": plan.code_digest,
        "model_code": analysis.code_digest if analysis else None,
    }
    _write_json(place / "config" / "digests.json", digests)
    _write_json(place / "config" / "seeds.json", describe_seeds(settings))


def _write_inputs(
    folder: ResultsFolder, manifest: InputManifest, settings: StudySettings, place: Path
) -> int:
    """Write the manifest, the sheets, and the images where they are to be copied; bytes of the latter."""
    base, layout = find_base(folder), find_layout(manifest)
    _write_json(place / "inputs" / "manifest.json", manifest.to_json())
    files = place / "inputs" / "files"
    sheets = [path for path in (settings.images, settings.clinical) if path is not None]
    for sheet in sheets:
        shutil.copyfile(base / sheet, _make_room(files / layout.place(_relative(sheet, base))))
    images = files / layout.place(_relative(settings.images, base))
    raw = images.read_bytes().decode("utf-8-sig")
    rewritten = rewrite_sheet(raw, Path(settings.images), base)
    if rewritten != raw:
        write_text(images, rewritten)
    if not manifest.copied:
        return 0
    size = 0
    for path, file in manifest.list_files().items():
        target = files / layout.place(path)
        if file.sha256 is not None and not target.exists():
            shutil.copyfile(base / path, _make_room(target))
            size += file.size or 0
    return size


def _relative(path: str, base: Path) -> str:
    """A path of the settings, from the study's folder."""
    return path if not path.startswith("/") else Path(os.path.relpath(path, base)).as_posix()


def _write_code_and_environment(place: Path, threads: dict[str, str]) -> None:
    _write_json(place / "code" / "code.json", describe_code())
    for name, path in list_workflow_files().items():
        shutil.copyfile(path, _make_room(place / "code" / name))
    lock = LOCK.read_text(encoding="utf-8") if LOCK.is_file() else ""
    if lock:
        write_text(_make_room(place / "env" / "requirements.lock"), lock)
    write_text(
        _make_room(place / "env" / "sbom.cdx.json"),
        build_sbom(list_installed(), parse_lock(lock), ("radfeat", VERSION)),
    )
    _write_json(place / "env" / "environment.json", describe_machine(threads))


def _write_outputs(folder: ResultsFolder, place: Path) -> int:
    """Copy both halves, the reports, the records of the lock and the logs; how many tables."""
    outputs = place / "outputs"
    for half in (folder.blinded, folder.unblinded):
        if half.is_dir():
            shutil.copytree(half, outputs / half.name, ignore=_ignore, copy_function=shutil.copyfile)
    for decision in (folder.gate, folder.override):
        if decision.is_file():
            shutil.copyfile(decision, _make_room(outputs / decision.relative_to(folder.root)))
    if folder.readings.is_dir():
        shutil.copytree(
            folder.readings, outputs / folder.readings.relative_to(folder.root), copy_function=shutil.copyfile
        )
    shutil.copyfile(folder.report, _make_room(place / "report" / "report.html"))
    for log in sorted(folder.logs.rglob("*.log")) if folder.logs.is_dir() else ():
        # Snakemake's own log names folders of the machine; those of the jobs name keys.
        if log.name != "snakemake.log":
            shutil.copyfile(log, _make_room(place / "logs" / log.relative_to(folder.logs)))
    digests = describe_tables(ResultsFolder(outputs))
    _write_json(outputs / "digests.json", digests)
    return len(digests)


def _ignore(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if is_temporary(Path(folder) / name)}


def describe_tables(folder: ResultsFolder) -> dict[str, dict[str, str]]:
    """Of each table SHA-256 of the file and logical digest, computed again from what it says.

    Raises
    ------
    SubmissionError
        A table is not what was written.
    """
    found = {}
    for name, path in list_tables(folder).items():
        schema = TABLES[path.stem]
        digest, written = compute_digest(load_table(path, schema), schema), read_identity(path).logical_digest
        if digest != written:
            raise SubmissionError(
                "the table is not what the run wrote",
                key=name,
                measured=f"logical digest {digest}",
                allowed=written,
                remedy="Run the study again",
            )
        found[name] = {"sha256": hash_table(path), "logical_digest": digest}
    return found


def _write_trail(folder: ResultsFolder, place: Path) -> None:
    for name in (TRAIL, HEAD):
        if (folder.root / name).is_file():
            shutil.copyfile(folder.root / name, place / name)


def find_date(folder: ResultsFolder) -> str:
    """When the run ended, ISO 8601 in UTC: by the audit trail, else by the time of the report's file."""
    noted = find_end(folder.root / TRAIL)
    if noted is not None:
        return noted
    ended = datetime.fromtimestamp(int(folder.report.stat().st_mtime), UTC)
    return ended.isoformat()


def _describe_package(
    folder: ResultsFolder, settings: StudySettings, manifest: InputManifest, date: str
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "radfeat": VERSION,
        "run_id": read_plan(folder).run_id,
        "ended": date,
        "has_unblinded": settings.stratifies,
        "inputs_copied": manifest.copied,
        "study_place": manifest.study,
        "audit": describe_trail(folder.root / TRAIL),
        "report_sha256": compute_file_sha256(folder.report),
    }


def _write_json(path: Path, value: Any) -> None:
    write_text(_make_room(path), json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _make_room(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
