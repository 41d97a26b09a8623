"""Decision curves: the net benefit of treating those whose risk reaches a threshold."""

from collections.abc import Iterator, Mapping

import numpy as np

from radfeat.modelling.calibration import estimate_risk
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.predicted import Predicted

STEP = 0.01
"""Distance between thresholds."""


def list_thresholds(limits: tuple[float, float]) -> list[float]:
    """Threshold risks from the least to the greatest, evenly spaced, without rounding noise."""
    lo, hi = (round(limit / STEP) for limit in limits)
    return [round(k * STEP, 4) for k in range(lo, hi + 1)]


def list_decisions(
    predicted: Predicted, horizon: float, limits: tuple[float, float]
) -> Iterator[Mapping[str, object]]:
    """Rows of the table ``decision_curves`` but for endpoint and arm, one per threshold."""
    risks = predicted.risk_at(horizon)
    overall = estimate_risk(predicted.outcomes, horizon, 0.95).estimate
    for threshold in list_thresholds(limits):
        # A hair below: a risk equal to the threshold is treated, whatever its last bits.
        treated = np.flatnonzero(risks >= threshold - 1e-10)
        yield {
            "model": predicted.model,
            "horizon": horizon,
            "threshold": threshold,
            "n": len(predicted),
            "treated": len(treated),
            "net_benefit": _benefit_of(predicted.outcomes.take(treated), len(predicted), horizon, threshold),
            "net_benefit_all": None if overall is None else compute_net_benefit(overall, 1.0, threshold),
        }


def compute_net_benefit(risk: float, share: float, threshold: float) -> float:
    """True positives less false positives at the odds of the threshold, per subject; treating none has 0.

    ``risk`` is the observed risk among those treated, ``share`` their share of all.
    Reference: Vickers and Elkin, Med Decis Making 2006; 26:565.
    """
    return share * (risk - (1 - risk) * threshold / (1 - threshold))


def _benefit_of(treated: Outcomes, n: int, horizon: float, threshold: float) -> float | None:
    """Net benefit with the observed risk by Kaplan-Meier, or as a share; None where it is unknown.

    Reference for a time to event: Vickers et al., BMC Med Inform Decis Mak 2008; 8:53.
    """
    if not len(treated):
        return 0.0
    risk = estimate_risk(treated, horizon, 0.95).estimate
    return None if risk is None else compute_net_benefit(risk, len(treated) / n, threshold)
