"""Every biomarker in every contrast of arms: tested, or not, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.modelling.biomarkers import Biomarker, list_biomarkers
from radfeat.modelling.cohort import Cohort, StudyTable, build_cohort
from radfeat.modelling.comparators import Permuted
from radfeat.modelling.feasibility import explain_shortage
from radfeat.modelling.interaction_fit import MEASURES, Interaction, Measure, fit_interaction
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.memory import Machine, limit_workers
from radfeat.modelling.outcomes import Flags, Outcomes
from radfeat.modelling.settings import ModellingSettings


@dataclass(frozen=True, eq=False, slots=True)
class Contrast:
    """One biomarker in two arms: ``result`` is None where it was not tested, and ``obstacle`` says why.

    ``permuted`` holds the signed root of a score's statistic with the arms as they are and permuted.
    """

    endpoint: str
    experimental: str
    reference: str
    biomarker: Biomarker
    n: int
    events: int
    measure: Measure
    result: Interaction | None
    obstacle: str
    permuted: Permuted | None = None


def list_contrasts(
    study: StudyTable,
    endpoint: str,
    predictions: pa.Table,
    settings: ModellingSettings,
    machine: Machine | None = None,
) -> list[Contrast]:
    """Each further arm against the first, for each biomarker.

    Raises
    ------
    CohortError
        The features that are to be screened do not fit into memory.
    """
    found: list[Contrast] = []
    memory_mb = machine.memory_mb if machine else None
    for experimental in settings.arms[1:]:
        arms = (settings.arms[0], experimental)
        cohort = build_cohort(study, endpoint, arms)
        if settings.screen:
            # Screening clusters all features, also where no arm was large enough for a model.
            key = f"{experimental} against {settings.arms[0]}"
            limit_workers(1, memory_mb, len(cohort.subject_ids), len(cohort.features), key)
        for biomarker in list_biomarkers(study, cohort, predictions, arms, settings):
            found.append(_contrast_biomarker(biomarker, cohort, arms, settings))
    return found


def _contrast_biomarker(
    biomarker: Biomarker, cohort: Cohort, arms: tuple[str, str], settings: ModellingSettings
) -> Contrast:
    reference, experimental = arms
    known = np.flatnonzero(~np.isnan(biomarker.values))
    outcomes = cohort.outcomes.take(known)
    is_experimental = np.array([cohort.arms[i] == experimental for i in known], dtype=np.bool_)
    obstacle = _find_obstacle(biomarker, outcomes, is_experimental, arms, settings)
    result = None
    if not obstacle:
        values, covariates = biomarker.values[known], cohort.covariates[known]
        result = fit_interaction(values, is_experimental, covariates, outcomes, settings.level)
        obstacle = (
            "" if result else "there is no finite estimate (separation, or columns that repeat each other)"
        )
    return Contrast(
        endpoint=cohort.endpoint,
        experimental=experimental,
        reference=reference,
        biomarker=biomarker,
        n=len(known),
        events=int(outcomes.events.sum()),
        measure=MEASURES[outcomes.kind],
        result=result,
        obstacle=obstacle,
    )


def _find_obstacle(
    biomarker: Biomarker,
    outcomes: Outcomes,
    is_experimental: Flags,
    arms: Sequence[str],
    settings: ModellingSettings,
) -> str:
    """Why the biomarker is not tested; empty if it is."""
    if not len(outcomes):
        is_score = biomarker.kind is BiomarkerKind.SCORE
        return "its arm has no model" if is_score else "no subject has a value"
    for arm, members in zip(arms, (~is_experimental, is_experimental), strict=True):
        shortage = explain_shortage(outcomes.take(np.flatnonzero(members)), settings)
        if shortage:
            return f"{arm} has {shortage}"
    values = biomarker.values[~np.isnan(biomarker.values)]
    return "all subjects have one value" if np.ptp(values) == 0 else ""
