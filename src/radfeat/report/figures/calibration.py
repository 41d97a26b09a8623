"""Calibration: observed against predicted risk by groups, and the line on which they agree."""

from collections.abc import Iterator

from markupsafe import Markup

from radfeat.report.figures.axes import Scale
from radfeat.report.figures.svg import (
    Anchor,
    compose,
    draw_circles,
    draw_line,
    draw_path,
    draw_text,
    draw_turned_text,
)
from radfeat.report.summaries.risks import CalibrationGroup, CalibrationPanel
from radfeat.report.wording import count_of, format_percent

WIDTH = 340.0
_LEFT, _RIGHT, _TOP, _FLOOR = 58.0, 326.0, 10.0, 278.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_calibration(panel: CalibrationPanel) -> Markup:
    """One panel: a point per group with its limits; above the diagonal the risk was higher than predicted."""
    across, up = Scale(0.0, 1.0, _LEFT, _RIGHT), Scale(0.0, 1.0, _FLOOR, _TOP)
    marks = [*_draw_frame(across, up), draw_line((_LEFT, _FLOOR), (_RIGHT, _TOP), "diagonal")]
    known = [g for g in panel.groups if g.observed is not None]
    points = [(across.place(g.predicted), up.place(g.observed or 0.0)) for g in known]
    if len(points) > 1:
        marks.append(draw_path(points, "curve calibrated"))
    for group in known:
        marks += _draw_limits(group, across, up)
    marks.append(draw_circles(points, 4.0, "group"))
    return compose((WIDTH, _FLOOR + 40), describe_calibration(panel), marks)


def describe_calibration(panel: CalibrationPanel) -> str:
    """The panel in words, for who cannot see it."""
    groups = "; ".join(
        f"{count_of(g.n, 'subject')}, predicted {format_percent(g.predicted)}, observed "
        + ("unknown" if g.observed is None else format_percent(g.observed))
        for g in panel.groups
    )
    return f"Calibration in {panel.arm}, by groups of predicted risk. {groups}."


def _draw_frame(across: Scale, up: Scale) -> Iterator[Markup]:
    for share in _TICKS:
        x, y = across.place(share), up.place(share)
        yield draw_line((_LEFT, y), (_RIGHT, y), "axis" if share == 0 else "grid")
        yield draw_text((_LEFT - 7, y + 4), f"{share:g}", "tick", Anchor.END)
        yield draw_line((x, _FLOOR), (x, _FLOOR + 4), "axis")
        yield draw_text((x, _FLOOR + 17), f"{share:g}", "tick", Anchor.MIDDLE)
    yield draw_turned_text((14, (_TOP + _FLOOR) / 2), "Observed risk", "label")
    yield draw_text(((_LEFT + _RIGHT) / 2, _FLOOR + 34), "Predicted risk", "label", Anchor.MIDDLE)


def _draw_limits(group: CalibrationGroup, across: Scale, up: Scale) -> Iterator[Markup]:
    if group.lo is not None and group.hi is not None:
        x = across.place(group.predicted)
        yield draw_line((x, up.place(group.lo)), (x, up.place(group.hi)), "limits plain")
