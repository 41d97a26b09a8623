"""Verdicts on acquisition by site: a row per site, a column per parameter, a stacked bar where they meet."""

from collections.abc import Iterator

from markupsafe import Markup

from radfeat.report.figures.svg import Anchor, clip_text, compose, draw_box, draw_text
from radfeat.report.summaries.acquisition import SiteVerdicts, Verdicts
from radfeat.report.wording import name_site

WIDTH = 980.0
_LABEL, _ROW, _BAR, _LINE = 130.0, 22.0, 12.0, 14.0
_GAP, _NUMBER = 10.0, 24.0
_WIDEST_CELL, _LEAST = 170.0, 2.0
_HEADING_SIZE = 11.0
"""Headings hold no capitals, and run narrower than a text of their 12 pixels."""

_KEY = (("conforms", "conform"), ("deviates, with the number of images", "deviate"), ("unknown", "unknown"))


def draw_verdicts(by_site: SiteVerdicts) -> Markup:
    """One modality; the number of deviating images stands at the end of a bar."""
    cell = min((WIDTH - _LABEL) / len(by_site.parameters), _WIDEST_CELL)
    headings = [_break_words(name, cell - 2) for name in by_site.parameters]
    top = _LINE * max(len(lines) for lines in headings) + 10
    marks = [*_draw_headings(headings, cell, top)]
    for place, (site, verdicts) in enumerate(by_site.sites):
        y = top + _ROW * place
        marks.append(draw_text((0, y + 14), clip_text(site, _LABEL - 12), "tick strong"))
        for column, counts in enumerate(verdicts):
            if counts is not None:
                marks += _draw_bar(counts, _LABEL + cell * column, y + 4, cell - _GAP - _NUMBER)
    height = top + _ROW * len(by_site.sites) + 26
    marks += _draw_key(height - 10)
    return compose((WIDTH, height), describe_verdicts(by_site), marks)


def describe_verdicts(by_site: SiteVerdicts) -> str:
    """The figure in words, for who cannot see it."""
    sites = []
    for site, verdicts in by_site.sites:
        known = [counts for counts in verdicts if counts is not None]
        sums = (sum(c.conform for c in known), sum(c.deviate for c in known), sum(c.unknown for c in known))
        sites.append(f"{name_site(site)}: {sums[0]} conform, {sums[1]} deviate, {sums[2]} unknown")
    return f"{by_site.modality}, verdicts on {', '.join(by_site.parameters)}. {'; '.join(sites)}."


def _break_words(name: str, width: float) -> list[str]:
    """A name in lines that keep within a width, where its words allow it."""
    lines: list[str] = []
    for word in name.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and clip_text(longer, width, _HEADING_SIZE) == longer:
            lines[-1] = longer
        else:
            lines.append(clip_text(word, width, _HEADING_SIZE))
    return lines


def _draw_headings(headings: list[list[str]], cell: float, top: float) -> Iterator[Markup]:
    for column, lines in enumerate(headings):
        for number, line in enumerate(reversed(lines)):
            yield draw_text((_LABEL + cell * column, top - 6 - _LINE * number), line, "tick")


def _draw_bar(counts: Verdicts, x: float, y: float, width: float) -> Iterator[Markup]:
    parts = ((counts.conform, "conform"), (counts.deviate, "deviate"), (counts.unknown, "unknown"))
    # One image among many is still to be seen.
    lengths = {look: max(width * n / counts.total, _LEAST) for n, look in parts if n}
    at = x
    for look, length in lengths.items():
        long = length * width / sum(lengths.values())
        yield draw_box((at, y), (long, _BAR), f"verdict {look}")
        at += long
    if counts.deviate:
        yield draw_text((x + width + 4, y + 10), f"{counts.deviate:,}", "tick deviating", Anchor.START)


def _draw_key(y: float) -> Iterator[Markup]:
    x = _LABEL
    for words, look in _KEY:
        yield draw_box((x, y - 10), (22, _BAR), f"verdict {look}")
        yield draw_text((x + 28, y), words, "tick")
        x += 28 + 7 * len(words) + 30
