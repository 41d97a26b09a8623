"""Estimates with their intervals as one row each of a forest plot: the rows of a table share one scale."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from radfeat.report.figures.axes import Scale, choose_log_ticks, choose_ticks, format_tick
from radfeat.report.figures.svg import Anchor, compose, draw_box, draw_line, draw_path, draw_text

WIDTH, HEIGHT, AXIS_HEIGHT = 240.0, 24.0, 22.0
_MARGIN = 14.0
_WIDEST = 50.0
"""Ratios beyond 50 or below 1/50 are drawn as arrows: one wild interval must not flatten the others."""

Interval = tuple[float | None, float | None, float | None]
"""Estimate, lower and upper limit."""


@dataclass(frozen=True, slots=True)
class IntervalScale:
    """The common scale of a table's intervals; ``reference`` is where there is no effect, or chance."""

    scale: Scale
    reference: float | None

    @property
    def reference_place(self) -> str:
        """Place of the reference, for the line behind the rows; far outside where there is none."""
        return "-99px" if self.reference is None else f"{self.scale.place(self.reference) - 0.5:.1f}px"


def scale_ratios(intervals: Iterable[Interval]) -> IntervalScale:
    """A logarithmic scale, symmetric about 1."""
    sizes = [abs(math.log(v)) for interval in intervals for v in interval if v is not None and v > 0]
    reach = min(math.exp(max([math.log(2.0), *sizes]) * 1.05), _WIDEST)
    return IntervalScale(Scale(1 / reach, reach, _MARGIN, WIDTH - _MARGIN, logarithmic=True), 1.0)


def scale_concordance(intervals: Iterable[Interval]) -> IntervalScale:
    """C or AUC, chance at one half; from 0.3, or from the least limit, to 1."""
    values = [v for interval in intervals for v in interval if v is not None]
    return IntervalScale(Scale(min([0.3, *values]), 1.0, _MARGIN, WIDTH - _MARGIN), 0.5)


def scale_correlations(intervals: Iterable[Interval]) -> IntervalScale:
    """Rank correlations, chance at 0; from -0.4, or from the least limit, to 1."""
    values = [v for interval in intervals for v in interval if v is not None]
    return IntervalScale(Scale(min([-0.4, *values]), 1.0, _MARGIN, WIDTH - _MARGIN), 0.0)


def scale_differences(intervals: Iterable[Interval]) -> IntervalScale:
    """Differences in the unit of an endpoint, symmetric about 0."""
    reach = max([abs(v) for interval in intervals for v in interval if v is not None], default=1.0) or 1.0
    return IntervalScale(Scale(-1.05 * reach, 1.05 * reach, _MARGIN, WIDTH - _MARGIN), 0.0)


def scale_values(intervals: Iterable[Interval]) -> IntervalScale:
    """Values in the unit of an endpoint, from the least to the greatest limit."""
    values = [v for interval in intervals for v in interval if v is not None] or [0.0, 1.0]
    lo, hi = min(values), max(values)
    room = 0.05 * (hi - lo) or 0.5 * abs(hi) or 0.5
    return IntervalScale(Scale(lo - room, hi + room, _MARGIN, WIDTH - _MARGIN), None)


def scale_shares() -> IntervalScale:
    """Proportions from 0 to 1."""
    return IntervalScale(Scale(0.0, 1.0, _MARGIN, WIDTH - _MARGIN), None)


def draw_interval(interval: Interval, scale: IntervalScale, look: str = "main") -> Markup:
    """One estimate as a square on the line of its interval; an arrow where the line leaves the scale."""
    estimate, lo, hi = interval
    if estimate is None:
        return Markup("")
    return compose((WIDTH, HEIGHT), "", _draw_marks(estimate, lo, hi, scale.scale, look), "interval")


def draw_interval_axis(scale: IntervalScale) -> Markup:
    """The axis below the last row."""
    return compose((WIDTH, AXIS_HEIGHT), "", _draw_axis(scale.scale), "interval")


def _draw_marks(
    estimate: float, lo: float | None, hi: float | None, scale: Scale, look: str
) -> Iterator[Markup]:
    middle, x = HEIGHT / 2, scale.place(estimate)
    if lo is not None and hi is not None:
        left, right = scale.place(lo), scale.place(hi)
        yield draw_line((left, middle), (right, middle), f"limits {look}")
        for place, inside, towards in ((left, scale.holds(lo), -1), (right, scale.holds(hi), 1)):
            if inside:
                yield draw_line((place, middle - 4), (place, middle + 4), f"limits {look}")
            else:
                tip = place + towards * 7
                yield draw_path(
                    [(place, middle - 5), (tip, middle), (place, middle + 5)], f"arrow {look}", closed=True
                )
    if scale.holds(estimate):
        yield draw_box((x - 4.5, middle - 4.5), (9, 9), f"estimate {look}")


def _draw_axis(scale: Scale) -> Iterator[Markup]:
    yield draw_line((scale.start, 0.5), (scale.end, 0.5), "axis")
    ticks = (choose_log_ticks if scale.logarithmic else choose_ticks)(scale.lo, scale.hi, 5)
    for tick in ticks:
        x = scale.place(tick)
        yield draw_line((x, 0.5), (x, 4.5), "axis")
        yield draw_text((x, 17), format_tick(tick), "tick", Anchor.MIDDLE)
