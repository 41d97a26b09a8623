"""A share as a short bar in the cell of a table."""

from markupsafe import Markup

from radfeat.report.figures.svg import compose, draw_box

WIDTH, HEIGHT = 90.0, 12.0


def draw_share(share: float | None) -> Markup:
    """A bar as long as the share of the cell's width; nothing where there is no share."""
    if share is None:
        return Markup("")
    marks = [
        draw_box((0, 2), (WIDTH, 8), "bar-rest"),
        draw_box((0, 2), (WIDTH * share, 8), "bar"),
    ]
    return compose((WIDTH, HEIGHT), "", marks, "bar-figure")
