"""Do out-of-fold risks come true: slope, calibration in the large, and a curve by groups of risk."""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.stats import norm

from radfeat.modelling.baseline import fit_intercept
from radfeat.modelling.outcomes import Floats, Indices, Outcomes
from radfeat.modelling.predicted import Predicted
from radfeat.modelling.regression import fit_regression
from radfeat.modelling.resampling import Resampled
from radfeat.modelling.survival import compute_curve

NO_HORIZON = 0.0
"""What stands for the horizon of a binary endpoint, whose risks have no time."""


def measure_slope(predicted: Predicted, level: float) -> Resampled:
    """Coefficient of the linear predictor in a regression of the outcome on it alone; Wald limits.

    1 is perfect, below 1 the predictions are too extreme (overfitted), 0 is no relation. Cox (Efron ties),
    logistic or linear. The mean of the repeats' slopes, each weighted by its information: where folds
    selected next to nothing, predictors hardly vary and the slope may be anything. Its standard error is the
    mean, so weighted, of theirs, which is the most it can be: they share their subjects. None where no repeat
    has a slope. Reference: van Houwelingen, Stat Med 2000; 19:3401.
    """
    found = [_fit_slope(predictors, predicted.outcomes) for predictors in predicted.predictors]
    slopes, errors = np.array([pair for pair in found if pair], dtype=np.float64).reshape(-1, 2).T
    if not len(slopes):
        return Resampled(None, None, None)
    information = errors**-2
    slope = float(np.average(slopes, weights=information))
    half = float(norm.ppf(0.5 + level / 2) * np.average(errors, weights=information))
    return Resampled(slope, slope - half, slope + half)


def _fit_slope(predictors: Floats, outcomes: Outcomes) -> tuple[float, float] | None:
    """Slope of one repeat and its standard error; None where predictors do not vary or none is finite."""
    known = np.flatnonzero(~np.isnan(predictors))
    unit = float(outcomes.measured.std()) if outcomes.is_continuous and len(outcomes) else 1.0
    if not len(known) or np.ptp(predictors[known]) <= 1e-12 * unit:
        return None
    fitted = fit_regression(predictors[known][:, None], outcomes.take(known))
    if not fitted.converged:
        return None
    return float(fitted.coefficients[0]), float(np.sqrt(fitted.covariance[0, 0]))


def measure_observed_to_expected(predicted: Predicted, horizon: float, level: float) -> Resampled:
    """Observed risk over the mean of the predicted ones; 1 is perfect, above 1 risks are too low.

    Observed: 1 - Kaplan-Meier at the horizon with its log-log limits, or the share of the positive class with
    Wilson's; the prediction counts as fixed.
    """
    observed = estimate_risk(predicted.outcomes, horizon, level)
    expected = float(predicted.risk_at(horizon).mean()) if len(predicted) else 0.0
    if observed.estimate is None or expected <= 0:
        return Resampled(None, None, None)
    lo, hi = observed.lo, observed.hi
    return Resampled(
        observed.estimate / expected,
        None if lo is None else lo / expected,
        None if hi is None else hi / expected,
    )


def measure_intercept(predicted: Predicted, level: float) -> Resampled:
    """Calibration in the large of probabilities: what to add to all log odds; 0 is perfect. Wald limits."""
    risks = predicted.risk_at(NO_HORIZON)
    inside = bool(len(risks)) and bool(((risks > 0) & (risks < 1)).all())
    if not inside or predicted.outcomes.events.all() or not predicted.outcomes.events.any():
        return Resampled(None, None, None)
    logits = np.log(risks / (1 - risks))
    intercept = fit_intercept(logits, predicted.outcomes)
    moved = 1 / (1 + np.exp(-(logits + intercept)))
    half = float(norm.ppf(0.5 + level / 2) / np.sqrt((moved * (1 - moved)).sum()))
    return Resampled(intercept, intercept - half, intercept + half)


def estimate_risk(outcomes: Outcomes, horizon: float, level: float) -> Resampled:
    """Observed risk by a horizon, or of the positive class; None where the curve does not reach so far."""
    if not len(outcomes):
        return Resampled(None, None, None)
    if not outcomes.is_survival:
        return _estimate_share(int(outcomes.events.sum()), len(outcomes), level)
    curve = compute_curve(outcomes, level)
    if curve[-1].time < horizon and curve[-1].survival > 0:
        return Resampled(None, None, None)
    passed = [point for point in curve if point.time <= horizon]
    if not passed:
        return Resampled(0.0, None, None)
    last = passed[-1]
    if last.survival >= 1:
        return Resampled(0.0, None, None)
    return Resampled(
        1 - last.survival,
        None if last.hi is None else 1 - last.hi,
        None if last.lo is None else 1 - last.lo,
    )


def list_calibration(
    predicted: Predicted, horizon: float, groups: int, level: float
) -> Iterator[Mapping[str, object]]:
    """Rows of the table ``calibration`` but for endpoint and arm: groups by predicted risk, lowest first."""
    risks = predicted.risk_at(horizon)
    for number, members in enumerate(_group(risks, groups), start=1):
        outcomes = predicted.outcomes.take(members)
        observed = estimate_risk(outcomes, horizon, level)
        events = outcomes.events & (outcomes.times <= horizon) if outcomes.is_survival else outcomes.events
        yield {
            "model": predicted.model,
            "horizon": horizon,
            "group": number,
            "n": len(members),
            "events": int(events.sum()),
            "predicted": float(risks[members].mean()),
            "observed": observed.estimate,
            "lo": observed.lo,
            "hi": observed.hi,
            "level": None if observed.lo is None else level,
        }


def _group(risks: Floats, groups: int) -> list[Indices]:
    """Rows by quantiles of risk; rows of one risk stay together, so that there may be fewer groups."""
    if not len(risks):
        return []
    # Rounded: risks that differ by less are one risk, on every machine.
    rounded = np.round(risks, 10)
    cuts = np.quantile(rounded, np.arange(1, groups) / groups, method="inverted_cdf")
    place = np.searchsorted(cuts, rounded, side="left")
    return [np.flatnonzero(place == g) for g in np.unique(place)]


def _estimate_share(positive: int, n: int, level: float) -> Resampled:
    """A share with Wilson's limits. Reference: Wilson, J Am Stat Assoc 1927; 22:209."""
    z = float(norm.ppf(0.5 + level / 2))
    share, spread = positive / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * float(np.sqrt(share * (1 - share) / n + spread / (4 * n))) / (1 + spread)
    return Resampled(share, max(0.0, centre - half), min(1.0, centre + half))
