"""Cumulative incidences with confidence bands and numbers at risk; competing events as thin lines."""

from collections.abc import Iterator

from markupsafe import Markup

from radfeat.report.figures import curves as frame
from radfeat.report.figures.axes import Scale, choose_ticks
from radfeat.report.figures.svg import Point, compose, draw_line, draw_path, draw_text
from radfeat.report.summaries.incidences import IncidenceCurve, IncidencePanel, IncidencePoint
from radfeat.report.wording import count_of, format_count


def draw_incidences(panel: IncidencePanel) -> Markup:
    """One panel: incidences of each stratum over time, a key above them and the numbers at risk below."""
    key = frame.KEY_ROW * len(panel.curves)
    across = Scale(0.0, panel.latest or 1.0, frame.LEFT, frame.RIGHT)
    ticks = choose_ticks(0.0, panel.latest, frame.MOST_TICKS)
    up = Scale(0.0, 1.0, frame.AXIS, frame.TOP)
    marks = [*frame.draw_frame(across, up, ticks, panel.time_unit, "Cumulative incidence")]
    for curve in panel.curves:
        marks += _draw_curve(curve, across, up)
    marks += frame.draw_risk(panel.curves, across, ticks)
    height = frame.AXIS + 62 + frame.RISK_ROW * len(panel.curves) + 6
    body = Markup('<g transform="translate(0 {})">{}</g>').format(f"{key:g}", Markup("").join(marks))
    return compose((frame.WIDTH, height + key), describe_incidences(panel), [*_draw_key(panel), body])


def describe_incidences(panel: IncidencePanel) -> str:
    """The panel in words, for who cannot see it."""
    parts = [_word_curve(curve) for curve in panel.curves]
    return f"Cumulative incidence of {panel.endpoint} in {panel.arm}. {'; '.join(parts)}."


def _word_curve(curve: IncidenceCurve) -> str:
    return (
        f"{frame.STRATUM_WORDS[curve.stratum]}: {count_of(curve.n, 'subject')}, "
        f"{count_of(curve.events, 'event')}, {format_count(curve.others)} competing"
    )


def _draw_curve(curve: IncidenceCurve, across: Scale, up: Scale) -> Iterator[Markup]:
    look = f"stratum-{curve.stratum}"
    band = _trace_band(curve.event, across, up)
    if band:
        yield draw_path(band, f"band {look}", closed=True)
    yield draw_path(_trace_steps(curve.competing, across, up), f"curve competing {look}")
    yield draw_path(_trace_steps(curve.event, across, up), f"curve {look}")


def _trace_steps(points: tuple[IncidencePoint, ...], across: Scale, up: Scale) -> list[Point]:
    """The step function from incidence 0 at time 0."""
    path: list[Point] = [(across.place(0.0), up.place(0.0))]
    for point in points:
        x = across.place(point.time)
        path += [(x, path[-1][1]), (x, up.place(point.incidence))]
    return path


def _trace_band(points: tuple[IncidencePoint, ...], across: Scale, up: Scale) -> list[Point]:
    """The band's upper edge from left to right, then its lower edge back, as far as there are limits."""
    edges: tuple[list[Point], list[Point]] = ([], [])
    for edge in edges:
        edge.append((across.place(0.0), up.place(0.0)))
    for point in points:
        x = across.place(point.time)
        for edge, limit in zip(edges, (point.hi, point.lo), strict=True):
            edge.append((x, edge[-1][1]))
            if limit is not None:
                edge.append((x, up.place(limit)))
        if point.lo is None or point.hi is None:
            break
    upper, lower = edges
    return [*upper, *reversed(lower)] if len(upper) > 2 else []


def _draw_key(panel: IncidencePanel) -> Iterator[Markup]:
    for row, curve in enumerate(panel.curves):
        y = 16 + row * frame.KEY_ROW
        yield draw_line((frame.LEFT, y - 4), (frame.LEFT + 30, y - 4), f"curve stratum-{curve.stratum}")
        yield draw_text((frame.LEFT + 38, y), _word_curve(curve), "key")
