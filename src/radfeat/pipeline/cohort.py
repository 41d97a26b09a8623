"""The one place where the clinical sheet is read and meets the features, under the lock."""

from radfeat.core.errors import CohortError
from radfeat.modelling.batch_labels import find_scanners
from radfeat.modelling.clinical import read_clinical_sheet
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.predictor_table import build_predictors
from radfeat.pipeline.analysis_inputs import read_analysis_settings, require_analysis
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.gate import read_gated
from radfeat.pipeline.inputs_lock import require_locked_sheet
from radfeat.pipeline.lock import read_lock, record_reading
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.unblinded import write_unblinded
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, REPEATABILITY, ROIS, SERIES


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
    write_unblinded(folder, folder.unblinded / "subjects.parquet", subjects, "subjects")
    write_unblinded(folder, folder.unblinded / "predictors.parquet", predictors, "predictors")
