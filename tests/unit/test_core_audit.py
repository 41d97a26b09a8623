"""The audit trail by hand: what a line holds, what its head is for, what cutting and losing shows."""

import hashlib
import json
from pathlib import Path

import pytest

from radfeat.core.audit import START, AuditLine, append_event, read_head, read_trail
from radfeat.core.audit_check import Fault, check_trail, find_line

DETAILS = {"actor": "anna", "host": "node1", "when": "2026-11-27T03:00:00.000000Z"}


def write(trail: Path, *subjects: str) -> list[AuditLine]:
    return [append_event(trail, action="qc_decision", subject=s, **DETAILS) for s in subjects]


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "results" / "audit.jsonl"


def said(trail: Path) -> list[tuple[int, Fault]]:
    return [(finding.line, finding.fault) for finding in check_trail(trail)]


def test_line_holds_the_event_and_a_hash_that_anyone_can_compute(trail: Path) -> None:
    (line,) = write(trail, "gate")
    data = json.loads(trail.read_text(encoding="ascii"))
    assert data == {
        "line": 1,
        "action": "qc_decision",
        "subject": "gate",
        "digest": "",
        "reason": "",
        **DETAILS,
        "before": START,
        "hash": line.hash,
    }
    rest = {name: value for name, value in data.items() if name != "hash"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == line.hash


def test_each_line_names_the_hash_of_the_line_before(trail: Path) -> None:
    first, second, third = write(trail, "a", "b", "ü")
    assert (second.before, third.before) == (first.hash, second.hash)
    assert read_trail(trail) == (first, second, third)
    head = read_head(trail)
    assert head is not None
    assert (head.lines, head.hash, head.pending) == (3, third.hash, "")


def test_no_trail_has_no_lines_and_no_findings(trail: Path) -> None:
    assert read_trail(trail) == ()
    assert check_trail(trail) == ()


def test_unknown_action_is_refused_and_writes_nothing(trail: Path) -> None:
    with pytest.raises(ValueError, match="coffee"):
        append_event(trail, action="coffee", subject="cup", **DETAILS)
    assert not trail.exists()


@pytest.mark.requirement("R-AUD-1")
def test_lines_cut_off_at_the_end_are_counted_by_the_head(trail: Path) -> None:
    write(trail, *"abcd")
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:2]))
    (finding,) = check_trail(trail)
    assert (finding.line, finding.sentence) == (3, "2 lines are missing at the end.")
    write(trail, "e")
    assert said(trail) == [(3, Fault.DELETED)]


@pytest.mark.requirement("R-AUD-1")
def test_deleted_trail_is_not_whitewashed_by_the_next_event(trail: Path) -> None:
    write(trail, *"abc")
    trail.unlink()
    (line,) = write(trail, "d")
    assert line.line == 4
    assert said(trail) == [(1, Fault.DELETED)]


@pytest.mark.parametrize("damage", [Path.unlink, lambda head: head.write_text("{", encoding="utf-8")])
def test_lost_head_is_found_and_stays_on_record(trail: Path, damage: object) -> None:
    write(trail, *"abc")
    assert callable(damage)
    damage(trail.with_suffix(".head"))
    assert said(trail) == [(3, Fault.HEAD)]
    write(trail, "d")
    assert said(trail) == [(4, Fault.HEAD)]
    assert [line.event.subject for line in read_trail(trail)] == ["a", "b", "c", "audit trail", "d"]


def test_head_that_was_set_back_does_not_hide_a_cut(trail: Path) -> None:
    write(trail, *"ab")
    older = trail.with_suffix(".head").read_bytes()
    write(trail, *"cd")
    trail.with_suffix(".head").write_bytes(older)
    assert said(trail) == [(3, Fault.INSERTED), (4, Fault.INSERTED)]


def test_hash_noted_elsewhere_is_found_until_the_trail_is_written_anew(trail: Path, tmp_path: Path) -> None:
    noted = write(trail, *"abc")[1].hash
    assert find_line(trail, noted) == 2
    other = tmp_path / "audit.jsonl"
    write(other, *"axc")
    assert check_trail(other) == (), "written anew as a whole, it is whole in itself"
    assert find_line(other, noted) is None


def test_missing_end_of_line_does_not_swallow_the_next_event(trail: Path) -> None:
    write(trail, *"ab")
    trail.write_bytes(trail.read_bytes().removesuffix(b"\n"))
    assert said(trail) == []
    write(trail, "c")
    assert said(trail) == []
    assert len(read_trail(trail)) == 3
