"""Riley's minimum sample size for a prediction model: information beside the gate, not the gate.

Three criteria: the expected shrinkage is at least 0.9; apparent and adjusted R-squared (Nagelkerke) differ by
at most 0.05; the risk in the population is estimated within 0.05.

Reference: Riley et al., Stat Med 2019; 38:1276, and BMJ 2020; 368:m441.
"""

import math
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Outcomes

SHRINKAGE = 0.9
"""Least expected shrinkage of the coefficients (criterion i)."""

MARGIN = 0.05
"""Greatest difference of R-squared (criterion ii), and of the estimated risk (criterion iii)."""

_Z = 1.96


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Fewest subjects by each criterion; ``predictors`` is for how many parameters ``n`` subjects suffice."""

    shrinkage: int
    r_squared: int
    risk: int
    predictors: int

    @property
    def n(self) -> int:
        """Fewest subjects that meet all three."""
        return max(self.shrinkage, self.r_squared, self.risk)


def estimate_sample_size(
    outcomes: Outcomes, parameters: int, nagelkerke: float, horizon: float | None
) -> SampleSize | None:
    """Minimum sample size for ``parameters``, at the arm's own event rate, follow-up or prevalence.

    ``horizon`` is the time of prediction of a time to event. None where there is nothing to go by: no
    parameter, no event, or nothing but events; nor for a continuous endpoint, which has other criteria.
    """
    n, events = len(outcomes), int(outcomes.events.sum())
    if not parameters or not events:
        return None
    if not outcomes.is_survival:
        return None if events == n else size_binary(n, parameters, nagelkerke, events / n)
    followed = float(outcomes.times.sum())
    if followed <= 0 or horizon is None:
        return None
    return size_survival(n, parameters, nagelkerke, events / followed, followed / n, horizon)


def size_binary(n: int, parameters: int, nagelkerke: float, prevalence: float) -> SampleSize:
    """Minimum sample size at an expected Nagelkerke R-squared and prevalence; ``n`` is what there is."""
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    risk = math.ceil((_Z / MARGIN) ** 2 * prevalence * (1 - prevalence))
    return _size(n, parameters, nagelkerke, 1 - math.exp(2 * null), risk)


def size_survival(
    n: int, parameters: int, nagelkerke: float, rate: float, follow_up: float, horizon: float
) -> SampleSize:
    """The same for a time to event: ``rate`` is events per unit of time, ``follow_up`` the mean one.

    Criterion iii under a constant rate: both limits of the risk by ``horizon`` are within 0.05 of it.
    """
    expected = rate * follow_up
    greatest = 1 - math.exp(2 * (expected * math.log(expected) - expected))
    # How far below it the rate may lie, times the horizon; the lower limit is the farther one.
    room = float(np.logaddexp(0.0, math.log(MARGIN) + rate * horizon))
    risk = math.ceil(rate * (_Z * horizon / room) ** 2 / follow_up)
    return _size(n, parameters, nagelkerke, greatest, risk)


def convert_r_squared(nagelkerke: float, greatest: float) -> float:
    """Cox and Snell's R-squared from Nagelkerke's and the greatest that Cox and Snell's can be."""
    return nagelkerke * greatest


def need_for_shrinkage(parameters: int, cox_snell: float, shrinkage: float) -> int:
    """Fewest subjects at which the expected shrinkage is at least ``shrinkage``."""
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - cox_snell / shrinkage)))


def need_for_r_squared(parameters: int, cox_snell: float, greatest: float) -> int:
    """Fewest subjects at which apparent and adjusted Nagelkerke R-squared differ by at most 0.05."""
    return need_for_shrinkage(parameters, cox_snell, cox_snell / (cox_snell + MARGIN * greatest))


def explain_sample_size(
    size: SampleSize | None, n: int, parameters: int, nagelkerke: float, *, is_risk: bool = True
) -> str:
    """What the criteria ask for, in one sentence; ``is_risk`` says whether risks are predicted."""
    if size is None:
        return (
            "Riley's minimum sample size cannot be computed: there are no predictors, or no events to go by."
            if is_risk
            else "Riley's minimum sample size is computed where a risk is predicted, which is not so here."
        )
    enough = (
        f"they suffice for {size.predictors} parameters"
        if n >= size.risk
        else f"to know the overall risk alone asks for {size.risk}"
    )
    return (
        f"By Riley's criteria a model of {parameters} predictor parameters with an R-squared (Nagelkerke) of "
        f"{nagelkerke:g} asks for {size.n} subjects; there are {n}, and {enough} (information, not the gate)."
    )


def _size(n: int, parameters: int, nagelkerke: float, greatest: float, risk: int) -> SampleSize:
    cox_snell = convert_r_squared(nagelkerke, greatest)
    # The needs grow in proportion to the parameters; that of one, not rounded, says how many there may be.
    levels = (SHRINKAGE, cox_snell / (cox_snell + MARGIN * greatest))
    each = max(1 / ((s - 1) * math.log(1 - cox_snell / s)) for s in levels)
    supported = 0 if n < risk else int(n / each + 1e-9)
    return SampleSize(
        need_for_shrinkage(parameters, cox_snell, SHRINKAGE),
        need_for_r_squared(parameters, cox_snell, greatest),
        risk,
        supported,
    )
