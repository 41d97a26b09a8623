"""Why subjects do not go on, in words that can be counted: without the days and lesions of each."""

import re

from radfeat.report.inputs import Rows
from radfeat.report.wording import explain_reason

_NOT_IN = "not in {}: "
_NO_FEATURES = re.compile(r"^(?P<what>no features(?: at .+)?): (?P<codes>[A-Z_, ]+)$")
_LANDMARK = re.compile(
    r"^(?P<endpoint>.+): (?P<what>event|competing event|censored) at .+ not after the landmark"
)
_LATE = re.compile(r"^(?P<endpoint>.+): the image of (?P<visit>.+) \(day .+\) is later than the landmark")
_REVERSED = re.compile(
    r"^the image of (?P<late>.+) \(day .+\) is not later than that of (?P<early>.+) \(day .+\)$"
)
_LESIONS = re.compile(r"^(?P<what>no lesion has features at both visits|lesions at one visit only): .+$")


def mark_left_out(endpoint: str) -> str:
    """What stands in ``subjects.note`` before the reason why a subject that enters is not in an endpoint."""
    return _NOT_IN.format(endpoint)


def count_left_to_landmark(subjects: Rows, arm: str, endpoint: str) -> int:
    """Subjects of an arm that enter, but not for this endpoint, by the rule of the landmark."""
    mark = mark_left_out(endpoint)
    return sum(row["arm"] == arm and mark in (row["note"] or "") for row in subjects)


def word_exclusion(excluded: str | None) -> str:
    """The column ``excluded`` with reason codes in words, and without what is each subject's own."""
    if excluded is None:
        return "no reason given"
    parts = [_word_part(part) for part in excluded.split("; ")]
    told = ", or ".join(dict.fromkeys(words for words, _ in parts))
    endpoints = ", ".join(dict.fromkeys(endpoint for _, endpoint in parts if endpoint))
    return f"{told} ({endpoints})" if endpoints else told


def _word_part(part: str) -> tuple[str, str]:
    """One reason, and the endpoint that it is about; empty where it is about none."""
    if found := _NO_FEATURES.match(part):
        reasons = ", ".join(explain_reason(code) for code in found["codes"].split(", "))
        return f"{found['what']}: {reasons}", ""
    if found := _LANDMARK.match(part):
        return f"{found['what']} not after the landmark", found["endpoint"]
    if found := _LATE.match(part):
        return f"image of {found['visit']} later than the landmark", found["endpoint"]
    if found := _REVERSED.match(part):
        return f"image of {found['late']} not later than that of {found['early']}", ""
    if found := _LESIONS.match(part):
        return found["what"], ""
    return part, ""
