"""Outcome by stratum of the out-of-fold score: Kaplan-Meier curves, or shares of a binary endpoint."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, Rows, UnblindedTables
from radfeat.report.summaries.models import find_metric

STRATA = ("high", "low")
"""Strata of the score in the order of the page."""

ALL = "all"

MOST_CROSSED = 3
"""With more arms than this only each model's own arm is drawn: their square outgrows a page."""


_ROUNDING = 1e-9
"""Within this of one half an estimate is one half."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Kaplan-Meier just after one time; the limits are None where undefined."""

    time: float
    at_risk: int
    censored: int
    survival: float
    lo: float | None
    hi: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One stratum: its points in order of time."""

    stratum: str
    points: tuple[CurvePoint, ...]
    events: int

    @property
    def n(self) -> int:
        """Subjects."""
        return self.points[0].at_risk

    @property
    def median(self) -> float | None:
        """Time at which the estimate falls to one half; None where it never does.

        Where it stays at one half, the middle of that time, or its beginning if it never falls further, as
        R's ``survfit``: such estimates are products, and one half only to rounding.
        """
        reached = next((p.time for p in self.points if p.survival <= 0.5 + _ROUNDING), None)
        below = next((p.time for p in self.points if p.survival < 0.5 - _ROUNDING), None)
        return reached if reached is None or below is None else (reached + below) / 2

    def at_risk(self, time: float) -> int:
        """Subjects at risk just before a time."""
        return next((p.at_risk for p in self.points if p.time >= time), 0)


@dataclass(frozen=True, slots=True)
class CurvePanel:
    """The curves of one arm by strata of one model's score, or in all where there is no model.

    ``latest`` is the latest time of the whole endpoint: its panels share one axis.
    """

    endpoint: str
    model_arm: str
    arm: str
    stratified: bool
    curves: tuple[Curve, ...]
    latest: float
    time_unit: str
    logrank_p: float | None

    @property
    def is_own(self) -> bool:
        """Whether the model was fitted in this arm."""
        return self.arm == self.model_arm


@dataclass(frozen=True, slots=True)
class Share:
    """Subjects of the positive class in one stratum, with Wilson's limits."""

    stratum: str
    positive: int
    n: int
    share: float
    lo: float
    hi: float

    @property
    def interval(self) -> tuple[float, float, float]:
        """Share, lower and upper limit."""
        return self.share, self.lo, self.hi


@dataclass(frozen=True, slots=True)
class ArmShares:
    """The strata of one arm by the score of one arm's model."""

    model_arm: str
    arm: str
    shares: tuple[Share, ...]

    @property
    def is_own(self) -> bool:
        """Whether the model was fitted in this arm."""
        return self.arm == self.model_arm


def build_panels(
    tables: UnblindedTables, endpoint: str, facts: AnalysisFacts
) -> tuple[tuple[CurvePanel, ...], ...]:
    """Panels of an endpoint, by model: in its own arm first, then in the other arms."""
    rows = [row for row in tables.survival_curves if row["endpoint"] == endpoint]
    latest = max((row["time"] for row in rows), default=0.0)
    return tuple(
        tuple(
            _build_panel(endpoint, model, arm, members, latest, tables, facts)
            for model, arm, members in group
        )
        for group in arrange_rows(rows, facts)
    )


