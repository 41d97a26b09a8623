"""From a results folder to its report."""

from pathlib import Path

import yaml

from radfeat.config.model import StudySettings
from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_analysis_plan, read_plan
from radfeat.report.context import ReportContext
from radfeat.report.render import render_report


def write_report(folder: ResultsFolder, *, blinded: bool) -> Path:
    """Write the report of a run, or its blinded half, and return where it lies."""
    plan = read_plan(folder)
    text = folder.run_config.read_text(encoding="utf-8")
    settings = StudySettings.model_validate(yaml.safe_load(text))
    if blinded:
        text = _blind(text)
    unblinded = None if blinded or read_analysis_plan(folder) is None else folder.unblinded
    context = ReportContext(
        study=settings.study,
        version=VERSION,
        run_id=plan.run_id,
        settings_digest=plan.case_digest,
        recipe=settings.prepare.recipe.value,
        engine=settings.features.engine.value,
        settings_yaml=text,
        tables=_links(folder, blinded=blinded),
    )
    path = folder.blinded_report if blinded else folder.report
    write_text(path, render_report(folder.blinded, unblinded, settings.report, context))
    return path


def _blind(text: str) -> str:
    resolved = yaml.safe_load(text)
    resolved.pop("modelling")
    resolved.pop("clinical")
    return yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True, width=100)


def _links(folder: ResultsFolder, *, blinded: bool) -> tuple[str, ...]:
    """The tables, as paths relative to the report."""
    halves = (folder.blinded,) if blinded else (folder.blinded, folder.unblinded)
    home = folder.blinded if blinded else folder.root
    return tuple(
        path.relative_to(home).as_posix() for half in halves for path in sorted(half.glob("*.parquet"))
    )
