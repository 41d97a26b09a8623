"""Numbers over trials with their Monte Carlo standard errors, the bounds they must keep, and the verdicts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from scipy.stats import kstest

Record = TypeVar("Record")

SPREAD = 3.0
"""Standard errors that a bound allows for: of 50 numbers on target one fails in one run of eight."""

FULL = 500
"""Trials from which on a share at the level of 0.05 must lie within 0.03 to 0.07."""


class Verdict(StrEnum):
    """Whether a bound is kept."""

    PASSED = "passed"
    FAILED = "FAILED"
    NOT_ASSERTED = "not asserted"


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over trials (NaN without any), its Monte Carlo standard error, and the number of trials.

    ``error`` is None where there is none, as of the p of a test.
    """

    estimate: float
    error: float | None
    trials: int


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a number must lie, both ends included."""

    lo: float = -math.inf
    hi: float = math.inf

    def judge(self, measured: Measured) -> Verdict:
        """FAILED also where there is no number."""
        if math.isnan(measured.estimate):
            return Verdict.FAILED
        return Verdict.PASSED if self.lo <= measured.estimate <= self.hi else Verdict.FAILED

    @property
    def above(self) -> "Bound":
        """Where a number must lie that breaks this bound upwards: what a leak must do."""
        return Bound(lo=self.hi)


@dataclass(frozen=True, slots=True)
class Check:
    """One number of one scenario and kind of endpoint, held against its bound; None: shown, not asserted."""

    scenario: str
    kind: str
    what: str
    measured: Measured
    bound: Bound | None

    @property
    def verdict(self) -> Verdict:
        """Whether the bound is kept."""
        return Verdict.NOT_ASSERTED if self.bound is None else self.bound.judge(self.measured)


def average(values: Sequence[float | None]) -> Measured:
    """Mean over trials; those without a value (None) are left out and not counted."""
    known = np.array([v for v in values if v is not None], dtype=np.float64)
    if not len(known):
        return Measured(math.nan, None, 0)
    error = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else None
    return Measured(float(known.mean()), error, len(known))


def share(records: Sequence[Record], *conditions: Callable[[Record], bool]) -> Measured:
    """Share of the trials with a condition; of several the mean, its error by trial, for they go together."""
    return average([float(np.mean([holds(record) for holds in conditions])) for record in records])


def divide(measured: Measured, by: float) -> Measured:
    """A number in multiples of another that is known."""
    error = None if measured.error is None else measured.error / abs(by)
    return Measured(measured.estimate / by, error, measured.trials)


def break_ties(p: float, ties: float, permutations: int, seed: int) -> float:
    """A permutation p made exact: uniform between the shares above it, and those with its ties and itself.

    Models that select nothing have a C of 0.5, as many of the permuted ones have. Ties count against the
    observed, on purpose, so that p itself is not uniform; dealt at random (by the seed of the trial), they
    leave a p that must be, if the permutations are worth anything.
    """
    drawn = np.random.default_rng([seed, permutations]).uniform()
    return p - (1 + ties) / (1 + permutations) * float(drawn)


def assess_uniformity(ps: Sequence[float]) -> Measured:
    """The p of a Kolmogorov-Smirnov test that p-values are uniform between 0 and 1."""
    if not ps:
        return Measured(math.nan, None, 0)
    return Measured(float(kstest(ps, "uniform").pvalue), None, len(ps))


def bound_share(nominal: float, trials: int) -> Bound:
    """Binomial bound of a share about its nominal value: three standard errors."""
    half = SPREAD * math.sqrt(nominal * (1 - nominal) / max(trials, 1))
    return Bound(max(0.0, nominal - half), min(1.0, nominal + half))


def bound_level(trials: int) -> Bound:
    """Bound of a type I error at 0.05: 0.03 to 0.07 from 500 trials on, else three binomial errors."""
    return Bound(0.03, 0.07) if trials >= FULL else bound_share(0.05, trials)


def bound_most(trials: int) -> Bound:
    """The upper half of ``bound_level``: for errors that may also be rarer than they might."""
    return Bound(hi=bound_level(trials).hi)


def bound_least(target: float, trials: int) -> Bound:
    """The lower half of ``bound_share``: for what may be found more often."""
    return Bound(lo=bound_share(target, trials).lo)


def bound_mean(centre: float, measured: Measured) -> Bound:
    """Three Monte Carlo standard errors about the true value; nothing is excluded where there is no error."""
    half = SPREAD * measured.error if measured.error is not None else math.inf
    return Bound(centre - half, centre + half)
