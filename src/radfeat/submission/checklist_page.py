"""The page of the checklists: judged items in, one HTML text without any outside part out."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from radfeat.submission.checklist import SOURCES, TITLES, ChecklistName, Judged, count_statuses
from radfeat.submission.evidence import Status


@dataclass(frozen=True, slots=True)
class PageHead:
    """What the page says besides the items; ``base`` is the way from the page to the results folder."""

    study: str
    version: str
    run_id: str
    style: str
    base: str


def render_checklists(judged: Sequence[Judged], head: PageHead) -> str:
    """One self-contained page; the same items and head give the same bytes."""
    lists = [
        (name, TITLES[name], SOURCES[name], count_statuses(judged, name), _group(judged, name))
        for name in ChecklistName
    ]
    return (
        build_environment()
        .get_template("checklists.html")
        .render(head=head, style=Markup(head.style), lists=lists, statuses=tuple(Status))
    )


def _group(judged: Sequence[Judged], name: ChecklistName) -> list[tuple[str, list[Judged]]]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        if one.item.checklist is name:
            groups.setdefault(one.item.section, []).append(one)
    return list(groups.items())


def build_environment() -> Environment:
    """The templates of this room."""
    return Environment(
        loader=PackageLoader("radfeat.submission"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
