"""From a results folder to its reports."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from radfeat.config.model import StudySettings
from radfeat.config.recipes import compare_recipes
from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import Recipe
from radfeat.pipeline.folders import CONFORMANCE_PAGE, ResultsFolder
from radfeat.pipeline.gate import read_opened
from radfeat.pipeline.lock import read_lock
from radfeat.pipeline.plan import Plan, read_analysis_plan, read_plan
from radfeat.report.context import LockFacts, OverriddenGate, RecipeLine, ReportContext
from radfeat.report.render import render_report
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import BLINDED_TABLES, UNBLINDED_TABLES, TableSchema


def write_report(folder: ResultsFolder) -> Path:
    """Write the report of a run and return where it lies."""
    plan = read_plan(folder)
    shown = yaml.safe_load(folder.run_config.read_text(encoding="utf-8"))
    unblinded = folder.unblinded if read_analysis_plan(folder) is not None else None
    tables = _list_tables(folder.blinded, BLINDED_TABLES)
    tables += _list_tables(unblinded, UNBLINDED_TABLES) if unblinded is not None else []
    context = _build_context(plan, shown, tables, folder, folder.root)
    context = replace(context, gate=_read_overridden(folder))
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
    context = _build_context(plan, shown, tables, folder, folder.blinded)
    settings = StudySettings.model_validate(shown)
    write_text(folder.blinded_report, render_report(folder.blinded, None, settings.report, context))
    return folder.blinded_report


def _read_lock_facts(folder: ResultsFolder) -> LockFacts:
    lock = read_lock(folder)
    return LockFacts(lock.standing, lock.sentence, lock.marks["lock_digest"], lock.readings)


def _read_overridden(folder: ResultsFolder) -> OverriddenGate | None:
    opened = read_opened(folder)
    return None if opened.overridden is None else OverriddenGate(opened.sentence, opened.overridden)


def _build_context(
    plan: Plan, shown: dict[str, object], tables: Sequence[Path], folder: ResultsFolder, home: Path
) -> ReportContext:
    settings = StudySettings.model_validate(shown)
    recipe = settings.prepare.recipe
    return ReportContext(
        study=settings.study,
        version=VERSION,
        run_id=plan.run_id,
        settings_digest=plan.case_digest,
        recipe=recipe.value,
        engine=settings.features.measured_by.value,
        settings_yaml=yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100),
        tables=tuple(path.relative_to(home).as_posix() for path in tables),
        other_recipe=next(r.value for r in Recipe if r is not recipe),
        recipes=_list_recipe_lines(settings),
        conformance_href=(folder.conformance / CONFORMANCE_PAGE).relative_to(home).as_posix(),
    )


def _list_recipe_lines(settings: StudySettings) -> tuple[RecipeLine, ...]:
    """What this run has, and what the other recipe would have."""
    ours = settings.prepare.recipe is Recipe.PYRADIOMICS
    return tuple(
        RecipeLine(
            d.what,
            here=d.pyradiomics if ours else d.ibsi,
            otherwise=d.ibsi if ours else d.pyradiomics,
            is_setting=d.is_setting,
        )
        for d in compare_recipes(settings.prepare, settings.features)
    )


def _list_tables(half: Path, schemas: Sequence[TableSchema]) -> list[Path]:
    """The tables of one half that this version writes, and that are there."""
    paths = [half / f"{name}.parquet" for name in sorted(schema.name for schema in schemas)]
    return [path for path in paths if is_table(path)]
