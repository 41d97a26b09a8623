"""From a results folder to what checklists are answered from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from radfeat.config.yaml_file import FileKind, read_yaml
from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import Agreement
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_json
from radfeat.pipeline.plan import read_plan
from radfeat.report.style import read_style
from radfeat.submission.checklist import Judged, build_json, judge_items
from radfeat.submission.checklist_page import PageHead, render_checklists
from radfeat.submission.evidence import RunEvidence, StudyDeclarations
from radfeat.tables.parquet import read_column_names, read_table
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import (
    ACQUISITION,
    CALIBRATION,
    CONFORMANCE,
    FEASIBILITY,
    FEATURES,
    PERFORMANCE,
    PREDICTIONS,
    REPEATABILITY,
    SERIES,
    TableSchema,
)

STUDY_FILE = "study.yaml"
STUDY = FileKind(
    model=StudyDeclarations,
    name="file with the study's declarations",
    first_line="answers:",
    if_absent="Write one with `radfeat checklist --draft`",
    if_wrong="See docs/submission.md",
)
Rows = list[dict[str, Any]]


def read_declarations(path: Path) -> StudyDeclarations:
    """What a study declares in its study.yaml.

    Raises
    ------
    SettingsError
        The file cannot be read, or anything in it is wrong.
    """
    return read_yaml(path, STUDY)[0]


def read_evidence(folder: ResultsFolder) -> RunEvidence:
    """What the files of a run show.

    Raises
    ------
    TableError
        There is no run, or a table is damaged.
    """
    read_json(folder.plan)
    series = _read(folder.blinded, SERIES)
    acquisition = _read(folder.blinded, ACQUISITION)
    feasibility = _read(folder.unblinded, FEASIBILITY)
    performance = _read(folder.unblinded, PERFORMANCE)
    repeated = len(_read(folder.blinded, REPEATABILITY))
    return RunEvidence(
        version=VERSION,
        settings=yaml.safe_load(folder.run_config.read_text(encoding="utf-8")),
        images=_count([row["modality"] for row in series]),
        known=_count_known(acquisition),
        sites=len({row["site_id"] for row in series}),
        scanners=len({row["scanner"] for row in series if row["scanner"]}),
        features=_count_features(folder),
        rows={"repeatability": repeated, "calibration": len(_read(folder.unblinded, CALIBRATION))},
        metrics=_group_metrics(performance),
        limits=any(row["lo"] is not None and row["hi"] is not None for row in performance),
        feasible=tuple(_name(row) for row in feasibility if row["feasible"]),
        crowded=tuple(_name_crowded(row) for row in feasibility if _is_crowded(row)),
        mixed=_count_mixed(_read(folder.unblinded, PREDICTIONS)),
        conformance=_count_conformance(_read(folder.conformance, CONFORMANCE)),
    )


def write_checklists(folder: ResultsFolder, declarations: StudyDeclarations, to: Path) -> tuple[Judged, ...]:
    """Judge every item, write page and JSON, and give the items.

    The same run and declarations give the same bytes.
    """
    run = read_evidence(folder)
    judged = judge_items(run, declarations.answers)
    base = _find_way(to, folder.root)
    head = PageHead(str(run.settings["study"]), VERSION, read_plan(folder).run_id, read_style(), base)
    write_text(to / "checklists.html", render_checklists(judged, head))
    text = json.dumps(build_json(judged), indent=1, ensure_ascii=False)
    write_text(to / "checklists.json", text + "\n")
    return judged


def _find_way(page_folder: Path, results: Path) -> str:
    """The way from the page to the results, where the page lies among them; else empty."""
    here, root = page_folder.resolve(), results.resolve()
    if not here.is_relative_to(root):
        return ""
    return "../" * len(here.relative_to(root).parts)


def _read(folder: Path, schema: TableSchema) -> Rows:
    path = folder / f"{schema.name}.parquet"
    rows: Rows = read_table(path, schema).to_pylist() if is_table(path) else []
    return rows


def _count(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _count_known(acquisition: Rows) -> Mapping[tuple[str, str], int]:
    known: dict[tuple[str, str], int] = {}
    for row in acquisition:
        key = row["modality"], row["parameter"]
        has_value = row["number"] is not None or row["text"] is not None
        known[key] = known.get(key, 0) + has_value
    return known


def _count_features(folder: ResultsFolder) -> int:
    path = folder.blinded / "features.parquet"
    return len(read_column_names(path)) - len(FEATURES.columns) if is_table(path) else 0


def _group_metrics(performance: Rows) -> Mapping[str, frozenset[str]]:
    metrics: dict[str, set[str]] = {}
    for row in performance:
        if row["estimate"] is not None:
            metrics.setdefault(row["model"], set()).add(row["metric"])
    return {model: frozenset(names) for model, names in metrics.items()}


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['endpoint']}/{row['arm']}"


def _is_crowded(row: Mapping[str, Any]) -> bool:
    allowed = row["riley_predictors"]
    return bool(row["feasible"]) and allowed is not None and row["predictors"] > allowed


def _name_crowded(row: Mapping[str, Any]) -> str:
    return f"{_name(row)} {row['predictors']} for {row['n']} subjects ({row['riley_predictors']} allowed)"


def _count_mixed(predictions: Rows) -> int:
    folds: dict[tuple[str, str, str, int], set[int]] = {}
    for row in predictions:
        key = row["endpoint"], row["model_arm"], row["subject_id"], row["repeat"]
        folds.setdefault(key, set()).add(row["fold"])
    return sum(len(own) > 1 for own in folds.values())


def _count_conformance(rows: Rows) -> tuple[int, int] | None:
    if not rows:
        return None
    return sum(row["agreement"] == Agreement.AGREES.value for row in rows), len(rows)
