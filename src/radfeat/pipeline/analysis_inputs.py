"""What a job of the unblinded half is made for: the analysis plan, its settings, the libraries."""

import yaml

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import CohortError, TableError
from radfeat.modelling.settings import ModellingSettings
from radfeat.pipeline.code import compute_model_code_digest
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import AnalysisPlan, read_analysis_plan


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
