"""Cumulative incidence by stratum of the out-of-fold score, where events compete."""

from dataclasses import dataclass

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.summaries.curves import ALL, STRATA, arrange_rows
from radfeat.report.summaries.models import find_metric

EVENT, COMPETING = "event", "competing"
"""The two causes of the table ``cumulative_incidence``."""


@dataclass(frozen=True, slots=True)
class IncidencePoint:
    """Incidence just after one time; the limits are None where undefined."""

    time: float
    at_risk: int
    incidence: float
    lo: float | None
    hi: float | None


@dataclass(frozen=True, slots=True)
class IncidenceCurve:
    """One stratum: the incidence of the event, and of the competing events, in order of time."""

    stratum: str
    event: tuple[IncidencePoint, ...]
    competing: tuple[IncidencePoint, ...]
    events: int
    others: int

    @property
    def n(self) -> int:
        """Subjects."""
        return self.event[0].at_risk

    def at_risk(self, time: float) -> int:
        """Subjects at risk just before a time."""
        return next((p.at_risk for p in self.event if p.time >= time), 0)


@dataclass(frozen=True, slots=True)
class IncidencePanel:
    """The incidences of one arm by strata of one model's score, or in all where there is no model.

    ``latest`` is the latest time of the whole endpoint: its panels share one axis.
    """

    endpoint: str
    model_arm: str
    arm: str
    stratified: bool
    curves: tuple[IncidenceCurve, ...]
    latest: float
    time_unit: str
    logrank_p: float | None

    @property
    def is_own(self) -> bool:
        """Whether the model was fitted in this arm."""
        return self.arm == self.model_arm


def build_incidence_panels(
    tables: UnblindedTables, endpoint: str, facts: AnalysisFacts
) -> tuple[tuple[IncidencePanel, ...], ...]:
    """Panels of an endpoint, by model: in its own arm first, then in the other arms."""
    rows = [row for row in tables.cumulative_incidence if row["endpoint"] == endpoint]
    latest = max((row["time"] for row in rows), default=0.0)
    return tuple(
        tuple(
            _build_panel(endpoint, model, arm, members, latest, tables, facts)
            for model, arm, members in group
        )
        for group in arrange_rows(rows, facts)
    )


def _build_panel(
    endpoint: str,
    model_arm: str,
    arm: str,
    rows: list[Row],
    latest: float,
    tables: UnblindedTables,
    facts: AnalysisFacts,
) -> IncidencePanel:
    strata = {row["stratum"] for row in rows}
    wanted = [s for s in STRATA if s in strata] or [ALL]
    return IncidencePanel(
        endpoint=endpoint,
        model_arm=model_arm,
        arm=arm,
        stratified=wanted != [ALL],
        curves=tuple(_build_curve(s, [r for r in rows if r["stratum"] == s]) for s in wanted),
        latest=latest,
        time_unit=facts.time_unit(endpoint),
        logrank_p=find_metric(tables, endpoint, arm, "logrank_p") if arm == model_arm else None,
    )


def _build_curve(stratum: str, rows: list[Row]) -> IncidenceCurve:
    of_event = [r for r in rows if r["cause"] == EVENT]
    of_others = [r for r in rows if r["cause"] == COMPETING]
    return IncidenceCurve(
        stratum,
        _list_points(of_event),
        _list_points(of_others),
        sum(r["events"] for r in of_event),
        sum(r["events"] for r in of_others),
    )


def _list_points(rows: list[Row]) -> tuple[IncidencePoint, ...]:
    return tuple(
        IncidencePoint(r["time"], r["at_risk"], r["incidence"], r["lo"], r["hi"])
        for r in sorted(rows, key=lambda r: r["time"])
    )
