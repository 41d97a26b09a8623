"""A continuous endpoint by stratum of the out-of-fold score: means with their limits."""

from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.stats import t

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.report.summaries.curves import STRATA, combine_strata, in_order


@dataclass(frozen=True, slots=True)
class StratumValues:
    """Mean, its limits by Student's t, and standard deviation in one stratum; None with one value."""

    stratum: str
    n: int
    mean: float
    deviation: float | None
    lo: float | None
    hi: float | None

    @property
    def interval(self) -> tuple[float, float | None, float | None]:
        """Mean, lower and upper limit."""
        return self.mean, self.lo, self.hi


@dataclass(frozen=True, slots=True)
class ArmValues:
    """The strata of one arm by the score of one arm's model."""

    model_arm: str
    arm: str
    strata: tuple[StratumValues, ...]

    @property
    def is_own(self) -> bool:
        """Whether the model was fitted in this arm."""
        return self.arm == self.model_arm


def build_values(tables: UnblindedTables, endpoint: str, facts: AnalysisFacts) -> tuple[ArmValues, ...]:
    """Means of a continuous endpoint: each model in its own arm first, then in the others."""
    if facts.kind(endpoint) is not EndpointKind.CONTINUOUS:
        return ()
    strata = combine_strata((row for row in tables.predictions if row["endpoint"] == endpoint), "value")
    groups: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for (model, arm, _), classed in strata.items():
        groups.setdefault((model, arm), []).append(classed)
    models = in_order({model for model, _ in groups}, facts)
    arms = in_order({arm for _, arm in groups}, facts)
    return tuple(
        ArmValues(model, arm, _describe_strata(groups[model, arm], facts.level))
        for model in models
        for arm in sorted(arms, key=lambda a: a != model)
        if (model, arm) in groups
    )


def _describe_strata(classed: list[tuple[str, float]], level: float) -> tuple[StratumValues, ...]:
    found = {stratum: [value for own, value in classed if own == stratum] for stratum in STRATA}
    return tuple(_describe(stratum, values, level) for stratum, values in found.items() if values)


def _describe(stratum: str, values: list[float], level: float) -> StratumValues:
    n, mean = len(values), fmean(values)
    if n < 2:
        return StratumValues(stratum, n, mean, None, None, None)
    deviation = stdev(values)
    half = float(t.ppf(0.5 + level / 2, n - 1)) * deviation / n**0.5
    return StratumValues(stratum, n, mean, deviation, mean - half, mean + half)
