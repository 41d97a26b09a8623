"""What the usual leaks would have found in trials without any effect, beside what the procedure finds.

Each leak is committed here on purpose, before or beside the procedure, which stays as it is. That the honest
analysis of a trial keeps within the bounds and the leaking one of the same trial does not shows that the
bounds can tell them apart.
"""

from dataclasses import dataclass, replace

import numpy as np

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.cohort import StudyTable, build_cohort
from radfeat.modelling.discrimination import estimate_discrimination
from radfeat.modelling.outcomes import Flags, Floats, Indices, Outcomes
from radfeat.modelling.settings import BatchEffects, ModellingSettings
from radfeat.modelling.survival import compute_logrank
from radfeat.simulate.settings import Truth
from radfeat.simulate.subjects import CONTROL
from validation.procedure import discriminate, find_metric
from validation.trials import Design, Trial, assemble_study, build_settings, draw_trial

CHOSEN = 20
"""Features chosen by the outcome of all subjects."""

CUTS = 33
"""Cut-points of which the best is taken, evenly spaced from the 10th to the 90th percentile."""

_WIDE = Design(Truth.NULL, subjects=120, noise=143)
_MULTICENTRE = Design(Truth.NULL, noise=143, sites=25, site_deviation=1.0)
_ONE_SCORE = Design(Truth.NULL, subjects=120, noise=0)


@dataclass(frozen=True, slots=True)
class LeakRecord:
    """One trial without any effect, analysed without a leak and with one.

    ``c_*`` is C or AUC of the control arm, ``p_*`` its permutation p or, of cuts, that of the log-rank test.
    """

    scenario: str
    kind: str
    seed: int
    c_honest: float | None = None
    c_leaking: float | None = None
    p_honest: float | None = None
    p_leaking: float | None = None


def leak_selection(kind: EndpointKind, seed: int) -> LeakRecord:
    """Choose 20 of 150 features by the outcome of all subjects of the arm, and cross-validate afterwards."""
    settings = build_settings(kind, seed, permutations=19, candidates=(), covariates=())
    trial = draw_trial(_WIDE, seed)
    honest = assemble_study(trial, settings)
    rows, outcomes = _find_rows(trial, honest, settings)
    chosen = choose_by_outcome(trial.values[rows], outcomes)
    narrow = replace(trial, features=tuple(trial.features[j] for j in chosen), values=trial.values[:, chosen])
    c_leaking, p_leaking = _judge(assemble_study(narrow, settings), settings)
    c_honest, _ = _judge(honest, settings.model_copy(update={"permutations": 0}))
    return LeakRecord("leak_selection", kind.value, seed, c_honest, c_leaking, p_leaking=p_leaking)


def leak_combat(kind: EndpointKind, seed: int) -> LeakRecord:
    """Take site effects out of all subjects before cross-validation, the outcome protected."""
    in_fold = build_settings(
        kind, seed, candidates=(), covariates=(), batch_effects=BatchEffects.COMBAT, min_site=3
    )
    off = in_fold.model_copy(update={"batch_effects": BatchEffects.NONE})
    trial = draw_trial(_MULTICENTRE, seed)
    study = assemble_study(trial, in_fold)
    rows, outcomes = _find_rows(trial, study, in_fold)
    sites = [trial.subjects[i].scanner.site_id for i in rows]
    values = trial.values.copy()
    values[rows] = np.exp(adjust_protecting_outcome(np.log(values[rows]), sites, outcomes.events))
    c_honest, _ = _judge(study, in_fold)
    c_leaking, _ = _judge(assemble_study(replace(trial, values=values), off), off)
    return LeakRecord("leak_combat", kind.value, seed, c_honest, c_leaking)


def leak_cut(kind: EndpointKind, seed: int) -> LeakRecord:
    """Cut one meaningless feature where the log-rank test is best, or at its median."""
    settings = build_settings(kind, seed, candidates=(), covariates=())
    trial = draw_trial(_ONE_SCORE, seed)
    cohort = build_cohort(assemble_study(trial, settings), settings.endpoints[0].name, settings.arms)
    score = cohort.values[:, 0]
    cuts = np.quantile(score, np.linspace(0.1, 0.9, CUTS))
    best = min(_test_cut(cohort.outcomes, score > cut) for cut in cuts)
    median = _test_cut(cohort.outcomes, score > np.median(score))
    return LeakRecord("leak_cut", kind.value, seed, p_honest=median, p_leaking=best)


def choose_by_outcome(values: Floats, outcomes: Outcomes, count: int = CHOSEN) -> Indices:
    """The columns that go best with the outcome of these rows, ascending."""
    chance = 0.0 if outcomes.is_continuous else 0.5
    apart = [abs(estimate_discrimination(column, outcomes) - chance) for column in values.T]
    return np.sort(np.argsort(apart)[-count:])


def adjust_protecting_outcome(values: Floats, sites: list[str], events: Flags) -> Floats:
    """Give every site one location and scale, by a model that holds outcome beside site, of all rows."""
    names = sorted(set(sites))
    member = np.array([[site == name for name in names] for site in sites], dtype=np.float64)
    design = np.column_stack([member, events - events.mean()])
    effects, *_ = np.linalg.lstsq(design, values, rcond=None)
    residuals = values - design @ effects
    spread = np.sqrt((member.T @ residuals**2) / member.sum(axis=0)[:, None])
    scale = np.where(spread > 0, residuals.std(axis=0) / np.where(spread > 0, spread, 1.0), 1.0)
    centre = member.mean(axis=0) @ effects[:-1]
    adjusted: Floats = centre + np.outer(design[:, -1], effects[-1]) + residuals * (member @ scale)
    return adjusted


def _find_rows(trial: Trial, study: StudyTable, settings: ModellingSettings) -> tuple[list[int], Outcomes]:
    """Rows of the trial that are subjects of the control arm, and their outcomes in the same order."""
    cohort = build_cohort(study, settings.endpoints[0].name, [CONTROL])
    row = {subject.subject_id: i for i, subject in enumerate(trial.subjects)}
    return [row[subject] for subject in cohort.subject_ids], cohort.outcomes


def _judge(study: StudyTable, settings: ModellingSettings) -> tuple[float | None, float | None]:
    arm = fit_arm(study, settings.endpoints[0].name, CONTROL, settings)
    return discriminate(arm), find_metric(arm, "permutation_p")


def _test_cut(outcomes: Outcomes, is_high: Flags) -> float:
    found = compute_logrank(outcomes, is_high)
    return 1.0 if found is None else found[1]
