"""How far repeated measurements of one target lie apart: within-subject deviation, CV, repeatability."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from radfeat.qc.agreement import Estimate, Floats
from radfeat.qc.repeatability_settings import CvMethod

DIFFERENCE = 1.96 * math.sqrt(2.0)
"""95 % of differences between two measurements of one target are less than this many deviations."""


@dataclass(frozen=True, slots=True)
class Within:
    """Deviation within targets, pooled over ``degrees`` of freedom (repeats less targets)."""

    degrees: int
    deviation: Estimate

    @property
    def coefficient(self) -> Estimate:
        """Repeatability coefficient: 1.96 x sqrt(2) x deviation, unit of the feature; lower is better."""
        return _scale(self.deviation, DIFFERENCE)


def estimate_within(targets: Sequence[Floats], level: float) -> Within | None:
    """Standard deviation within targets, with limits by the chi-square distribution.

    Parameters
    ----------
    targets
        The known values of each target; those with fewer than two say nothing and are passed over. Targets
        may differ in how many they have: variances are pooled by degrees of freedom.
    level
        Confidence level of the two-sided limits.

    References
    ----------
    Bland and Altman, Stat Methods Med Res 1999; 8:135.
    """
    degrees, squares = _pool(targets)
    if degrees == 0:
        return None
    return Within(degrees, _limit(math.sqrt(squares / degrees), degrees, level))


def estimate_cv(targets: Sequence[Floats], method: CvMethod, level: float) -> Estimate:
    """Coefficient of variation within targets, as a share; none unless all values are above zero.

    By the root mean square, or by the deviation s of logarithms as sqrt(exp(s^2) - 1).
    """
    repeated = [values for values in targets if len(values) > 1]
    if not repeated or any(float(values.min()) <= 0 for values in repeated):
        return Estimate()
    logarithmic = method is CvMethod.LOG
    relative = [np.log(v) if logarithmic else v / float(v.mean()) for v in repeated]
    degrees, squares = _pool(relative)
    found = _limit(math.sqrt(squares / degrees), degrees, level)
    return _from_logs(found) if logarithmic else found


def _pool(targets: Sequence[Floats]) -> tuple[int, float]:
    repeated = [values for values in targets if len(values) > 1]
    degrees = sum(len(values) - 1 for values in repeated)
    return degrees, sum(float(np.square(values - values.mean()).sum()) for values in repeated)


def _limit(deviation: float, degrees: int, level: float) -> Estimate:
    lo, hi = (math.sqrt(degrees / float(chi2.ppf(p, degrees))) for p in (0.5 + level / 2, 0.5 - level / 2))
    return Estimate(deviation, deviation * lo, deviation * hi)


def _scale(found: Estimate, factor: float) -> Estimate:
    return Estimate(*(None if v is None else v * factor for v in (found.value, found.lo, found.hi)))


def _from_logs(found: Estimate) -> Estimate:
    # Far beyond any use the exponential overflows; a limit that large is no limit.
    shares = (
        None if v is None or v * v > 700 else math.sqrt(math.expm1(v * v))
        for v in (found.value, found.lo, found.hi)
    )
    return Estimate(*shares)
