"""The whole analysis of one endpoint of one trial, and the few numbers of it that are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.kinds import RADIOMICS
from radfeat.modelling.settings import ModellingSettings
from radfeat.simulate.subjects import CONTROL, EXPERIMENTAL
from validation.trials import PREDICTIVE, PROGNOSTIC

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What one endpoint of one trial came to; None where there is no such number.

    ``c_*`` is C or AUC, or (1 + rho) / 2, of the radiomic score in its own arm. ``permutation_p`` is that of
    the control arm's C, and ``permutation_ties`` how many of its permutations equal it. ``estimate``, ``lo``
    and ``hi`` are of the interaction of the predictive feature: log ratio, or difference. ``p_*`` are the
    tests of both candidates' interactions; ``score_*_p`` those of the scores, ``score_*_permutation_p`` by
    ``arm_permutations`` permutations of the arms. ``rank_*`` is the place of a planted feature's cluster
    among all clusters by how often the folds select it, the worst where several tie.
    """

    scenario: str
    kind: str
    seed: int
    n: int
    events: int
    fitted: int
    c_control: float | None
    c_experimental: float | None
    permutation_p: float | None
    permutation_ties: float | None
    logrank_p: float | None
    p_predictive: float | None
    p_prognostic: float | None
    estimate: float | None
    lo: float | None
    hi: float | None
    score_control_p: float | None
    score_experimental_p: float | None
    score_control_permutation_p: float | None
    score_experimental_permutation_p: float | None
    arm_permutations: int
    candidates_claimed: int
    scores_claimed: int
    predictive_claimed: bool
    rank_predictive: int | None
    rank_prognostic: int | None


@dataclass(frozen=True, slots=True)
class Permutations:
    """How many permutations there are of the outcomes in the control arm, and of the arms between arms."""

    outcomes: int = 0
    arms: int = 0


def analyse_trial(
    scenario: str,
    study: StudyTable,
    kind: EndpointKind,
    settings: ModellingSettings,
    permutations: Permutations,
) -> TrialRecord:
    """Fit both arms, test the interactions, and keep what is judged."""
    name = settings.endpoints[0].name
    plain = _permute(settings, 0)
    arms = {
        CONTROL: fit_arm(study, name, CONTROL, _permute(settings, permutations.outcomes)),
        EXPERIMENTAL: fit_arm(study, name, EXPERIMENTAL, plain),
    }
    predictions = pa.concat_tables(arm.predictions for arm in arms.values())
    table = build_interactions(study, name, predictions, _permute(settings, permutations.arms))
    return record_trial(scenario, kind, settings.seed, arms, table.to_pylist(), permutations.arms)


def _permute(settings: ModellingSettings, permutations: int) -> ModellingSettings:
    return settings.model_copy(update={"permutations": permutations})


def record_trial(
    scenario: str,
    kind: EndpointKind,
    seed: int,
    arms: Mapping[str, ArmResult],
    interactions: Rows,
    arm_permutations: int,
) -> TrialRecord:
    """The numbers of one trial, from the tables of its arms and of its interactions."""
    feasibility = [row for arm in arms.values() for row in arm.feasibility.to_pylist()]
    tested = {row["biomarker"]: row for row in interactions}
    predictive, prognostic = tested[PREDICTIVE], tested[PROGNOSTIC]
    control, experimental = (tested[f"score:{arm}"] for arm in (CONTROL, EXPERIMENTAL))
    interaction = record_candidate(predictive)
    return TrialRecord(
        scenario=scenario,
        kind=kind.value,
        seed=seed,
        n=sum(row["n"] for row in feasibility),
        events=sum(row["events"] for row in feasibility),
        fitted=sum(row["feasible"] for row in feasibility),
        c_control=discriminate(arms[CONTROL]),
        c_experimental=discriminate(arms[EXPERIMENTAL]),
        permutation_p=find_metric(arms[CONTROL], "permutation_p"),
        permutation_ties=find_metric(arms[CONTROL], "permutation_ties"),
        logrank_p=find_metric(arms[CONTROL], "logrank_p"),
        p_predictive=predictive["p"],
        p_prognostic=prognostic["p"],
        estimate=interaction.estimate,
        lo=interaction.lo,
        hi=interaction.hi,
        score_control_p=control["p"],
        score_experimental_p=experimental["p"],
        score_control_permutation_p=control["permutation_p"],
        score_experimental_permutation_p=experimental["permutation_p"],
        arm_permutations=arm_permutations,
        candidates_claimed=sum(row["claim"] for row in (predictive, prognostic)),
        scores_claimed=sum(row["claim"] for row in (control, experimental)),
        predictive_claimed=predictive["claim"],
        rank_predictive=rank_cluster(arms[EXPERIMENTAL].selection.to_pylist(), PREDICTIVE),
        rank_prognostic=rank_cluster(arms[CONTROL].selection.to_pylist(), PROGNOSTIC),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """An interaction: log ratio, or difference, with its limits; None where it has no estimate."""

    estimate: float | None
    lo: float | None
    hi: float | None


def record_candidate(row: Mapping[str, Any]) -> Interval:
    """The interaction of a row of ``interactions``, on the scale on which its limits are symmetric."""
    on_log = row["measure"] != "difference"
    return Interval(*(_on_scale(row[name], on_log) for name in ("ratio", "ratio_lo", "ratio_hi")))


def rank_cluster(selection: Rows, feature: str) -> int | None:
    """Place of a feature's cluster by how often folds selected any member; the worst of those that tie."""
    share = {row["cluster"]: row["cluster_frequency"] for row in selection if row["cluster"] is not None}
    own = next((row["cluster"] for row in selection if row["feature"] == feature), None)
    if own is None:
        return None
    return len([found for found in share.values() if found >= share[own]])


def discriminate(arm: ArmResult) -> float | None:
    """C, AUC or (1 + rho) / 2 of the radiomic score; 0.5 where every fold's model is empty."""
    for name in ("harrell_c", "auc"):
        found = find_metric(arm, name)
        if found is not None:
            return found
    rho = find_metric(arm, "spearman")
    if rho is None and len(arm.predictions):
        return 0.5
    return None if rho is None else (1 + rho) / 2


def find_metric(arm: ArmResult, name: str) -> float | None:
    rows = arm.performance.to_pylist()
    found = [row["estimate"] for row in rows if (row["model"], row["metric"]) == (RADIOMICS, name)]
    return float(found[0]) if found and found[0] is not None else None


def _on_scale(value: float | None, on_log: bool) -> float | None:
    if value is None:
        return None
    return float(np.log(value)) if on_log else float(value)
