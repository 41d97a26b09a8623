"""Kaplan-Meier with log-log Greenwood limits, and the log-rank test."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from radfeat.modelling.outcomes import Flags, Floats, Indices, Outcomes, list_rows


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Kaplan-Meier just after one distinct time; the limits are None where undefined (survival 0)."""

    time: float
    at_risk: int
    events: int
    censored: int
    survival: float
    lo: float | None
    hi: float | None


def compute_curve(outcomes: Outcomes, level: float) -> tuple[CurvePoint, ...]:
    """Kaplan-Meier estimate at every distinct time; before the first event the limits are 1.

    Limits: Greenwood's variance on the scale of log(-log survival), as R's ``conf.type = "log-log"``.
    """
    distinct, at_risk, deaths, leaving = _count(outcomes)
    z = float(norm.ppf(0.5 + level / 2))
    survival, greenwood = 1.0, 0.0
    points: list[CurvePoint] = []
    for time, n, d, out in zip(distinct, at_risk, deaths, leaving, strict=True):
        survival = 0.0 if d == n else survival * (n - d) / n
        greenwood += d / (n * (n - d)) if d < n else 0.0
        lo, hi = _limits(survival, greenwood, z)
        points.append(CurvePoint(float(time), int(n), int(d), int(out - d), survival, lo, hi))
    return tuple(points)


def compute_logrank(outcomes: Outcomes, is_high: Flags) -> tuple[float, float] | None:
    """Log-rank chi-square (1 degree of freedom) and p of two groups; None where it is undefined.

    Stratified where the randomisation was: observed less expected events and variances add up over the
    strata. Reference: Mantel, Cancer Chemother Rep 1966; 50:163.
    """
    strata = list_rows(outcomes.levels) if outcomes.levels else [np.arange(len(outcomes))]
    parts = [_compare_groups(outcomes.take(rows), is_high[rows]) for rows in strata]
    excess, variance = (float(sum(found)) for found in zip(*parts, strict=True))
    if variance <= 0:
        return None
    statistic = excess**2 / variance
    return statistic, float(chi2.sf(statistic, 1))


def compute_rmst(curve: tuple[CurvePoint, ...], horizon: float) -> float:
    """Restricted mean survival time: the area under a Kaplan-Meier curve up to ``horizon``."""
    area, time, survival = 0.0, 0.0, 1.0
    for point in curve:
        if point.time >= horizon:
            break
        area += survival * (point.time - time)
        time, survival = point.time, point.survival
    return area + survival * (horizon - time)


def _compare_groups(outcomes: Outcomes, is_high: Flags) -> tuple[float, float]:
    """Events of the second group beyond what is expected, and the variance of that."""
    distinct, at_risk, deaths, _ = _count(outcomes)
    group = _count_at(outcomes.take(np.flatnonzero(is_high)), distinct)
    expected = deaths * group / at_risk
    observed = float((outcomes.events & is_high).sum())
    spare = np.where(at_risk > 1, at_risk - 1, 1)
    variance = float((deaths * (group / at_risk) * (1 - group / at_risk) * (at_risk - deaths) / spare).sum())
    return observed - float(expected.sum()), variance


def _limits(survival: float, greenwood: float, z: float) -> tuple[float | None, float | None]:
    if survival >= 1.0:
        return 1.0, 1.0
    if survival <= 0.0:
        return None, None
    half = z * np.sqrt(greenwood) / np.log(survival)
    return float(survival ** np.exp(-half)), float(survival ** np.exp(half))


def _count(outcomes: Outcomes) -> tuple[Floats, Indices, Indices, Indices]:
    """Distinct times, and at each the subjects at risk, with the event, and leaving for either cause."""
    distinct, place = np.unique(outcomes.times, return_inverse=True)
    leaving = np.bincount(place, minlength=len(distinct))
    deaths = np.bincount(place[outcomes.events], minlength=len(distinct))
    at_risk = leaving[::-1].cumsum()[::-1]
    return distinct, at_risk.astype(np.intp), deaths.astype(np.intp), leaving.astype(np.intp)


def _count_at(outcomes: Outcomes, times: Floats) -> Indices:
    ordered = np.sort(outcomes.times)
    return np.asarray(len(ordered) - np.searchsorted(ordered, times, side="left"), dtype=np.intp)
