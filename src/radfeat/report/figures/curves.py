"""Kaplan-Meier curves with their confidence bands, censoring marks and the numbers at risk."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from markupsafe import Markup

from radfeat.report.figures.axes import Scale, choose_ticks, format_tick
from radfeat.report.figures.svg import (
    Anchor,
    Point,
    compose,
    draw_line,
    draw_path,
    draw_text,
    draw_turned_text,
)
from radfeat.report.summaries.curves import ALL, Curve, CurvePanel
from radfeat.report.wording import count_of, format_count, format_number

WIDTH = 460.0
LEFT, RIGHT, TOP, PLOT = 58.0, 446.0, 24.0, 220.0
AXIS = TOP + PLOT
KEY_ROW, RISK_ROW = 19.0, 17.0
MOST_TICKS = 6

STRATUM_WORDS = {"high": "High score", "low": "Low score", ALL: "All"}


def draw_curves(panel: CurvePanel) -> Markup:
    """One panel: a curve per stratum over time, a key above it and the numbers at risk below."""
    key = KEY_ROW * len(panel.curves)
    across = Scale(0.0, panel.latest or 1.0, LEFT, RIGHT)
    ticks = choose_ticks(0.0, panel.latest, MOST_TICKS)
    up = Scale(0.0, 1.0, AXIS, TOP)
    marks = [*draw_frame(across, up, ticks, panel.time_unit, "Proportion without event")]
    for curve in panel.curves:
        marks += _draw_curve(curve, across, up)
    marks += draw_risk(panel.curves, across, ticks)
    height = AXIS + 62 + RISK_ROW * len(panel.curves) + 6
    body = Markup('<g transform="translate(0 {})">{}</g>').format(f"{key:g}", Markup("").join(marks))
    return compose((WIDTH, height + key), describe_curves(panel), [*_draw_key(panel), body])


def describe_curves(panel: CurvePanel) -> str:
    """The panel in words, for who cannot see it."""
    unit = f" {panel.time_unit}" if panel.time_unit else ""
    parts = [
        f"{STRATUM_WORDS[c.stratum]}: {count_of(c.n, 'subject')}, {count_of(c.events, 'event')}, median "
        + ("not reached" if c.median is None else f"{format_number(c.median)}{unit}")
        for c in panel.curves
    ]
    return f"Kaplan-Meier curves of {panel.endpoint} in {panel.arm}. {'; '.join(parts)}."


def draw_frame(across: Scale, up: Scale, ticks: tuple[float, ...], unit: str, label: str) -> Iterator[Markup]:
    """Axes from 0 to 1 over time, with what the curves are of."""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = up.place(share)
        yield draw_line((LEFT, y), (RIGHT, y), "axis" if share == 0 else "grid")
        yield draw_text((LEFT - 7, y + 4), f"{share:g}", "tick", Anchor.END)
    for tick in ticks:
        x = across.place(tick)
        yield draw_line((x, AXIS), (x, AXIS + 4), "axis")
        yield draw_text((x, AXIS + 17), format_tick(tick), "tick", Anchor.MIDDLE)
    yield draw_turned_text((14, TOP + PLOT / 2), label, "label")
    below = f"Time ({unit})" if unit else "Time"
    yield draw_text(((LEFT + RIGHT) / 2, AXIS + 34), below, "label", Anchor.MIDDLE)


def _draw_curve(curve: Curve, across: Scale, up: Scale) -> Iterator[Markup]:
    look = f"stratum-{curve.stratum}"
    band = _trace_band(curve, across, up)
    if band:
        yield draw_path(band, f"band {look}", closed=True)
    yield draw_path(_trace_steps(curve, across, up), f"curve {look}")
    for point in curve.points:
        if point.censored:
            x, y = across.place(point.time), up.place(point.survival)
            yield draw_line((x, y - 4), (x, y + 4), f"censored {look}")


def _trace_steps(curve: Curve, across: Scale, up: Scale) -> list[Point]:
    """The step function from survival 1 at time 0."""
    path: list[Point] = [(across.place(0.0), up.place(1.0))]
    for point in curve.points:
        x = across.place(point.time)
        path += [(x, path[-1][1]), (x, up.place(point.survival))]
    return path


def _trace_band(curve: Curve, across: Scale, up: Scale) -> list[Point]:
    """The band's upper edge from left to right, then its lower edge back, as far as there are limits."""
    upper: list[Point] = [(across.place(0.0), up.place(1.0))]
    lower: list[Point] = [(across.place(0.0), up.place(1.0))]
    for point in curve.points:
        x = across.place(point.time)
        upper.append((x, upper[-1][1]))
        lower.append((x, lower[-1][1]))
        if point.lo is None or point.hi is None:
            break
        upper.append((x, up.place(point.hi)))
        lower.append((x, up.place(point.lo)))
    return [*upper, *reversed(lower)] if len(upper) > 2 else []


def _draw_key(panel: CurvePanel) -> Iterator[Markup]:
    unit = f" {panel.time_unit}" if panel.time_unit else ""
    for row, curve in enumerate(panel.curves):
        y = 16 + row * KEY_ROW
        yield draw_line((LEFT, y - 4), (LEFT + 30, y - 4), f"curve stratum-{curve.stratum}")
        median = "not reached" if curve.median is None else f"{format_number(curve.median)}{unit}"
        words = (
            f"{STRATUM_WORDS[curve.stratum]}: {count_of(curve.n, 'subject')}, "
            f"{count_of(curve.events, 'event')}, median {median}"
        )
        yield draw_text((LEFT + 38, y), words, "key")


class Followed(Protocol):
    """A group of subjects who are followed over time."""

    @property
    def stratum(self) -> str:
        """Stratum of the score."""

    def at_risk(self, time: float) -> int:
        """Subjects at risk just before a time."""


def draw_risk(curves: Sequence[Followed], across: Scale, ticks: tuple[float, ...]) -> Iterator[Markup]:
    """The numbers at risk below the ticks, one row for each curve."""
    top = AXIS + 56
    yield draw_text((4, top), "At risk", "label strong")
    for row, curve in enumerate(curves, start=1):
        y = top + row * RISK_ROW
        yield draw_text((4, y), STRATUM_WORDS[curve.stratum].removesuffix(" score"), "tick")
        for tick in ticks:
            yield draw_text((across.place(tick), y), format_count(curve.at_risk(tick)), "tick", Anchor.MIDDLE)
