"""The gate before any model: is there enough in this arm, and if not, why; one sentence."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from radfeat.modelling.cohort import Cohort
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.predictors import Offer
from radfeat.modelling.sample_size import SampleSize, estimate_sample_size, explain_sample_size
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEASIBILITY

MIN_PER_FOLD = 2
"""Fewest subjects in an outer fold: with fewer, a fold could be empty."""


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Verdict on one arm and endpoint; ``min_events`` is per arm, or per class for a binary endpoint.

    For a continuous endpoint ``min_events`` is of subjects, and there are neither ``events`` nor
    ``non_events``. ``competing`` counts times that end in a competing event; None where none is declared.
    ``unrepeatable`` counts the features that the filter by repeatability left out; None without a filter.
    """

    endpoint: str
    arm: str
    n: int
    events: int
    non_events: int
    sites: int
    predictors: int
    min_events: int
    is_feasible: bool
    sentence: str
    competing: int | None = None
    sample_size: SampleSize | None = None
    sample_size_sentence: str = ""
    unrepeatable: int | None = None


def judge_arm(cohort: Cohort, arm: str, settings: ModellingSettings, horizon: float | None) -> Feasibility:
    """Whether a model is fitted to the cohort of one arm; Riley's sample size stands beside it.

    ``horizon`` is the time of prediction of a time to event; only the sample size asks for it.
    """
    events = int(cohort.outcomes.events.sum())
    n = len(cohort)
    size = estimate_sample_size(cohort.outcomes, len(cohort.features), settings.expected_r2, horizon)
    obstacle = explain_shortage(cohort.outcomes, settings) or _explain_obstacle(cohort, settings)
    return Feasibility(
        endpoint=cohort.endpoint,
        arm=arm,
        n=n,
        events=events,
        non_events=0 if cohort.outcomes.is_continuous else n - events,
        competing=None if cohort.outcomes.competing is None else int(cohort.outcomes.competing.sum()),
        sites=len(set(cohort.site_ids)),
        predictors=len(cohort.features),
        min_events=settings.least_events(cohort.outcomes.kind),
        is_feasible=not obstacle,
        sample_size=size,
        sample_size_sentence=explain_sample_size(
            size,
            n,
            len(cohort.features),
            settings.expected_r2,
            is_risk=not cohort.outcomes.is_continuous and cohort.outcomes.competing is None,
        ),
        sentence=f"{_write_verdict(cohort, arm, obstacle)} {cohort.landmark}".strip(),
    )


def _write_verdict(cohort: Cohort, arm: str, obstacle: str) -> str:
    if obstacle:
        return f"{arm}: {obstacle}; the arm is described, and no model is fitted."
    return f"{arm}: {_count(cohort.outcomes)}: a model of {len(cohort.features)} predictors is fitted."


def tell_offer(verdict: Feasibility, offer: Offer) -> Feasibility:
    """The verdict with what the filter by repeatability left out, if there is one."""
    if offer.repeatability is None:
        return verdict
    sentence = f"{verdict.sentence.removesuffix('.')}; {offer.repeatability_words}."
    return replace(verdict, sentence=sentence, unrepeatable=offer.unrepeatable)


def explain_shortage(outcomes: Outcomes, settings: ModellingSettings) -> str:
    """What there is too little of (events, a class, subjects), with the numbers; empty if nothing."""
    least = settings.least_events(outcomes.kind)
    if outcomes.is_continuous:
        few = len(outcomes) < least
        return f"{_count(outcomes)}, but {least} subjects are needed" if few else ""
    events = int(outcomes.events.sum())
    scarcest = events if outcomes.is_survival else min(events, len(outcomes) - events)
    if scarcest >= least:
        return ""
    wanted = f"{least} events are" if outcomes.is_survival else f"{least} of each class are"
    return f"{_count(outcomes)}, but {wanted} needed"


def build_feasibility(verdict: Feasibility) -> pa.Table:
    """The verdict as a table of one row."""
    size = verdict.sample_size
    row = {
        "endpoint": verdict.endpoint,
        "arm": verdict.arm,
        "n": verdict.n,
        "events": verdict.events,
        "non_events": verdict.non_events,
        "competing": verdict.competing,
        "sites": verdict.sites,
        "predictors": verdict.predictors,
        "min_events": verdict.min_events,
        "feasible": verdict.is_feasible,
        "sentence": verdict.sentence,
        "riley_shrinkage": size.shrinkage if size else None,
        "riley_r_squared": size.r_squared if size else None,
        "riley_risk": size.risk if size else None,
        "riley_n": size.n if size else None,
        "riley_predictors": size.predictors if size else None,
        "riley_sentence": verdict.sample_size_sentence,
        "unrepeatable": verdict.unrepeatable,
    }
    return build_table(FEASIBILITY, [row])


def _explain_obstacle(cohort: Cohort, settings: ModellingSettings) -> str:
    if len(cohort) < MIN_PER_FOLD * settings.folds:
        return f"{len(cohort)} subjects are too few for {settings.folds} folds of {MIN_PER_FOLD} or more"
    if cohort.outcomes.is_continuous and np.ptp(cohort.outcomes.measured) == 0:
        return f"all {len(cohort)} subjects have one value of the endpoint"
    if not cohort.features:
        return "no feature passes the filters that are blind to the outcome"
    return ""


def _count(outcomes: Outcomes) -> str:
    events = int(outcomes.events.sum())
    if outcomes.is_continuous:
        return f"{len(outcomes)} subjects with a value"
    if outcomes.competing is not None:
        return (
            f"{events} events in {len(outcomes)} subjects, and {int(outcomes.competing.sum())} competing "
            "events, which censor"
        )
    if outcomes.is_survival:
        return f"{events} events in {len(outcomes)} subjects"
    return f"{events} of {len(outcomes)} subjects in the positive class"
