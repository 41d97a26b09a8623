"""From a results folder to its reports."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from radfeat.config.model import StudySettings
from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.lock import read_lock
from radfeat.pipeline.plan import Plan, read_analysis_plan, read_plan
from radfeat.report.context import LockFacts, ReportContext
from radfeat.report.render import render_report
from radfeat.tables.schemas import BLINDED_TABLES, UNBLINDED_TABLES, TableSchema


def write_report(folder: ResultsFolder) -> Path:
    """Write the report of a run and return where it lies."""
    plan = read_plan(folder)
    shown = yaml.safe_load(folder.run_config.read_text(encoding="utf-8"))
    unblinded = folder.unblinded if read_analysis_plan(folder) is not None else None
    tables = _list_tables(folder.blinded, BLINDED_TABLES)
    tables += _list_tables(unblinded, UNBLINDED_TABLES) if unblinded is not None else []
    context = _build_context(plan, shown, tables, folder.root)
    if unblinded is not None:
        context = replace(context, lock=_read_lock_facts(folder))
    settings = StudySettings.model_validate(shown)
    write_text(folder.report, render_report(folder.blinded, unblinded, settings.report, context))
    return folder.report


def write_blinded_report(folder: ResultsFolder) -> Path:
    """Write the report of the blinded half, from tables and settings that know no arm and no outcome."""
    plan = read_plan(folder)
    shown = json.loads(folder.blinded_settings.read_text(encoding="utf-8"))
    tables = _list_tables(folder.blinded, BLINDED_TABLES)
    context = _build_context(plan, shown, tables, folder.blinded)
    settings = StudySettings.model_validate(shown)
    write_text(folder.blinded_report, render_report(folder.blinded, None, settings.report, context))
    return folder.blinded_report


def _read_lock_facts(folder: ResultsFolder) -> LockFacts:
    lock = read_lock(folder)
    return LockFacts(lock.standing, lock.sentence, lock.marks["lock_digest"], lock.readings)


def _build_context(plan: Plan, shown: dict[str, object], tables: Sequence[Path], home: Path) -> ReportContext:
    settings = StudySettings.model_validate(shown)
    return ReportContext(
        study=settings.study,
        version=VERSION,
        run_id=plan.run_id,
        settings_digest=plan.case_digest,
        recipe=settings.prepare.recipe.value,
        engine=settings.features.engine.value,
        settings_yaml=yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100),
        tables=tuple(path.relative_to(home).as_posix() for path in tables),
    )


def _list_tables(half: Path, schemas: Sequence[TableSchema]) -> list[Path]:
    """The tables of one half that this version writes, and that are there."""
    paths = [half / f"{name}.parquet" for name in sorted(schema.name for schema in schemas)]
    return [path for path in paths if path.is_file()]
