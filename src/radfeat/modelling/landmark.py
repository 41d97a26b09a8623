"""The landmark rule: nobody is followed before the predictors are known.

A change between two visits is known only of those who live to the second. Counted from randomisation their
times would hold a span in which they could not have the event (immortal time), longer where the second image
is later, and an event seen on that very image would be predicted by itself. So a subject with event or
censoring at or before the landmark is left out of a time-to-event endpoint, and times count from it.

Reference: Anderson et al., J Clin Oncol 1983; 1:710; van Houwelingen, Scand J Stat 2007; 34:70.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.clinical import ClinicalRow, SubjectOutcome
from radfeat.modelling.delta_settings import DeltaSettings
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.settings import ModellingSettings


class LandmarkCause(StrEnum):
    """Why a subject is left out of an endpoint by the landmark rule."""

    EARLY = "with event or censoring up to it"
    LATE_IMAGE = "whose follow-up image is later"
    NO_DAY = "whose follow-up image has no study day"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A subject left out of one endpoint: the cause, and the sentence about it."""

    cause: LandmarkCause
    sentence: str


@dataclass(frozen=True, slots=True)
class Landmarked:
    """Clinical rows with times from the landmark, and by endpoint and subject who was left out."""

    rows: tuple[ClinicalRow, ...]
    left_out: Mapping[str, Mapping[str, LeftOut]]


def apply_landmark(
    rows: Sequence[ClinicalRow], followup_days: Mapping[str, float | None], settings: ModellingSettings
) -> Landmarked:
    """Count times to event from the landmark, and leave out who did not reach it.

    Parameters
    ----------
    rows
        Subjects with predictors.
    followup_days
        Study day of each subject's follow-up image; None where it is not known.
    settings
        Without ``delta`` nothing is done. Binary endpoints have no time, and are left as they are.
    """
    delta = settings.delta
    if delta is None:
        return Landmarked(tuple(rows), {})
    changed, left_out = list(rows), {}
    for endpoint in settings.endpoints:
        if endpoint.kind is not EndpointKind.TIME_TO_EVENT:
            continue
        left_out[endpoint.name] = found = dict[str, LeftOut]()
        for i, row in enumerate(changed):
            outcome = row.outcomes[endpoint.name]
            if outcome is None:
                continue
            judged = _judge(outcome, followup_days[row.subject_id], endpoint, delta)
            if isinstance(judged, LeftOut):
                found[row.subject_id] = judged
            kept = None if isinstance(judged, LeftOut) else judged
            changed[i] = replace(row, outcomes={**row.outcomes, endpoint.name: kept})
    return Landmarked(tuple(changed), left_out)


def describe_left_out(left_out: Iterable[LeftOut], delta: DeltaSettings | None) -> str:
    """Where times begin and how many were left out, as a sentence to stand after another."""
    if delta is None:
        return ""
    counts = Counter(item.cause for item in left_out)
    total = sum(counts.values())
    told = ", ".join(f"{counts[cause]} {cause.value}" for cause in LandmarkCause if counts[cause])
    begin = (
        f"day {delta.landmark_day:g}"
        if delta.landmark_day is not None
        else f"the day of the image of {delta.followup}"
    )
    people = "subject is" if total == 1 else "subjects are"
    causes = f" ({told})" if told else ""
    return f"Times count from the landmark, {begin}; {total} {people} left out{causes}."


def _judge(
    outcome: SubjectOutcome, image_day: float | None, endpoint: EndpointSettings, delta: DeltaSettings
) -> SubjectOutcome | LeftOut:
    """The outcome counted from the landmark, or why the subject is left out."""
    name = endpoint.name
    if image_day is None:
        sentence = f"{name}: the study day of the image of {delta.followup} is not known"
        return LeftOut(LandmarkCause.NO_DAY, sentence)
    landmark = image_day if delta.landmark_day is None else delta.landmark_day
    if image_day > landmark:
        sentence = (
            f"{name}: the image of {delta.followup} (day {image_day:g}) is later than the landmark, "
            f"day {landmark:g}"
        )
        return LeftOut(LandmarkCause.LATE_IMAGE, sentence)
    if landmark <= 0:
        return outcome
    begin = landmark / endpoint.time_unit.days
    if outcome.time <= begin * (1 + 1e-12):
        what = "event" if outcome.event else "competing event" if outcome.competing else "censored"
        sentence = (
            f"{name}: {what} at {outcome.time:g} {endpoint.time_unit.value}, "
            f"not after the landmark, day {landmark:g}"
        )
        return LeftOut(LandmarkCause.EARLY, sentence)
    return replace(outcome, time=outcome.time - begin)
