"""Restricted mean survival times by arm and stratum of one model's score, with differences; as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import norm

from radfeat.modelling.cross_validation import Rows
from radfeat.modelling.curves import STRATUM_NAMES
from radfeat.modelling.outcomes import Flags, Indices, Outcomes
from radfeat.modelling.survival import CurvePoint, compute_curve, compute_rmst
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import RESTRICTED_MEANS


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Area under a Kaplan-Meier curve up to a horizon, and its standard error, in the unit of the times."""

    mean: float
    error: float

    def minus(self, other: "RestrictedMean") -> "RestrictedMean":
        """The difference of two that share no subject."""
        return RestrictedMean(self.mean - other.mean, float(np.hypot(self.error, other.error)))

    def limits(self, level: float) -> tuple[float, float]:
        """Normal limits."""
        half = float(norm.ppf(0.5 + level / 2)) * self.error
        return self.mean - half, self.mean + half


def measure_rmst(outcomes: Outcomes, horizon: float) -> RestrictedMean | None:
    """Restricted mean up to ``horizon`` with Greenwood's variance, as R's ``survfit`` has it.

    None where the last subject was censored before the horizon: the curve does not reach it.
    """
    curve = compute_curve(outcomes, 0.95)
    if not curve or (curve[-1].time < horizon and curve[-1].survival > 0):
        return None
    return RestrictedMean(compute_rmst(curve, horizon), _compute_error(curve, horizon))


def build_restricted_means(
    endpoint: str,
    model_arm: str,
    rows: Rows,
    strata: Indices,
    horizons: tuple[float, ...],
    level: float,
    reference: str,
) -> pa.Table:
    """Means of every arm among ``rows``, in all and by stratum; no row without horizons.

    ``strata`` (rows) holds 1 for high, 0 for low, -1 for none; ``reference`` is the arm that others are
    compared with.
    """
    found: list[Mapping[str, object]] = []
    for horizon in horizons:
        groups = _list_groups(rows, strata)
        means = {key: measure_rmst(o, horizon) for key, o in groups.items()}
        for (arm, stratum), outcomes in groups.items():
            row: dict[str, object] = {
                "endpoint": endpoint,
                "model_arm": model_arm,
                "arm": arm,
                "stratum": stratum,
                "horizon": horizon,
                "n": len(outcomes),
                "events": int((outcomes.events & (outcomes.times <= horizon)).sum()),
            }
            mean = means[arm, stratum]
            low = means.get((arm, "low")) if stratum == "high" else None
            base = means.get((reference, stratum)) if arm != reference else None
            row |= _write("rmst", mean, level)
            row |= _write("high_minus_low", mean.minus(low) if mean and low else None, level)
            row |= _write("arm_minus_reference", mean.minus(base) if mean and base else None, level)
            found.append(row)
    return build_table(RESTRICTED_MEANS, found)


def _list_groups(rows: Rows, strata: Indices) -> Mapping[tuple[str, str], Outcomes]:
    return {key: rows.outcomes.take(np.flatnonzero(g)) for key, g in _mark_groups(rows, strata) if g.any()}


def _mark_groups(rows: Rows, strata: Indices) -> Iterator[tuple[tuple[str, str], Flags]]:
    arms = np.array(rows.arms, dtype=object)
    for arm in sorted(set(rows.arms)):
        members = arms == arm
        yield (arm, "all"), members
        for number, name in STRATUM_NAMES.items():
            yield (arm, name), members & (strata == number)


def _write(name: str, mean: RestrictedMean | None, level: float) -> dict[str, object]:
    if mean is None:
        return {}
    lo, hi = mean.limits(level)
    return {name: mean.mean, f"{name}_lo": lo, f"{name}_hi": hi, "level": level}


def _compute_error(curve: tuple[CurvePoint, ...], horizon: float) -> float:
    """Square root of the sum over event times of (area beyond)² events / (at risk (at risk - events))."""
    total = compute_rmst(curve, horizon)
    variance = 0.0
    for point in curve:
        if point.events and point.time < horizon and point.events < point.at_risk:
            beyond = total - compute_rmst(curve, point.time)
            variance += beyond**2 * point.events / (point.at_risk * (point.at_risk - point.events))
    return float(np.sqrt(variance))
