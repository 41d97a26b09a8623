"""What subjects that enter have left behind: the notes of the table ``subjects``, counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Rows, UnblindedTables
from radfeat.report.summaries.exclusions import mark_left_out
from radfeat.report.summaries.flow import order_arms

_NO_FEATURES = " has no features ("
_ONE_VISIT = "left out, at one visit only: "


@dataclass(frozen=True, slots=True)
class NoteCount:
    """How many subjects that enter a note of one kind concerns: by arm, in the order of the arms."""

    what: str
    by_arm: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ListedNote:
    """One subject's note as the table has it."""

    subject: str
    arm: str
    note: str


@dataclass(frozen=True, slots=True)
class SubjectNotes:
    """The counts, and the notes themselves as far as they are listed; ``noted`` of ``entering`` have one.

    ``passed_over`` have a lesion without features that the lesion rule would have counted, or one that was
    left out because it has features at one visit only.
    """

    arms: tuple[str, ...]
    counts: tuple[NoteCount, ...]
    listed: tuple[ListedNote, ...]
    noted: int
    entering: int
    passed_over: int


def build_notes(tables: UnblindedTables, facts: AnalysisFacts, limit: int) -> SubjectNotes:
    """Count the notes by what they say, over the subjects that enter; list ``limit`` of them."""
    entering = [row for row in tables.subjects if row["has_features"] and row["excluded"] is None]
    noted = tuple(row for row in entering if row["note"])
    arms = order_arms((row["arm"] for row in tables.subjects), facts)
    return SubjectNotes(
        arms=arms,
        counts=tuple(_count_kinds(noted, arms, facts)),
        listed=tuple(ListedNote(row["subject_id"], row["arm"], row["note"]) for row in noted[:limit]),
        noted=len(noted),
        entering=len(entering),
        passed_over=sum(_NO_FEATURES in row["note"] or _ONE_VISIT in row["note"] for row in noted),
    )


def _count_kinds(noted: Rows, arms: tuple[str, ...], facts: AnalysisFacts) -> Iterator[NoteCount]:
    marks = {
        "with a lesion passed over, because it has no features": _NO_FEATURES,
        "with a lesion left out, because it has features at one visit only": _ONE_VISIT,
    }
    marks |= {f"not in {e.name}, by the rule of the landmark": mark_left_out(e.name) for e in facts.endpoints}
    for what, mark in marks.items():
        yield from _count(what, (row["arm"] for row in noted if mark in row["note"]), arms)
    others = (row["arm"] for row in noted if not any(mark in row["note"] for mark in marks.values()))
    yield from _count("with another note", others, arms)


def _count(what: str, found: Iterator[str], arms: tuple[str, ...]) -> Iterator[NoteCount]:
    members = list(found)
    if members:
        yield NoteCount(what, tuple(members.count(arm) for arm in arms))
