"""Cumulative incidence where events compete: the Aalen-Johansen estimate with its limits.

1 - Kaplan-Meier, with competing events as censorings, would be the risk in a world without them, and is
greater than the share of subjects who have the event.

References: Aalen and Johansen, Scand J Stat 1978; 5:141; Dinse and Larson, Biometrika 1986; 73:379.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sksurv.nonparametric import cumulative_incidence_competing_risks

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.outcomes import Floats, Indices, Outcomes
from radfeat.modelling.survival import compute_curve

EVENT, COMPETING = "event", "competing"
"""The two causes: the event of the endpoint, and any competing event."""


@dataclass(frozen=True, slots=True)
class IncidencePoint:
    """One cause just after one distinct time; the limits are None where undefined."""

    cause: str
    time: float
    at_risk: int
    events: int
    censored: int
    incidence: float
    lo: float | None
    hi: float | None


def compute_incidence(outcomes: Outcomes, level: float) -> tuple[IncidencePoint, ...]:
    """Cumulative incidence of both causes at every distinct time; before the first event of a cause 0.

    Variance by Dinse and Larson on the scale of log(-log incidence), as R's ``conf.type = "log-log"`` has it;
    undefined from the time on at which nobody is left because all at risk had an event.
    """
    if not len(outcomes):
        return ()
    competing = np.zeros(len(outcomes), dtype=np.bool_) if outcomes.competing is None else outcomes.competing
    causes = np.where(outcomes.events, 1, np.where(competing, 2, 0))
    times, at_risk, leaving = _count(outcomes.times)
    points: list[IncidencePoint] = []
    for number, cause in enumerate((EVENT, COMPETING), start=1):
        ended = _count_at(outcomes.times[causes == number], times)
        censored = _count_at(outcomes.times[causes == 0], times)
        incidence = _estimate(causes, outcomes.times, number, times)
        last = _find_exhausted(at_risk, leaving - censored, times)
        lo, hi = _find_limits(causes, outcomes.times, number, times, last, level)
        points += [
            IncidencePoint(cause, *(float(t), int(n), int(d), int(c)), float(f), _known(a), _known(b))
            for t, n, d, c, f, a, b in zip(times, at_risk, ended, censored, incidence, lo, hi, strict=True)
        ]
    return tuple(points)


def _estimate(causes: Indices, ends: Floats, number: int, times: Floats) -> Floats:
    """Incidence of one cause at each distinct time."""
    if not (causes == number).any():
        return np.zeros(len(times))
    if not _has_both(causes):
        survival: Floats = np.array(
            [point.survival for point in compute_curve(_take_cause(causes, ends), 0.95)]
        )
        return 1.0 - survival
    _, found = cumulative_incidence_competing_risks(_rank_causes(causes, number), ends)
    incidence: Floats = found[1]
    return incidence


def _find_limits(
    causes: Indices, ends: Floats, number: int, times: Floats, last: float, level: float
) -> tuple[Floats, Floats]:
    """Limits of one cause at each distinct time; 0 before its first event, NaN from ``last`` on."""
    limits = np.full((2, len(times)), np.nan)
    before = times < last
    # Whoever leaves at the end or later is censored there: earlier limits do not change by it.
    known = np.where(ends < last, causes, 0)
    first = ends[causes == number].min(initial=np.inf)
    limits[:, before & (times < first)] = 0.0
    rows = before & (times >= first)
    if rows.any():
        found = _limit_both if _has_both(known) else _limit_one
        limits[:, rows] = found(known, ends, number, level)[:, rows]
    return limits[0], limits[1]


def _limit_both(causes: Indices, ends: Floats, number: int, level: float) -> Floats:
    """Limits (2 x times) where both causes occur."""
    _, _, found = cumulative_incidence_competing_risks(
        *(_rank_causes(causes, number), ends),
        conf_level=level,
        conf_type="log-log",
        var_type="Dinse_Approx",
    )
    limits: Floats = found[1]
    return limits


def _limit_one(causes: Indices, ends: Floats, number: int, level: float) -> Floats:
    """The same where one cause alone occurs: incidence is 1 - Kaplan-Meier, its variance Greenwood's."""
    _, at_risk, leaving = _count(ends)
    events = leaving - _count_at(ends[causes == 0], np.unique(ends))
    greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
    survival = np.cumprod(1 - events / at_risk)
    incidence = 1 - survival
    scale = np.log(np.where(incidence > 0, incidence, 0.5))
    half = (
        norm.ppf(0.5 + level / 2)
        * survival
        * np.sqrt(greenwood)
        / (np.abs(incidence * scale) + (incidence == 0))
    )
    return np.array([incidence ** np.exp(half), incidence ** np.exp(-half)])


def _has_both(causes: Indices) -> bool:
    return bool((causes == 1).any() and (causes == 2).any())


def _take_cause(causes: Indices, ends: Floats) -> Outcomes:
    return Outcomes(EndpointKind.TIME_TO_EVENT, ends, np.asarray(causes > 0, dtype=np.bool_))


def _rank_causes(causes: Indices, number: int) -> Indices:
    """The cause as 1, the other as 2, censored as 0; the library can only do with both."""
    return np.where(causes == 0, 0, np.where(causes == number, 1, 2))


def _find_exhausted(at_risk: Indices, events: Indices, times: Floats) -> float:
    """The time at which all at risk had an event; infinite if that never is."""
    return float(times[events == at_risk].min(initial=np.inf))


def _count(ends: Floats) -> tuple[Floats, Indices, Indices]:
    """Distinct times, subjects at risk just before each, and subjects leaving at each."""
    times, leaving = np.unique(ends, return_counts=True)
    return times, np.asarray(leaving[::-1].cumsum()[::-1], dtype=np.intp), leaving.astype(np.intp)


def _count_at(ends: Floats, times: Floats) -> Indices:
    return np.bincount(np.searchsorted(times, ends), minlength=len(times)).astype(np.intp)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
