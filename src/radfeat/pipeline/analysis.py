"""The unblinded half: the one place where the clinical sheet is read and meets the features."""

from pathlib import Path

import pyarrow as pa
import yaml

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import CohortError, TableError
from radfeat.modelling.analyses import count_analyses
from radfeat.modelling.apply import list_image_kinds
from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.batch_labels import find_scanners
from radfeat.modelling.clinical import read_clinical_sheet
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.memory import Machine
from radfeat.modelling.model_files import ArmModel, write_model
from radfeat.modelling.model_origin import build_origin, fill_choices
from radfeat.modelling.predictor_table import build_predictors
from radfeat.modelling.settings import ModellingSettings
from radfeat.pipeline.code import compute_model_code_digest
from radfeat.pipeline.folders import ARM_TABLES, ResultsFolder
from radfeat.pipeline.gate import read_gated
from radfeat.pipeline.inputs_lock import require_locked_sheet
from radfeat.pipeline.lock import read_lock, record_reading
from radfeat.pipeline.plan import AnalysisPlan, read_analysis_plan, read_plan
from radfeat.tables.combine import combine_tables
from radfeat.tables.half import describe_half
from radfeat.tables.parquet import read_identity, read_table, write_table
from radfeat.tables.schemas import (
    FEATURE_CATALOGUE,
    FEATURES,
    INTERACTIONS,
    PREDICTIONS,
    REPEATABILITY,
    ROIS,
    SERIES,
    TABLES,
)


def require_analysis(folder: ResultsFolder) -> AnalysisPlan:
    """The analysis plan of a run; CohortError where the settings declare no analysis."""
    plan = read_analysis_plan(folder)
    if plan is None:
        raise CohortError(
            "this run has no analysis: the settings declare no clinical sheet, endpoints or arms",
            remedy="Declare `clinical`, `modelling.endpoints` and `modelling.arms`, and run again",
        )
    return plan


def read_analysis_settings(folder: ResultsFolder) -> ModellingSettings:
    """The analysis settings of the run."""
    resolved = yaml.safe_load(folder.run_config.read_text(encoding="utf-8"))
    return ModellingSettings.model_validate(resolved["modelling"])


def require_analysis_inputs(folder: ResultsFolder, inputs: str | None) -> None:
    """Refuse to go on where analysis settings or libraries are not those that a job was made for.

    ``inputs`` is the digest that the workflow keeps with the job; None: that of the plan itself.

    Raises
    ------
    TableError
        If they differ, because another run was planned meanwhile or this machine has another installation.
    """
    plan, settings = require_analysis(folder), read_analysis_settings(folder)
    digest = compute_json_digest(settings.model_dump(mode="json"))
    if compute_json_digest([digest, compute_model_code_digest()]) != (inputs or plan.inputs):
        raise TableError(
            "the analysis settings or the libraries are not those that this job was made for",
            key=folder.run_config.name,
            remedy="Start the run again; let one run at a time work in a results folder",
        )


def read_study(folder: ResultsFolder) -> StudyTable:
    """Join the features with the clinical sheet: the one place where the arms are read, under the lock.

    Raises
    ------
    TableError
        The analysis is not locked, or the lock is stale; a table is not the one that passed the QC gate; or
        the clinical sheet has faults, or is locked and was changed.
    """
    lock = read_lock(folder)
    plan, settings = require_analysis(folder), read_analysis_settings(folder)
    base = (folder.root / read_plan(folder).base).resolve()
    features, rois, series = (read_gated(folder, schema) for schema in (FEATURES, ROIS, SERIES))
    repeatability = read_gated(folder, REPEATABILITY)
    require_locked_sheet(folder, plan.clinical, base)
    clinical = read_clinical_sheet(base / plan.clinical, settings)
    study = build_study(
        features,
        rois,
        clinical,
        settings,
        days=dict(zip(series["case_id"].to_pylist(), series["day"].to_pylist(), strict=True)),
        repeatability=repeatability,
        scanners=find_scanners(features, series, settings),
    )
    # A sheet that could not be read or joined has shown nothing; whoever mends it has not looked.
    record_reading(folder, lock)
    return study


def write_subjects(folder: ResultsFolder) -> None:
    """Write what became of each subject of the clinical sheet, and what the predictors are."""
    study = read_study(folder)
    subjects = study.subjects
    if not any(subjects["has_image"].to_pylist()):
        raise CohortError(
            "no subject of the clinical sheet occurs in the image sheet",
            key=require_analysis(folder).clinical,
            measured=f"0 of {subjects.num_rows} subjects with an image",
            remedy="Write subject_id alike in both sheets",
        )
    catalogue = read_table(folder.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE)
    predictors = build_predictors(study, catalogue)
    _write(folder, folder.unblinded / "subjects.parquet", subjects, "subjects")
    _write(folder, folder.unblinded / "predictors.parquet", predictors, "predictors")


def stratify(folder: ResultsFolder, endpoint: str, arm: str, machine: Machine | None = None) -> ArmResult:
    """Fit, score and judge one endpoint in one arm, and write its tables and its model.

    ``machine`` says how many processes and how much memory may be used; the numbers do not depend on it.
    """
    plan = require_analysis(folder)
    out = folder.model(_slug(plan, endpoint, "endpoint"), _slug(plan, arm, "arm"))
    study, settings = read_study(folder), read_analysis_settings(folder)
    result = fit_arm(study, endpoint, arm, settings, machine)
    for name in ARM_TABLES:
        _write(folder, out / f"{name}.parquet", getattr(result, name), name)
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
    _write(folder, folder.contrasts(slug), table, "interactions")
    return table


def assemble(folder: ResultsFolder) -> None:
    """Join the tables of all endpoints and arms, and describe them."""
    plan = require_analysis(folder)
    joined: dict[str, pa.Table] = {}
    for name in ARM_TABLES:
        paths = [folder.model(e.slug, a.slug) / f"{name}.parquet" for e in plan.endpoints for a in plan.arms]
        joined[name] = combine_tables(paths, TABLES[name])
        _write(folder, folder.unblinded / f"{name}.parquet", joined[name], name)
    contrasts = combine_tables([folder.contrasts(e.slug) for e in plan.endpoints], INTERACTIONS)
    _write(folder, folder.unblinded / "interactions.parquet", contrasts, "interactions")
    counted = count_analyses(joined["feasibility"], joined["performance"], contrasts)
    _write(folder, folder.unblinded / "analyses.parquet", counted, "analyses")
    describe_half(folder.unblinded, blinded=False)


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


def _write(folder: ResultsFolder, path: Path, table: pa.Table, name: str) -> None:
    plan = require_analysis(folder)
    write_table(
        path,
        table,
        TABLES[name],
        settings_digest=plan.digest,
        run_id=read_plan(folder).run_id,
        marks=read_lock(folder).marks,
    )
