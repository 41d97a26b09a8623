"""Simulated trials for the interaction test of scores: how often its p by permuted arms is small."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.arm_permutation import ScoredPair, permute_arms
from radfeat.modelling.cross_validation import Rows, Schedule
from radfeat.modelling.fold_model import FitModel, FoldModel, finish_model
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.outcomes import Flags, Floats, Indices, Levels, Outcomes
from studies import binary, continuous, survival

ROUNDING = 1e-9
"""Two statistics that differ by less are equal."""


class Truth(StrEnum):
    """What the outcome depends on: coefficients per standard deviation of a feature."""

    NOTHING = "nothing"
    PROGNOSIS = "prognosis"
    """0.7 of one feature, the same in both arms."""
    TREATMENT = "prognosis_and_treatment"
    """The same, and a hazard (odds) ratio of 0.6 of the treatment."""
    STRONG_TREATMENT = "prognosis_and_strong_treatment"
    """The same with a ratio of 0.35."""
    STRATA = "prognosis_and_strata"
    """Prognosis and two factors of 0.6 each that the randomisation was stratified by."""
    STRATA_TREATMENT = "prognosis_strata_and_treatment"
    """The same with a ratio of 0.6 of the treatment."""
    PREDICTION = "prediction"
    """0.5 of one feature in both arms, and 1.0 of another in the experimental arm only."""


_TREATMENT = {Truth.TREATMENT: 0.6, Truth.STRATA_TREATMENT: 0.6, Truth.STRONG_TREATMENT: 0.35}
_STRATIFIED = (Truth.STRATA, Truth.STRATA_TREATMENT)


@dataclass(frozen=True, slots=True)
class Design:
    """A trial: endpoint, truth, subjects in both arms, their share in the experimental one, features."""

    kind: EndpointKind
    truth: Truth
    subjects: int = 120
    share: float = 0.5
    features: int = 30


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the scores of the control and the experimental arm: observed statistic, rejections."""

    observed: tuple[float, float]
    one_sided: tuple[bool, bool]
    two_sided: tuple[bool, bool]


def draw_trial(design: Design, fit: FitModel, folds: int, seed: int) -> tuple[ScoredPair, Flags]:
    """A pair of arms to be scored, and who is in the experimental one."""
    rng = np.random.default_rng([seed, 7])
    n, width = design.subjects, design.features
    values = rng.normal(size=(n, width))
    for start in range(0, width, 5):
        block = slice(start, start + 5)
        values[:, block] = 0.6 * values[:, [start]] + 0.8 * values[:, block]
    factors = rng.integers(0, 2, size=(n, 2))
    levels = tuple((f"a{i}", f"b{j}") for i, j in factors) if design.truth in _STRATIFIED else None
    is_experimental = _randomise(n, design.share, levels, rng)
    hazard = _compute_hazard(design.truth, values, is_experimental, factors)
    outcomes = _draw_outcomes(design.kind, hazard, levels, rng)
    ids = tuple(f"S{i:04d}" for i in range(n))
    rows = Rows(ids, ("any",) * n, values, outcomes)
    return ScoredPair(rows, np.empty((n, 0)), fit, Schedule(folds, (1,))), is_experimental


def _randomise(n: int, share: float, levels: Levels | None, rng: np.random.Generator) -> Flags:
    is_experimental = np.zeros(n, dtype=np.bool_)
    everyone = levels or ((),) * n
    for stratum in sorted(set(everyone)):
        members = rng.permutation([i for i, own in enumerate(everyone) if own == stratum])
        is_experimental[members[: round(len(members) * share)]] = True
    return is_experimental


def _compute_hazard(truth: Truth, values: Floats, is_experimental: Flags, factors: Indices) -> Floats:
    hazard = np.log(_TREATMENT.get(truth, 1.0)) * is_experimental
    if truth is Truth.PREDICTION:
        return hazard + 0.5 * values[:, 0] + 1.0 * values[:, 1] * is_experimental
    if truth in _STRATIFIED:
        hazard = hazard + 0.6 * factors[:, 0] - 0.6 * factors[:, 1]
    return hazard if truth is Truth.NOTHING else hazard + 0.7 * values[:, 0]


def _draw_outcomes(
    kind: EndpointKind, hazard: Floats, levels: Levels | None, rng: np.random.Generator
) -> Outcomes:
    n = len(hazard)
    if kind is EndpointKind.BINARY:
        found = binary(rng.random(n) < 1 / (1 + np.exp(-1.3 * hazard)))
    elif kind is EndpointKind.CONTINUOUS:
        found = continuous(hazard + rng.normal(size=n))
    else:
        deaths, last = rng.exponential(np.exp(-hazard)), rng.uniform(0.5, 3.5, size=n)
        found = survival(np.minimum(deaths, last), deaths <= last)
    return Outcomes(found.kind, found.times, found.events, found.values, levels=levels)


def judge_trial(
    pair: ScoredPair, is_experimental: Flags, permutations: int, alpha: float, seed: int
) -> Judged:
    """Whether p is at most ``alpha``; permutations stop where nothing can be rejected any more."""
    owned = (~is_experimental, is_experimental)
    observed = np.array([pair.measure(pair.score(own), own) for own in owned])
    allowed = int(alpha * (permutations + 1) + ROUNDING) - 1
    greater, further = np.zeros(2, dtype=int), np.zeros(2, dtype=int)
    for number in range(permutations):
        permuted = permute_arms(is_experimental, pair.rows.outcomes.levels, 1000 * seed + number)
        found = np.array([pair.measure(pair.score(own), own) for own in (~permuted, permuted)])
        greater += found >= observed - ROUNDING
        further += _size(found) >= _size(observed) - ROUNDING
        if (greater > allowed).all() and (further > allowed).all():
            break
    return Judged(
        (float(observed[0]), float(observed[1])),
        (bool(greater[0] <= allowed), bool(greater[1] <= allowed)),
        (bool(further[0] <= allowed), bool(further[1] <= allowed)),
    )


def _size(statistics: Floats) -> Floats:
    return np.where(np.isinf(statistics), 0.0, np.abs(statistics))


@dataclass(frozen=True, slots=True)
class _Scaled:
    mean: Floats
    deviation: Floats
    free: int = 0

    def transform(self, inputs: Inputs) -> Floats:
        return (inputs.values - self.mean) / self.deviation

    @property
    def columns(self) -> Indices:
        return np.arange(len(self.mean))

    @property
    def named(self) -> dict[str, object]:
        return {}


@dataclass(frozen=True, slots=True)
class StandIn:
    """A quick model: the ``count`` features that go best with the outcome, weighted by how well."""

    count: int = 3

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        steps = _Scaled(inputs.values.mean(axis=0), inputs.values.std(axis=0))
        goes_with = steps.transform(inputs).T @ _find_residuals(outcomes)
        weak = np.argsort(-np.abs(goes_with), kind="stable")[self.count :]
        goes_with[weak] = 0.0
        return finish_model(steps, inputs, goes_with / len(outcomes))


def _find_residuals(outcomes: Outcomes) -> Floats:
    """Martingale residuals with no predictor, or deviations from the mean."""
    if not outcomes.is_survival:
        known = outcomes.measured if outcomes.is_continuous else outcomes.events.astype(np.float64)
        return known - known.mean()
    order = np.argsort(outcomes.times, kind="stable")
    hazard = np.empty(len(order))
    hazard[order] = np.cumsum(outcomes.events[order] / (len(order) - np.arange(len(order))))
    return outcomes.events - hazard
