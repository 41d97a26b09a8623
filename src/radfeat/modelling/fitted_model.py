"""The model fitted to a whole arm: from a fitted pipeline to the JSON record, its table and its digests."""

import math
from collections.abc import Mapping

import numpy as np

from radfeat.core.digest import compute_json_digest
from radfeat.modelling.batch_report import describe_batches, find_batch_step, list_adjustments
from radfeat.modelling.cohort import Cohort
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import FoldModel
from radfeat.modelling.model_files import ArmModel, ModelTerm, digest_features
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.settings import ModellingSettings


def build_model(
    cohort: Cohort, verdict: Feasibility, fitted: FoldModel, settings: ModellingSettings
) -> ArmModel:
    """The record of a model fitted to all subjects of an arm."""
    terms = _list_terms(fitted, cohort)
    what = "with the event" if cohort.outcomes.is_survival else "in the positive class"
    counted = "" if cohort.outcomes.is_continuous else f", {verdict.events} of them {what}"
    cause = ""
    if verdict.competing is not None:
        cause = f" (cause-specific: {verdict.competing} competing events are taken for censorings)"
    rests = f"Fitted to all {verdict.n} subjects of the arm{counted}{cause}"
    outcome = f"features selected: {len(terms)}" if terms else "no feature selected: all subjects score 0"
    return _describe(cohort, verdict).model_copy(
        update={
            "fitted": True,
            "sentence": f"{rests}; {outcome}.",
            "penalty": fitted.penalty,
            "l1_ratio": settings.l1_ratio,
            "batches": describe_batches(fitted, settings),
            "intercept": fitted.intercept,
            "terms": terms,
            "mean": fitted.mean,
            "deviation": fitted.deviation,
            "cut": fitted.cut,
        }
    )


def build_missing_model(cohort: Cohort, verdict: Feasibility) -> ArmModel:
    """The record that says why an arm has no model."""
    return _describe(cohort, verdict)


def list_coefficients(model: ArmModel) -> list[Mapping[str, object]]:
    """Rows of the table ``coefficients``: the predictors with a coefficient other than zero."""
    return [
        {
            "endpoint": model.endpoint,
            "arm": model.arm,
            "feature": term.feature,
            "coefficient": term.coefficient,
            "centre": term.centre,
            "scale": term.scale,
            "cluster": term.cluster,
        }
        for term in model.terms
    ]


def _describe(cohort: Cohort, verdict: Feasibility) -> ArmModel:
    return ArmModel(
        endpoint=cohort.endpoint,
        kind=cohort.outcomes.kind,
        arm=verdict.arm,
        fitted=False,
        sentence=verdict.sentence,
        features=cohort.features,
        feature_schema_digest=digest_features(cohort.features),
        training_digest=_digest_training(cohort),
        n=verdict.n,
        events=verdict.events,
    )


def _digest_training(cohort: Cohort) -> str:
    def plain(values: Floats) -> list[float | None]:
        return [None if math.isnan(v) else v for v in values.tolist()]

    outcomes = cohort.outcomes
    further: dict[str, object] = {}
    if outcomes.is_continuous:
        further["outcome_values"] = plain(outcomes.measured)
    if outcomes.competing is not None:
        further["competing"] = outcomes.competing.tolist()
    if outcomes.levels is not None:
        further["levels"] = [list(level) for level in outcomes.levels]
    return compute_json_digest(
        {
            "subjects": list(cohort.subject_ids),
            "features": list(cohort.features),
            "values": [plain(row) for row in cohort.values],
            "times": plain(cohort.outcomes.times),
            "events": cohort.outcomes.events.tolist(),
            "batches": list(cohort.batches),
            **further,
        }
    )


def _list_terms(fitted: FoldModel, cohort: Cohort) -> tuple[ModelTerm, ...]:
    features, steps = cohort.features, fitted.steps.named
    varying, cluster, scaler = steps["vary"].kept_, steps["cluster"], steps["scale"]
    terms = []
    for place in np.flatnonzero(fitted.coefficients):
        column = cluster.kept_[place]
        label = cluster.labels_[column]
        terms.append(
            ModelTerm(
                feature=features[varying[column]],
                impute=float(steps["impute"].statistics_[varying[column]]),
                median=float(steps["transform"].centre_[column]),
                spread=float(steps["transform"].scale_[column]),
                adjustments=list_adjustments(find_batch_step(fitted), column),
                centre=float(scaler.mean_[place]),
                scale=float(scaler.scale_[place]),
                low=float(np.nanmin(cohort.values[:, varying[column]])),
                high=float(np.nanmax(cohort.values[:, varying[column]])),
                coefficient=float(fitted.coefficients[place]),
                cluster=int(label),
                cluster_members=tuple(features[varying[c]] for c in np.flatnonzero(cluster.labels_ == label)),
            )
        )
    return tuple(terms)
