"""Values of one feature by site: a box from the 25th to the 75th percentile, and the ROIs as points."""

from collections.abc import Iterator

from markupsafe import Markup

from radfeat.report.figures.axes import Scale, choose_log_ticks, choose_ticks, format_tick
from radfeat.report.figures.svg import (
    Anchor,
    Point,
    clip_text,
    compose,
    draw_box,
    draw_circles,
    draw_line,
    draw_text,
)
from radfeat.report.summaries.site_effects import Distribution, SiteValues
from radfeat.report.wording import count_of, format_number, name_site

WIDTH = 310.0
_LEFT, _RIGHT, _TOP, _ROW = 78.0, 300.0, 6.0, 34.0
_LABEL_WIDTH, _MOST_TICKS = 70.0, 4

_OFFSETS = (0.0, 4.0, -4.0, 8.0, -8.0, 2.0, -6.0, 6.0, -2.0)
"""Points are spread over the row in turn, not at random: the page must be the same every time."""


def draw_strips(distribution: Distribution) -> Markup:
    """One panel: a row per site, values along the axis below."""
    scale = _choose_scale(distribution)
    floor = _TOP + _ROW * len(distribution.sites)
    marks = [*_draw_axis(scale, floor, distribution.logarithmic)]
    for row, site in enumerate(distribution.sites):
        marks += _draw_site(site, scale, _TOP + _ROW * (row + 0.5))
    return compose((WIDTH, floor + 24), describe_strips(distribution), marks)


def describe_strips(distribution: Distribution) -> str:
    """The panel in words, for who cannot see it."""
    medians = "; ".join(
        f"{name_site(s.label)}: {count_of(s.n, 'ROI')}, median {format_number(s.quantiles[2])}"
        for s in distribution.sites
    )
    return f"{distribution.feature} by site. {medians}."


def _choose_scale(distribution: Distribution) -> Scale:
    values = [v for site in distribution.sites for v in (*site.values, site.quantiles[0], site.quantiles[-1])]
    lo, hi = min(values), max(values)
    if lo == hi:
        lo, hi = lo - 0.5 - abs(lo) * 0.1, hi + 0.5 + abs(hi) * 0.1
    return Scale(lo, hi, _LEFT + 6, _RIGHT - 6, distribution.logarithmic and lo > 0)


def _draw_axis(scale: Scale, floor: float, logarithmic: bool) -> Iterator[Markup]:
    ticks = (choose_log_ticks if logarithmic else choose_ticks)(scale.lo, scale.hi, _MOST_TICKS)
    for tick in ticks:
        x = scale.place(tick)
        yield draw_line((x, _TOP), (x, floor + 4), "grid")
        yield draw_text((x, floor + 17), format_tick(tick), "tick", Anchor.MIDDLE)
    yield draw_line((_LEFT, floor), (_RIGHT, floor), "axis")


def _draw_site(site: SiteValues, scale: Scale, y: float) -> Iterator[Markup]:
    q05, q25, q50, q75, q95 = (scale.place(q) for q in site.quantiles)
    yield draw_text((4, y), clip_text(site.label, _LABEL_WIDTH), "tick strong")
    yield draw_text((4, y + 13), f"n {site.n:,}", "tick faint")
    yield draw_line((q05, y), (q95, y), "whisker")
    yield draw_box((q25, y - 10), (max(q75 - q25, 1.0), 20), "box")
    if site.values:
        yield draw_circles(_spread(site.values, scale, y), 1.9, "points")
    yield draw_line((q50, y - 12), (q50, y + 12), "median")


def _spread(values: tuple[float, ...], scale: Scale, y: float) -> Iterator[Point]:
    for place, value in enumerate(values):
        yield scale.place(value), y + _OFFSETS[place % len(_OFFSETS)]
