"""The few SVG marks that the figures are made of; looks are left to the page's style sheet, by class."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from markupsafe import Markup, escape

Point = tuple[float, float]


class Anchor(StrEnum):
    """Which part of a text stands at its point."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


def format_coordinate(value: float) -> str:
    """At most two decimals, no trailing zeros, no negative zero: the same text for the same number."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def draw_line(start: Point, end: Point, look: str) -> Markup:
    """A straight line."""
    (x1, y1), (x2, y2) = (tuple(map(format_coordinate, p)) for p in (start, end))
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(look, x1, y1, x2, y2)


def draw_path(points: Sequence[Point], look: str, *, closed: bool = False) -> Markup:
    """A line through points, or the area that they enclose."""
    text = " ".join(f"{format_coordinate(x)},{format_coordinate(y)}" for x, y in points)
    return Markup('<{} class="{}" points="{}"/>').format("polygon" if closed else "polyline", look, text)


def draw_circles(centres: Iterable[Point], radius: float, look: str) -> Markup:
    """Dots of one size."""
    dots = (
        Markup('<circle cx="{}" cy="{}" r="{}"/>').format(
            format_coordinate(x), format_coordinate(y), format_coordinate(radius)
        )
        for x, y in centres
    )
    return Markup('<g class="{}">{}</g>').format(look, Markup("").join(dots))


def draw_box(corner: Point, size: Point, look: str) -> Markup:
    """A rectangle by its upper left corner, width and height."""
    x, y, width, height = map(format_coordinate, (*corner, *size))
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(look, x, y, width, height)


def draw_text(at: Point, words: str, look: str, anchor: Anchor = Anchor.START) -> Markup:
    """One line of text, its baseline at ``at``."""
    x, y = map(format_coordinate, at)
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        look, x, y, anchor.value, escape(words)
    )


def draw_turned_text(at: Point, words: str, look: str) -> Markup:
    """One line of text that reads upwards, its middle at ``at``."""
    x, y = map(format_coordinate, at)
    return Markup(
        '<text class="{}" text-anchor="middle" transform="translate({} {}) rotate(-90)">{}</text>'
    ).format(look, x, y, escape(words))


def compose(size: Point, label: str, marks: Iterable[Markup], look: str = "figure") -> Markup:
    """A whole figure: ``size`` in pixels at full width, ``label`` says in words what it shows.

    Without a label it is hidden from screen readers: what it shows stands beside it in words.
    """
    width, height = map(format_coordinate, size)
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="{look}" {spoken} viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        "{marks}</svg>"
    ).format(look=look, spoken=spoken, width=width, height=height, marks=Markup("").join(marks))


def clip_text(words: str, width: float, size: float = 12.0) -> str:
    """Words cut, with an ellipsis, to about ``width`` pixels at a font size of ``size`` pixels."""
    used = 0.0
    for place, character in enumerate(words):
        # Han, kana and hangul are as wide as they are high; Latin letters a little over half of it.
        used += size * (1.0 if ord(character) > 0x2E7F else 0.56)
        if used > width:
            return f"{words[: max(place - 1, 1)]}…"
    return words
