"""Decision curves: net benefit of each policy over the threshold risk."""

from collections.abc import Iterator

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
from radfeat.report.summaries.risks import BenefitLine, DecisionPanel
from radfeat.report.wording import format_fixed, join_words

WIDTH = 460.0
_LEFT, _RIGHT, _TOP, _FLOOR = 58.0, 446.0, 10.0, 230.0
_KEY_ROW, _MOST_TICKS = 19.0, 5
_BELOW = 0.15
"""Of the greatest net benefit, how far below 0 the figure goes: a policy that does harm leaves it."""


def draw_decision(panel: DecisionPanel) -> Markup:
    """One panel: a line per policy; higher is better, and none lies at 0."""
    highest = max((y for line in panel.lines for _, y in line.points), default=0.0) or 0.1
    across = Scale(0.0, 1.0, _LEFT, _RIGHT)
    up = Scale(-_BELOW * highest, highest, _FLOOR, _TOP)
    marks = [*_draw_frame(across, up)]
    for line in reversed(panel.lines):
        for part in _split_visible(line, across, up):
            marks.append(draw_path(part, f"curve policy-{line.look}"))
    key = [*_draw_key(panel)]
    lift = _KEY_ROW * ((len(panel.lines) + 1) // 2) + 6
    body = Markup('<g transform="translate(0 {})">{}</g>').format(f"{lift:g}", Markup("").join(marks))
    return compose((WIDTH, _FLOOR + 40 + lift), describe_decision(panel), [*key, body])


def describe_decision(panel: DecisionPanel) -> str:
    """The panel in words, for who cannot see it."""
    words = [
        f"{line.label}: {join_words(f'{format_fixed(_value_near(line, t))} at {t:g}' for t in (0.25, 0.5))}"
        for line in panel.lines
        if line.points
    ]
    return f"Decision curves in {panel.arm}, net benefit by threshold risk. {'; '.join(words)}."


def _value_near(line: BenefitLine, threshold: float) -> float:
    return min(line.points, key=lambda p: abs(p[0] - threshold))[1]


def _draw_frame(across: Scale, up: Scale) -> Iterator[Markup]:
    for tick in choose_ticks(up.lo, up.hi, _MOST_TICKS):
        y = up.place(tick)
        yield draw_line((_LEFT, y), (_RIGHT, y), "grid")
        yield draw_text((_LEFT - 7, y + 4), format_tick(tick), "tick", Anchor.END)
    yield draw_line((_LEFT, _FLOOR), (_RIGHT, _FLOOR), "axis")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = across.place(share)
        yield draw_line((x, _FLOOR), (x, _FLOOR + 4), "axis")
        yield draw_text((x, _FLOOR + 17), f"{share:g}", "tick", Anchor.MIDDLE)
    yield draw_turned_text((14, (_TOP + _FLOOR) / 2), "Net benefit", "label")
    yield draw_text(((_LEFT + _RIGHT) / 2, _FLOOR + 34), "Threshold risk", "label", Anchor.MIDDLE)


def _split_visible(line: BenefitLine, across: Scale, up: Scale) -> Iterator[list[Point]]:
    """The stretches of a line that lie on the figure, each of two points or more."""
    part: list[Point] = []
    for threshold, benefit in line.points:
        if benefit >= up.lo:
            part.append((across.place(threshold), up.place(benefit)))
            continue
        if len(part) > 1:
            yield part
        part = []
    if len(part) > 1:
        yield part


def _draw_key(panel: DecisionPanel) -> Iterator[Markup]:
    """Two policies a row."""
    for place, line in enumerate(panel.lines):
        x, y = _LEFT + 150 * (place % 2), 16 + _KEY_ROW * (place // 2)
        yield draw_line((x, y - 4), (x + 30, y - 4), f"curve policy-{line.look}")
        yield draw_text((x + 38, y), line.label, "key")
