"""What was asked, in sentences made from the settings: endpoints, arms, biomarkers, predictors."""

from collections.abc import Iterator

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts, DeltaFacts, EndpointFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.report.wording import count_of, join_words

MOST_NAMED = 6
"""More features than these are counted, not named."""

_LESIONS = {
    "largest": "features of the largest lesion of a subject",
    "volume_weighted": "features averaged over the lesions of a subject by their volume",
    "sum": "features summed over the lesions of a subject where they add up",
}
_CHANGES = {"log_ratio": "log-ratio", "per_week": "per week"}


def describe_asked(tables: UnblindedTables, facts: AnalysisFacts) -> Iterator[str]:
    """The questions of the analysis, and what the scores are made of; none without endpoints."""
    if not facts.endpoints or not facts.arms:
        return
    several = len(facts.arms) > 1
    where = f"Within each arm ({join_words(facts.arms)})" if several else f"In the arm {facts.arms[0]}"
    endpoints = join_words(_word_endpoint(e) for e in facts.endpoints)
    yield f"{where}: does a score made from the images order the subjects by {endpoints}?"
    if several:
        yield (
            f"Against {facts.arms[0]}: does the effect of treatment differ with {_word_biomarkers(facts)}?"
        )
    offered = max((row["predictors"] for row in tables.feasibility), default=0)
    parts = [f"The scores are made from up to {count_of(offered, 'predictor')}: {_word_predictors(facts)}"]
    if facts.covariates:
        verb = "covariate is" if len(facts.covariates) == 1 else "covariates are"
        parts.append(f"the clinical {verb} {join_words(c.column for c in facts.covariates)}")
    if facts.stratification:
        parts.append(f"randomisation was stratified by {join_words(facts.stratification)}")
    if facts.repeatability is not None:
        parts.append("features that are not repeatable are left out beforehand")
    if facts.batch_effects != "none":
        parts.append(f"effects of {facts.batch} are taken out inside every fold ({facts.batch_effects})")
    yield f"{'; '.join(parts)}."


def _word_endpoint(endpoint: EndpointFacts) -> str:
    if endpoint.kind is EndpointKind.TIME_TO_EVENT:
        unit = f", {endpoint.time_unit}" if endpoint.time_unit else ""
        competing = ", with competing events" if endpoint.competing_values else ""
        return f"{endpoint.name} (time to event{unit}{competing})"
    return f"{endpoint.name} ({'two classes' if endpoint.kind is EndpointKind.BINARY else 'a value'})"


def _word_biomarkers(facts: AnalysisFacts) -> str:
    named = facts.candidates
    if not named:
        return "a score"
    words = join_words(named) if len(named) <= MOST_NAMED else count_of(len(named), "feature")
    return f"{words}, named beforehand, or with a score"


def _word_predictors(facts: AnalysisFacts) -> str:
    features = _LESIONS.get(facts.lesions, "features")
    if facts.delta is None:
        return f"{features} at {facts.timepoint}" if facts.timepoint else features
    return _word_changes(facts.delta, features)


def _word_changes(delta: DeltaFacts, features: str) -> str:
    kinds = join_words(_CHANGES.get(kind, kind) for kind in delta.kinds)
    day = (
        f"day {delta.landmark_day:g}" if delta.landmark_day is not None else f"the image of {delta.followup}"
    )
    return (
        f"changes from {delta.baseline} to {delta.followup} ({kinds}) of {features}, with times to event "
        f"counted from {day}"
    )
