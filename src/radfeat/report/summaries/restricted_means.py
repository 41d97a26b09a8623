"""Restricted mean survival times by arm and stratum, with their differences."""

from dataclasses import dataclass

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.summaries.curves import ALL, MOST_CROSSED

_STRATA = (ALL, "high", "low")


@dataclass(frozen=True, slots=True)
class Span:
    """A time or a difference of times with its limits; None where it is unknown."""

    estimate: float | None
    lo: float | None
    hi: float | None


@dataclass(frozen=True, slots=True)
class StratumMean:
    """One stratum of one arm up to one horizon."""

    stratum: str
    horizon: float
    n: int
    events: int
    mean: Span
    high_minus_low: Span
    arm_minus_reference: Span


@dataclass(frozen=True, slots=True)
class ArmMeans:
    """The strata of one arm by the score of one arm's model."""

    model_arm: str
    arm: str
    rows: tuple[StratumMean, ...]

    @property
    def is_own(self) -> bool:
        """Whether the model was fitted in this arm."""
        return self.arm == self.model_arm


def build_means(tables: UnblindedTables, endpoint: str, facts: AnalysisFacts) -> tuple[ArmMeans, ...]:
    """Means of an endpoint by model and arm, in the order of the settings; own arm first."""
    rows = [row for row in tables.restricted_means if row["endpoint"] == endpoint]
    models = [arm for arm in facts.arms if any(r["model_arm"] == arm for r in rows)]
    groups = []
    for model in models:
        for arm in sorted(facts.arms, key=lambda a: a != model):
            own = [r for r in rows if (r["model_arm"], r["arm"]) == (model, arm)]
            if own and (arm == model or len(models) <= MOST_CROSSED):
                # All subjects of an arm are the same whatever model scores them: they stand once.
                strata = [r for r in own if r["stratum"] != ALL]
                shown = own if arm == model or not strata else strata
                shown.sort(key=lambda r: (r["horizon"], _STRATA.index(r["stratum"])))
                groups.append(ArmMeans(model, arm, tuple(_build_row(r) for r in shown)))
    return tuple(groups)


def _build_row(row: Row) -> StratumMean:
    spans = (_span(row, name) for name in ("rmst", "high_minus_low", "arm_minus_reference"))
    return StratumMean(row["stratum"], row["horizon"], row["n"], row["events"], *spans)


def _span(row: Row, name: str) -> Span:
    return Span(row[name], row[f"{name}_lo"], row[f"{name}_hi"])
