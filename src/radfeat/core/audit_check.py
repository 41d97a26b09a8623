"""Checking an audit trail: which line was edited, put in, moved, or taken away.

From the head backwards each line vouches for the one before it. A line that nothing vouches for stands in the
place of one that is missing (it was edited) or of none (it was put in).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from radfeat.core.audit import AuditAction, AuditLine, Head, parse_line, read_raw


class Fault(StrEnum):
    """What became of a line."""

    EDITED = "edited"
    INSERTED = "inserted"
    MOVED = "moved"
    DELETED = "deleted"
    """Lines are missing before this one, or at the end."""
    HEAD = "head"
    """The file with the number and hash of the last line is, or was, missing."""


@dataclass(frozen=True, slots=True)
class TrailFinding:
    """What is wrong with a trail at a line, counted from 1 as an editor shows it.

    Of lines that are missing at the end ``line`` is the place of the first.
    """

    line: int
    fault: Fault
    sentence: str


@dataclass(frozen=True, slots=True)
class _Placed:
    """A genuine line: the place where it stands now, and the number with which it was written."""

    place: int
    number: int


def check_trail(path: Path) -> tuple[TrailFinding, ...]:
    """Everything that is wrong with a trail, by line; nothing where it is whole or there is none."""
    lines, head = read_raw(path)
    return check_lines(lines, head)


def find_line(path: Path, noted: str) -> int | None:
    """The number of the genuine line whose hash was noted elsewhere; None where there is none of it now."""
    raw, head = read_raw(path)
    genuine = _find_genuine([line for line in map(parse_line, raw) if line is not None], head)
    return next((number for number, digest in genuine.items() if digest == noted), None)


def check_lines(raw: Sequence[bytes], head: Head | None) -> tuple[TrailFinding, ...]:
    """The same for lines that were read already."""
    lines = [parse_line(line) for line in raw]
    whole = [line for line in lines if line is not None]
    genuine = _find_genuine(whole, head)
    placed = [
        _Placed(place, line.line)
        for place, line in enumerate(lines, start=1)
        if line is not None and genuine.get(line.line) == line.hash
    ]
    kept = _select_in_order(placed)
    strange = sorted(set(range(1, len(lines) + 1)) - {p.place for p in placed})
    end = _Placed(len(lines) + 1, (head.lines if head else max(genuine, default=0)) + 1)
    elsewhere = sorted({p.number for p in placed} - {p.number for p in kept})
    moved = sorted(set(placed) - set(kept), key=lambda p: p.place)
    findings = [
        *_check_moved(moved, kept),
        *_check_gaps([_Placed(0, 0), *kept, end], strange, elsewhere),
        *_check_heads(lines, head),
    ]
    return tuple(sorted(findings, key=lambda f: (f.line, f.fault)))


def _find_genuine(whole: Sequence[AuditLine], head: Head | None) -> Mapping[int, str]:
    """Hash by number of the lines that the head, or a later genuine line, vouches for.

    Where the line after is lost, the first with the right number is believed.
    """
    claims: dict[int, list[AuditLine]] = {}
    for line in whole:
        if head is None or line.line <= head.lines:
            claims.setdefault(line.line, []).append(line)
    genuine: dict[int, str] = {}
    vouched = {} if head is None else {head.lines: head.hash}
    for number in sorted(claims, reverse=True):
        expected = vouched.get(number)
        found = next((c for c in claims[number] if expected in (None, c.hash)), None)
        if found is not None:
            genuine[number] = found.hash
            vouched[number - 1] = found.before
    return genuine


def _select_in_order(placed: Sequence[_Placed]) -> list[_Placed]:
    """A longest choice of lines whose numbers ascend as their places do: these stand where they belong."""
    tails: list[int] = []
    numbers: list[int] = []
    links: list[int | None] = []
    for index, line in enumerate(placed):
        at = bisect_left(numbers, line.number)
        links.append(tails[at - 1] if at else None)
        tails[at : at + 1], numbers[at : at + 1] = [index], [line.number]
    chosen, index_or_end = [], tails[-1] if tails else None
    while index_or_end is not None:
        chosen.append(placed[index_or_end])
        index_or_end = links[index_or_end]
    return chosen[::-1]


def _check_moved(moved: Sequence[_Placed], kept: Sequence[_Placed]) -> list[TrailFinding]:
    numbers = {p.number for p in kept}
    return [
        TrailFinding(p.place, Fault.INSERTED, f"This line is a copy of the one written as number {p.number}.")
        if p.number in numbers
        else TrailFinding(p.place, Fault.MOVED, f"This line was written as number {p.number}.")
        for p in moved
    ]


def _check_gaps(
    fixed: Sequence[_Placed], strange: Sequence[int], elsewhere: Sequence[int]
) -> list[TrailFinding]:
    """Between lines in their places: strange ones in the place of missing ones, and the rest of either."""
    findings: list[TrailFinding] = []
    for before, after in pairwise(fixed):
        between = strange[bisect_right(strange, before.place) : bisect_left(strange, after.place)]
        moved = bisect_left(elsewhere, after.number) - bisect_right(elsewhere, before.number)
        missing = max(after.number - before.number - 1 - moved, 0)
        for place in between[:missing]:
            said = "This line is not as it was written: the head or the line after vouches for another."
            findings.append(TrailFinding(place, Fault.EDITED, said))
        for place in between[missing:]:
            said = "This line was put in: nothing vouches for it."
            findings.append(TrailFinding(place, Fault.INSERTED, said))
        if missing > len(between):
            count, end = missing - len(between), after is fixed[-1]
            said = f"{_count(count)} missing {'at the end' if end else 'before this one'}."
            findings.append(TrailFinding(after.place, Fault.DELETED, said))
    return findings


def _check_heads(lines: Sequence[AuditLine | None], head: Head | None) -> list[TrailFinding]:
    findings = [
        TrailFinding(place, Fault.HEAD, line.event.reason)
        for place, line in enumerate(lines, start=1)
        if line is not None and line.event.action is AuditAction.HEAD_LOST
    ]
    if head is None and lines:
        said = "The head of the trail is missing: lines after this one may have been cut off."
        findings.append(TrailFinding(len(lines), Fault.HEAD, said))
    return findings


def _count(lines: int) -> str:
    return "1 line is" if lines == 1 else f"{lines} lines are"
