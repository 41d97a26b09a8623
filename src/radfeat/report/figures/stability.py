"""Selection stability: a bar per cluster of features, as long as the share of folds that chose it."""

from collections.abc import Iterator

from markupsafe import Markup

from radfeat.report.figures.axes import Scale
from radfeat.report.figures.svg import Anchor, clip_text, compose, draw_box, draw_line, draw_text
from radfeat.report.summaries.predictors import STABLE
from radfeat.report.summaries.stability import ClusterShare, SelectionStability
from radfeat.report.wording import count_of, format_percent, join_words

WIDTH = 980.0
LEFT, RIGHT = 470.0, 920.0
_TOP, _ROW, _BAR = 34.0, 23.0, 13.0
_LABEL_WIDTH = 425.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_SPOKEN = 5


def draw_stability(stability: SelectionStability) -> Markup:
    """One arm: clusters by how often they were selected; the share of the member named is the dark part."""
    across = Scale(0.0, 1.0, LEFT, RIGHT)
    floor = _TOP + _ROW * len(stability.shown)
    marks = [*_draw_key(), *_draw_axis(across, floor)]
    for place, share in enumerate(stability.shown):
        marks += _draw_bar(share, across, _TOP + _ROW * place)
    return compose((WIDTH, floor + 42), describe_stability(stability), marks)


def describe_stability(stability: SelectionStability) -> str:
    """The figure in words, for who cannot see it."""
    words = join_words(
        f"{s.feature}{f' or {s.others} alike' if s.others else ''} in {format_percent(s.any_member)}"
        for s in stability.shown[:_SPOKEN]
    )
    return (
        f"Selection stability of {stability.endpoint} in {stability.arm}, share of "
        f"{count_of(stability.fits, 'fold')}: {words}."
    )


def _draw_key() -> Iterator[Markup]:
    x = LEFT
    for words, look in (("any member of the cluster", "bar-any"), ("the member named", "bar")):
        yield draw_box((x, 6), (22, _BAR), look)
        yield draw_text((x + 28, 17), words, "tick")
        x += 28 + 6.2 * len(words) + 26


def _draw_axis(across: Scale, floor: float) -> Iterator[Markup]:
    for tick in _TICKS:
        x = across.place(tick)
        yield draw_line((x, _TOP - 4), (x, floor), "grid")
        yield draw_line((x, floor), (x, floor + 4), "axis")
        yield draw_text((x, floor + 17), format_percent(tick), "tick", Anchor.MIDDLE)
    stable = across.place(STABLE)
    yield draw_line((stable, _TOP - 4), (stable, floor), "diagonal")
    yield draw_line((LEFT, floor), (RIGHT, floor), "axis")
    yield draw_text(((LEFT + RIGHT) / 2, floor + 35), "Folds that selected it", "label", Anchor.MIDDLE)


def _draw_bar(share: ClusterShare, across: Scale, top: float) -> Iterator[Markup]:
    middle = top + _ROW / 2 - 2
    others = f"+{share.others}" if share.others else ""
    yield draw_text((0, middle + 4), clip_text(share.feature, _LABEL_WIDTH), "tick")
    if others:
        yield draw_text((LEFT - 12, middle + 4), others, "tick faint", Anchor.END)
    for value, look in ((share.any_member, "bar-any"), (share.own, "bar")):
        if value:
            yield draw_box((LEFT, middle - _BAR / 2), (across.place(value) - LEFT, _BAR), look)
    end = across.place(share.any_member) + 6
    yield draw_text((end, middle + 4), format_percent(share.any_member), "tick")
