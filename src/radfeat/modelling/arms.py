"""One endpoint in one arm: gate, cross-validated scores, their performance, the model of the whole arm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from radfeat.core.digest import derive_seed
from radfeat.modelling.assessment import MARGINAL, assess_models
from radfeat.modelling.batch_report import report_batches
from radfeat.modelling.cohort import Cohort, StudyTable, build_cohort, require_declared
from radfeat.modelling.comparators import (
    count_selected,
    cross_validate_comparators,
    cross_validate_marginal,
    permute_procedure,
)
from radfeat.modelling.cross_validation import OutOfFold, Rows, Schedule, cross_validate
from radfeat.modelling.curves import STRATUM_NAMES, build_curves
from radfeat.modelling.discrimination import name_discrimination
from radfeat.modelling.evaluation import (
    Metric,
    build_rows,
    count_folds,
    measure_discrimination,
    measure_means,
    measure_permuted,
    measure_strata,
)
from radfeat.modelling.feasibility import Feasibility, build_feasibility, judge_arm, tell_offer
from radfeat.modelling.fitted_model import build_missing_model, build_model, list_coefficients
from radfeat.modelling.fold_model import ElasticNetFit, FoldModel
from radfeat.modelling.horizons import Horizons, resolve_horizons
from radfeat.modelling.incidence_curves import build_incidences
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.kinds import RADIOMICS
from radfeat.modelling.memory import Machine, limit_workers
from radfeat.modelling.model_files import ArmModel
from radfeat.modelling.model_scores import build_scores
from radfeat.modelling.outcomes import Indices
from radfeat.modelling.restricted_means import build_restricted_means
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.site_validation import measure_sites_left_out
from radfeat.modelling.splits import repeat_seed
from radfeat.modelling.stability import Stability, list_clusters, measure_stability, report_stability
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import (
    CALIBRATION,
    COEFFICIENTS,
    DECISION_CURVES,
    MODEL_SCORES,
    PERFORMANCE,
    PREDICTIONS,
    RISKS,
    SELECTION,
)


@dataclass(frozen=True, eq=False, slots=True)
class ArmResult:
    """The tables of one endpoint and arm, and the model of the whole arm; all exist, if need be empty."""

    feasibility: pa.Table
    predictions: pa.Table
    performance: pa.Table
    coefficients: pa.Table
    selection: pa.Table
    survival_curves: pa.Table
    cumulative_incidence: pa.Table
    restricted_means: pa.Table
    calibration: pa.Table
    decision_curves: pa.Table
    model_scores: pa.Table
    risks: pa.Table
    model: ArmModel


def fit_arm(
    study: StudyTable, endpoint: str, arm: str, settings: ModellingSettings, machine: Machine | None = None
) -> ArmResult:
    """Fit, score and judge one endpoint in one arm; describe the arm where a model is not feasible.

    Subjects of the other arms are scored by the same folds' models, for the contrasts between arms.

    Raises
    ------
    CohortError
        The settings declare no such endpoint or arm, or the features do not fit into memory.
    """
    require_declared(study, endpoint, arm, settings)
    own = build_cohort(study, endpoint, [arm])
    horizons = resolve_horizons(study, settings.endpoint(endpoint))
    verdict = tell_offer(judge_arm(own, arm, settings, horizons.last), study.offer)
    # One thread: the last bits of a matrix product depend on how many threads share it.
    with threadpool_limits(limits=1):
        others = build_cohort(study, endpoint, [a for a in settings.arms if a != arm])
        workers = _limit_workers(own, others, verdict, machine or Machine())
        fitted = _fit_whole_arm(own, settings, arm) if verdict.is_feasible else None
        if fitted is None:
            return _describe_arm(own, _explain_unfitted(own, verdict), horizons, settings)
        return _evaluate_arm(own, others, fitted, verdict, horizons, settings, workers)


def _limit_workers(own: Cohort, others: Cohort, verdict: Feasibility, machine: Machine) -> int:
    if not verdict.is_feasible:
        return 1
    rows = len(own) + len(others)
    return limit_workers(machine.workers, machine.memory_mb, rows, len(own.features), verdict.arm)


def _fit_whole_arm(own: Cohort, settings: ModellingSettings, arm: str) -> FoldModel | None:
    seed = derive_seed(settings.seed, "whole arm", own.endpoint, arm)
    return ElasticNetFit(settings)(Inputs(own.values, own.batches), own.outcomes, own.subject_ids, seed)


def _explain_unfitted(own: Cohort, verdict: Feasibility) -> Feasibility:
    if not verdict.is_feasible:
        return verdict
    sentence = (
        f"{verdict.arm}: no penalty could be fitted to its {verdict.n} subjects; the arm is described, and "
        "no model is fitted."
    )
    sentence = f"{sentence} {own.landmark}".strip()
    return replace(verdict, is_feasible=False, sentence=sentence)


def _describe_arm(
    own: Cohort, verdict: Feasibility, horizons: Horizons, settings: ModellingSettings
) -> ArmResult:
    rows = _list_rows(own)
    unmeasured = Metric(
        *(RADIOMICS, name_discrimination(own.outcomes), None, None, None, verdict.n, verdict.events),
        verdict.sentence,
    )
    performance = build_rows((unmeasured,), verdict, settings.level)
    unclassed = np.full(len(own), -1, dtype=np.intp)
    curves = build_curves(own.endpoint, verdict.arm, rows, unclassed, settings.level)
    return ArmResult(
        feasibility=build_feasibility(verdict),
        predictions=build_table(PREDICTIONS, []),
        performance=build_table(PERFORMANCE, performance),
        coefficients=build_table(COEFFICIENTS, []),
        selection=build_table(SELECTION, []),
        survival_curves=curves,
        cumulative_incidence=build_incidences(own.endpoint, verdict.arm, rows, unclassed, settings.level),
        restricted_means=_build_means(verdict, rows, unclassed, horizons, settings),
        calibration=build_table(CALIBRATION, []),
        decision_curves=build_table(DECISION_CURVES, []),
        model_scores=build_table(MODEL_SCORES, []),
        risks=build_table(RISKS, []),
        model=build_missing_model(own, verdict),
    )


def _evaluate_arm(
    own: Cohort,
    others: Cohort,
    fitted: FoldModel,
    verdict: Feasibility,
    horizons: Horizons,
    settings: ModellingSettings,
    workers: int,
) -> ArmResult:
    rows = _list_rows(own)
    seeds = tuple(repeat_seed(settings.seed, own.endpoint, r) for r in range(1, settings.repeats + 1))
    schedule = Schedule(settings.folds, seeds)
    outside = _list_rows(others) if len(others) else None
    result = cross_validate(rows, outside, ElasticNetFit(settings), schedule, workers)
    compared = cross_validate_comparators(own, rows, schedule, settings, count_selected(result), workers)
    marginal = cross_validate_marginal(rows, schedule)
    judged = {RADIOMICS: result, **compared}
    assessed = assess_models({**judged, MARGINAL: marginal}, horizons, verdict, settings)
    model = build_model(own, verdict, fitted, settings)
    stability = measure_stability(result.coefficients, list_clusters(fitted, len(own.features)))
    metrics = (
        *_list_metrics(result, compared, verdict, horizons, settings),
        *measure_sites_left_out(rows, own.site_ids, ElasticNetFit(settings), verdict, settings, workers),
        *assessed.metrics,
        *report_stability(stability, len(result.coefficients), verdict),
        *report_batches(fitted, verdict),
        *_permute(rows, result, schedule, verdict, settings, workers),
    )
    return ArmResult(
        feasibility=build_feasibility(verdict),
        predictions=_build_predictions(result, own.site_ids + others.site_ids, verdict),
        performance=build_table(PERFORMANCE, build_rows(metrics, verdict, settings.level)),
        coefficients=build_table(COEFFICIENTS, list_coefficients(model)),
        selection=_build_selection(result, own, verdict.arm, stability),
        survival_curves=build_curves(own.endpoint, verdict.arm, result.rows, result.strata, settings.level),
        cumulative_incidence=build_incidences(
            own.endpoint, verdict.arm, result.rows, result.strata, settings.level
        ),
        restricted_means=_build_means(verdict, result.rows, result.strata, horizons, settings),
        calibration=assessed.calibration,
        decision_curves=assessed.decision_curves,
        model_scores=build_scores(judged, verdict),
        risks=assessed.risks,
        model=model,
    )


def _build_means(
    verdict: Feasibility, rows: Rows, strata: Indices, horizons: Horizons, settings: ModellingSettings
) -> pa.Table:
    return build_restricted_means(
        verdict.endpoint, verdict.arm, rows, strata, horizons.times, settings.level, settings.arms[0]
    )


def _list_rows(cohort: Cohort) -> Rows:
    return Rows(cohort.subject_ids, cohort.arms, cohort.values, cohort.outcomes, cohort.batches)


def _list_metrics(
    result: OutOfFold,
    compared: Mapping[str, OutOfFold],
    verdict: Feasibility,
    horizons: Horizons,
    settings: ModellingSettings,
) -> Iterator[Metric]:
    yield measure_discrimination(RADIOMICS, result, verdict, settings)
    yield from measure_strata(result, settings)
    yield from measure_means(result, horizons, settings)
    yield from count_folds(result)
    for name, other in compared.items():
        yield measure_discrimination(name, other, verdict, settings)


def _permute(
    rows: Rows,
    result: OutOfFold,
    schedule: Schedule,
    verdict: Feasibility,
    settings: ModellingSettings,
    workers: int,
) -> Iterator[Metric]:
    if settings.permutations:
        seed = derive_seed(settings.seed, "permutations", verdict.endpoint, verdict.arm)
        first = result.repeats[0].scores[: result.own]
        fit = ElasticNetFit(settings)
        permuted = permute_procedure(first, rows, fit, schedule, settings.permutations, seed, workers)
        yield from measure_permuted(permuted, rows.outcomes, settings)


def _build_predictions(result: OutOfFold, sites: tuple[str, ...], verdict: Feasibility) -> pa.Table:
    rows, outcomes = result.rows, result.rows.outcomes
    found: list[dict[str, object]] = []
    for number, repeat in enumerate(result.repeats, start=1):
        for i, subject in enumerate(rows.subject_ids):
            found.append(
                {
                    "endpoint": verdict.endpoint,
                    "model_arm": verdict.arm,
                    "subject_id": subject,
                    "repeat": number,
                    "arm": rows.arms[i],
                    "site_id": sites[i],
                    "fold": int(repeat.folds[i]) + 1,
                    "score": None if np.isnan(repeat.scores[i]) else float(repeat.scores[i]),
                    "stratum": STRATUM_NAMES.get(int(repeat.strata[i])),
                    "time": float(outcomes.times[i]) if outcomes.is_survival else None,
                    "event": None if outcomes.is_continuous else bool(outcomes.events[i]),
                    "competing": None if outcomes.competing is None else bool(outcomes.competing[i]),
                    "value": float(outcomes.measured[i]) if outcomes.is_continuous else None,
                }
            )
    return build_table(PREDICTIONS, found)


def _build_selection(result: OutOfFold, own: Cohort, arm: str, stability: Stability) -> pa.Table:
    coefficients = result.coefficients
    fits = len(coefficients)
    rows = [
        {
            "endpoint": own.endpoint,
            "arm": arm,
            "feature": feature,
            "fits": fits,
            "selected": int((coefficients[:, j] != 0).sum()),
            "frequency": float((coefficients[:, j] != 0).mean()),
            "mean_coefficient": float(coefficients[:, j].mean()),
            "cluster": int(stability.cluster[j]) or None,
            "cluster_frequency": _or_none(stability.cluster_frequency[j]),
        }
        for j, feature in enumerate(own.features if fits else ())
    ]
    return build_table(SELECTION, rows)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
