"""A verdict as JSON, as an HTML page, and as lines for a terminal: the same facts in each."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from radfeat.submission.levels import Difference, Level, LevelVerdict, Outcome, Verdict

FORMAT = "radfeat-verdict/1"
SHOWN = 20
"""Differences that a terminal shows of a level; page and JSON hold all."""

LEVEL_WORDS = {
    Level.INPUT: "Inputs",
    Level.BYTE: "Bytes",
    Level.LOGICAL: "Content",
    Level.TOLERANCE: "Values",
    Level.CONCLUSION: "Conclusions",
}


def build_json(verdict: Verdict) -> str:
    """The whole verdict as JSON text."""
    value = {
        "format": FORMAT,
        "title": verdict.title,
        "sentence": verdict.sentence,
        "exit_code": verdict.exit_code,
        "required": verdict.required.code,
        "facts": dict(verdict.facts),
        "tolerances": list(verdict.tolerances),
        "sides": list(verdict.sides),
        "checks": [
            {"name": c.name, "outcome": c.outcome.value, "sentence": c.sentence, "faults": list(c.faults)}
            for c in verdict.checks
        ],
        "levels": [_describe_level(level) for level in verdict.levels],
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _describe_level(verdict: LevelVerdict) -> dict[str, Any]:
    return {
        "level": verdict.level.code,
        "name": LEVEL_WORDS[verdict.level].lower(),
        "outcome": verdict.outcome.value,
        "sentence": verdict.sentence,
        "differences": [_describe_difference(d) for d in verdict.differences],
        "remarks": [_describe_difference(d) for d in verdict.remarks],
    }


def _describe_difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind.value,
        "table": difference.table,
        "key": difference.key,
        "column": difference.column,
        "first": difference.first,
        "second": difference.second,
        "note": difference.note,
        "decides": difference.decides,
    }


def render_verdict(verdict: Verdict, style: str) -> str:
    """The verdict as one self-contained page.

    Parameters
    ----------
    verdict
        What was found.
    style
        The style sheet.
    """
    environment = Environment(
        loader=PackageLoader("radfeat.submission"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("verdict.html").render(
        verdict=verdict, style=Markup(style), words=LEVEL_WORDS, failing=Outcome.FAILS, holding=Outcome.HOLDS
    )


def list_lines(verdict: Verdict) -> Iterator[str]:
    """What follows the table in a terminal: every fault, and the first differences of each level."""
    for check in verdict.checks:
        yield from (f"  {check.name}: {fault}" for fault in check.faults)
    for level in verdict.levels:
        if level.outcome is Outcome.FAILS:
            yield f"{level.level.code} {LEVEL_WORDS[level.level].lower()} ({' | '.join(verdict.sides)}):"
            yield from _list_first(level.differences)
        if level.remarks:
            yield f"{level.level.code} {LEVEL_WORDS[level.level].lower()}, worth knowing:"
            yield from _list_first(level.remarks)


def _list_first(differences: Sequence[Difference]) -> Iterator[str]:
    yield from (f"  {difference.sentence}" for difference in differences[:SHOWN])
    if len(differences) > SHOWN:
        yield f"  ... and {len(differences) - SHOWN} more; --out FOLDER writes them all"
