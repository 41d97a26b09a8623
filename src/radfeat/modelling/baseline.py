"""From a linear predictor to an absolute risk: the baseline of the training rows."""

from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Floats, Outcomes

_MAX_STEPS = 100
_PRECISION = 1e-10


@dataclass(frozen=True, eq=False, slots=True)
class Baseline:
    """Cumulative baseline ``hazards`` (k,) at ``times`` (k,), ascending; or else an ``intercept``."""

    times: Floats
    hazards: Floats
    intercept: float = 0.0
    is_identity: bool = False


def fit_baseline(predictors: Floats, outcomes: Outcomes) -> Baseline:
    """Baseline of training rows whose linear predictors are given and stay as they are.

    Time to event: Breslow's estimate of the cumulative hazard of a subject with predictor 0. Binary: the
    intercept with which the risks add up to the subjects of the positive class. Continuous: the mean value
    less the mean predictor. Reference: Breslow, J R Stat Soc B 1972; 34:216.
    """
    if outcomes.is_continuous:
        centre = float(outcomes.measured.mean() - predictors.mean())
        return Baseline(np.empty(0), np.empty(0), centre, is_identity=True)
    if not outcomes.is_survival:
        return Baseline(np.empty(0), np.empty(0), fit_intercept(predictors, outcomes))
    times, place = np.unique(outcomes.times, return_inverse=True)
    deaths = np.bincount(place, weights=outcomes.events, minlength=len(times))
    weights = np.bincount(place, weights=np.exp(predictors), minlength=len(times))
    at_risk = weights[::-1].cumsum()[::-1]
    return Baseline(times, np.cumsum(deaths / at_risk))


def predict_risks(baseline: Baseline, predictors: Floats, times: Floats) -> Floats:
    """Risk of the event by each time (rows x times), or of the positive class, or value (rows x 1)."""
    if baseline.is_identity:
        values: Floats = (predictors + baseline.intercept)[:, None]
        return values
    if not len(baseline.times):
        return _to_risk(predictors + baseline.intercept)[:, None]
    held = np.searchsorted(baseline.times, times, side="right")
    hazards = np.concatenate([[0.0], baseline.hazards])[held]
    risks: Floats = -np.expm1(-np.exp(predictors)[:, None] * hazards[None, :])
    return risks


def fit_intercept(offsets: Floats, outcomes: Outcomes) -> float:
    """Intercept of a logistic regression on an offset alone; infinite where one class is all there is."""
    events = float(outcomes.events.sum())
    if events in (0.0, float(len(outcomes))):
        return -np.inf if events == 0 else np.inf
    lo, hi = (float(v) for v in np.array([-40.0, 40.0]) - np.array([offsets.max(), offsets.min()]))
    for _ in range(_MAX_STEPS):
        # The sum of the risks grows with the intercept: halving cannot miss.
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if _to_risk(offsets + middle).sum() < events else (lo, middle)
        if hi - lo < _PRECISION:
            break
    return (lo + hi) / 2


def _to_risk(logits: Floats) -> Floats:
    # As a hyperbolic tangent, which neither overflows nor warns.
    risks: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return risks
