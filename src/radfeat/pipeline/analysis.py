"""The models: each endpoint in each arm, and the interactions of each endpoint."""

import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.modelling.apply import list_image_kinds
from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.memory import Machine
from radfeat.modelling.model_files import ArmModel, write_model
from radfeat.modelling.model_origin import build_origin, fill_choices
from radfeat.modelling.settings import ModellingSettings
from radfeat.pipeline.analysis_inputs import read_analysis_settings, require_analysis
from radfeat.pipeline.cohort import read_study
from radfeat.pipeline.folders import ARM_TABLES, ResultsFolder
from radfeat.pipeline.lock import read_lock
from radfeat.pipeline.plan import AnalysisPlan
from radfeat.pipeline.unblinded import write_unblinded
from radfeat.tables.combine import combine_tables
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import (
    FEATURE_CATALOGUE,
    PREDICTIONS,
    ROIS,
    SERIES,
)


def stratify(folder: ResultsFolder, endpoint: str, arm: str, machine: Machine | None = None) -> ArmResult:
    """Fit, score and judge one endpoint in one arm, and write its tables and its model.

    ``machine`` says how many processes and how much memory may be used; the numbers do not depend on it.
    """
    plan = require_analysis(folder)
    out = folder.model(_slug(plan, endpoint, "endpoint"), _slug(plan, arm, "arm"))
    study, settings = read_study(folder), read_analysis_settings(folder)
    result = fit_arm(study, endpoint, arm, settings, machine)
    for name in ARM_TABLES:
        write_unblinded(folder, out / f"{name}.parquet", getattr(result, name), name)
    write_model(out / "model.json", _sign_model(folder, result.model, study, settings))
    return result


def _sign_model(
    folder: ResultsFolder, model: ArmModel, study: StudyTable, settings: ModellingSettings
) -> ArmModel:
    """Add to a model where its predictors come from, and under which lock it was fitted."""
    series = read_table(folder.blinded / "series.parquet", SERIES)
    origin = build_origin(
        model.features,
        [term.feature for term in model.terms],
        read_table(folder.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE).to_pylist(),
        list_image_kinds(series, study.case_ids),
        read_identity(folder.blinded / "features.parquet").marks,
        fill_choices(read_table(folder.blinded / "rois.parquet", ROIS), study.case_ids, settings),
    )
    lock = read_lock(folder)
    signed = {"origin": origin, "standing": lock.standing, "lock_digest": lock.marks["lock_digest"]}
    return model.model_copy(update=signed)


def contrast(folder: ResultsFolder, endpoint: str, machine: Machine | None = None) -> pa.Table:
    """Test the treatment-by-biomarker interactions of one endpoint and write their table.

    ``machine`` says how many processes and how much memory may be used; the numbers do not depend on it.
    """
    plan = require_analysis(folder)
    slug = _slug(plan, endpoint, "endpoint")
    paths = [folder.model(slug, arm.slug) / "predictions.parquet" for arm in plan.arms]
    predictions = combine_tables(paths, PREDICTIONS)
    settings, standing = read_analysis_settings(folder), read_lock(folder).standing
    table = build_interactions(read_study(folder), endpoint, predictions, settings, standing, machine)
    write_unblinded(folder, folder.contrasts(slug), table, "interactions")
    return table


def _slug(plan: AnalysisPlan, name: str, what: str) -> str:
    declared = {s.name: s.slug for s in (plan.endpoints if what == "endpoint" else plan.arms)}
    if name not in declared:
        raise CohortError(
            f"there is no such {what} in the settings",
            key=name,
            allowed=", ".join(declared),
            remedy=f"Name one of these, or declare the {what} in the settings",
        )
    return declared[name]