def arrange_rows(rows: Iterable[Row], facts: AnalysisFacts) -> Iterator[list[tuple[str, str, list[Row]]]]:
    """Rows by model and arm, model by model: its own arm first, then the other arms unless there are many."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["model_arm"], row["arm"]), []).append(row)
    model_arms = in_order({model for model, _ in found}, facts)
    for model_arm in model_arms:
        arms = in_order({arm for model, arm in found if model == model_arm}, facts)
        others = [a for a in arms if a != model_arm] if len(model_arms) <= MOST_CROSSED else []
        shown = [*(a for a in arms if a == model_arm), *others]
        if shown:
            yield [(model_arm, arm, found[model_arm, arm]) for arm in shown]


def build_shares(tables: UnblindedTables, endpoint: str, facts: AnalysisFacts) -> tuple[ArmShares, ...]:
    """Shares of the positive class: each model in its own arm first, then in the others."""
    if facts.kind(endpoint) is not EndpointKind.BINARY:
        return ()
    strata = combine_strata((row for row in tables.predictions if row["endpoint"] == endpoint), "event")
    groups: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for (model, arm, _), classed in strata.items():
        groups.setdefault((model, arm), []).append(classed)
    models = in_order({model for model, _ in groups}, facts)
    arms = in_order({arm for _, arm in groups}, facts)
    return tuple(
        ArmShares(model, arm, _build_shares(groups[model, arm], facts.level))
        for model in models
        for arm in sorted(arms, key=lambda a: a != model)
        if (model, arm) in groups
    )


def combine_strata(
    rows: Iterable[Row], outcome: str = "event"
) -> dict[tuple[str, str, str], tuple[str, Any]]:
    """Stratum by majority of repeats, and the column ``outcome``, by model, arm and subject.

    A draw goes to the first repeat that has a stratum; a subject that no repeat has classed is left out.
    """
    classed: dict[tuple[str, str, str], list[tuple[int, str, Any]]] = {}
    for row in rows:
        if row["stratum"] is not None:
            key = (row["model_arm"], row["arm"], row["subject_id"])
            classed.setdefault(key, []).append((row["repeat"], row["stratum"], row[outcome]))
    return {key: (_majority(found), found[0][2]) for key, found in classed.items()}


def in_order(found: set[str], facts: AnalysisFacts) -> list[str]:
    """Arms in the order of the settings; what the settings do not name comes last."""
    declared = [arm for arm in facts.arms if arm in found]
    return [*declared, *sorted(found - set(declared))]


def compute_wilson(positive: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's score interval of a proportion. Reference: Wilson, J Am Stat Assoc 1927; 22:209."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, spread = positive / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * ((share * (1 - share) / n + spread / (4 * n)) ** 0.5) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def _majority(found: list[tuple[int, str, Any]]) -> str:
    votes = Counter(stratum for _, stratum, _ in found)
    if votes["high"] != votes["low"]:
        return "high" if votes["high"] > votes["low"] else "low"
    return min(found)[1]


def _build_shares(classed: list[tuple[str, bool]], level: float) -> tuple[Share, ...]:
    shares = []
    for stratum in STRATA:
        events = [event for found, event in classed if found == stratum]
        if events:
            lo, hi = compute_wilson(sum(events), len(events), level)
            shares.append(Share(stratum, sum(events), len(events), sum(events) / len(events), lo, hi))
    return tuple(shares)


def _build_panel(
    endpoint: str,
    model_arm: str,
    arm: str,
    rows: list[Row],
    latest: float,
    tables: UnblindedTables,
    facts: AnalysisFacts,
) -> CurvePanel:
    strata = {row["stratum"] for row in rows}
    wanted = [s for s in STRATA if s in strata] or [ALL]
    curves = tuple(_build_curve(s, tuple(r for r in rows if r["stratum"] == s)) for s in wanted)
    return CurvePanel(
        endpoint=endpoint,
        model_arm=model_arm,
        arm=arm,
        stratified=wanted != [ALL],
        curves=tuple(curve for curve in curves if curve.points),
        latest=latest,
        time_unit=facts.time_unit(endpoint),
        logrank_p=find_metric(tables, endpoint, arm, "logrank_p") if arm == model_arm else None,
    )


def _build_curve(stratum: str, rows: Rows) -> Curve:
    points = tuple(
        CurvePoint(r["time"], r["at_risk"], r["censored"], r["survival"], r["lo"], r["hi"])
        for r in sorted(rows, key=lambda r: r["time"])
    )
    return Curve(stratum, points, sum(r["events"] for r in rows))
