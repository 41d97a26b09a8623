"""A bootstrap of subjects, the models held fixed: any statistic of counts, its estimate and its limits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Floats

_BLOCK = 64

Statistic = Callable[[Floats], Floats]
"""From counts (resamples x subjects: how often each was drawn) to values (resamples); NaN where undefined."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """A statistic of the data as they are, and percentiles over resamples; None where it is undefined."""

    estimate: float | None
    lo: float | None
    hi: float | None


def draw_counts(subjects: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each subject is drawn (resamples x subjects), in blocks; one seed gives one sequence."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - start)
        yield rng.multinomial(subjects, np.full(subjects, 1 / subjects), size=size).astype(np.float64)


def resample(statistic: Statistic, subjects: int, resamples: int, level: float, seed: int) -> Resampled:
    """The statistic of all subjects once each, with percentile limits over resamples of subjects.

    Resamples in which it is undefined (no event, say) are left out; a statistic that is undefined in the data
    is not resampled.
    """
    if not subjects:
        return Resampled(None, None, None)
    estimate = float(statistic(np.ones((1, subjects)))[0])
    if not np.isfinite(estimate):
        return Resampled(None, None, None)
    drawn = np.concatenate([statistic(counts) for counts in draw_counts(subjects, resamples, seed)])
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Resampled(estimate, None, None)
    tail = (1 - level) / 2
    lo, hi = np.quantile(drawn, [tail, 1 - tail])
    return Resampled(estimate, float(lo), float(hi))


def divide(above: Floats, below: Floats) -> Floats:
    """Elementwise ratio; NaN where the denominator is not positive."""
    ratio: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
    return ratio
