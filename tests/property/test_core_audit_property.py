"""Whatever is done to a line of the audit trail is found at that line; two writers at once lose nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radfeat.core.audit import (
    START,
    AuditAction,
    AuditEvent,
    AuditLine,
    Head,
    append_event,
    chain_events,
    parse_line,
    read_trail,
)
from radfeat.core.audit_check import Fault, check_lines, check_trail

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
EVENTS = st.builds(
    AuditEvent,
    action=st.sampled_from([a for a in AuditAction if a is not AuditAction.HEAD_LOST]),
    subject=TEXT,
    digest=st.sampled_from(["", "ab" * 32]),
    reason=TEXT,
    actor=TEXT,
    host=st.just("node1"),
    when=st.just("2026-11-27T03:00:00.000000Z"),
)
FORGED = AuditEvent(AuditAction.QC_DECISION, "gate", "", "passed", "mallory", "node2", "2026-11-27T04:00:00Z")

Trail = tuple[list[bytes], Head]


@st.composite
def trails(draw: st.DrawFn, least: int = 1) -> Trail:
    lines = list(chain_events(draw(st.lists(EVENTS, min_size=least, max_size=12)), Head(0, START)))
    return [line.text.encode() for line in lines], Head(len(lines), lines[-1].hash)


def place(trail: Trail, data: st.DataObject, more: int = 0) -> int:
    """A line number of a trail, from 1."""
    return data.draw(st.integers(1, len(trail[0]) + more), label="line")


def found(lines: list[bytes], head: Head) -> dict[int, Fault]:
    return {finding.line: finding.fault for finding in check_lines(lines, head)}


def genuine(raw: bytes) -> AuditLine:
    line = parse_line(raw)
    assert line is not None
    return line


@settings(deadline=None)
@given(trails())
def test_untouched_trail_has_no_findings(trail: Trail) -> None:
    assert found(*trail) == {}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data())
def test_edited_byte_is_found_at_its_line(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    k = place(trail, data)
    at = data.draw(st.integers(0, len(lines[k - 1]) - 1), label="byte")
    old = lines[k - 1]
    new = data.draw(st.integers(0, 255).filter(lambda b: b not in (old[at], ord("\n"))), label="new")
    lines[k - 1] = old[:at] + bytes([new]) + old[at + 1 :]
    assert found(lines, head) == {k: Fault.EDITED}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data())
def test_line_rewritten_with_a_hash_of_its_own_is_found(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    k = place(trail, data)
    old = genuine(lines[k - 1])
    event = replace(old.event, reason=old.event.reason + "!")
    (forged,) = chain_events([event], Head(k - 1, old.before))
    lines[k - 1] = forged.text.encode()
    assert found(lines, head) == {k: Fault.EDITED}


@settings(deadline=None)
@given(trails(least=2), st.data())
def test_several_edited_lines_are_all_found_and_no_others(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    ks = data.draw(st.sets(st.integers(1, len(lines)), min_size=2), label="lines")
    for k in ks:
        lines[k - 1] = lines[k - 1].replace(b'"node1"', b'"node9"', 1)
    assert found(lines, head) == dict.fromkeys(ks, Fault.EDITED)


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data())
def test_deleted_line_is_found_where_it_stood(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    k = place(trail, data)
    del lines[k - 1]
    assert found(lines, head) == {k: Fault.DELETED}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(least=2), st.data())
def test_lines_that_change_places_are_found(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    i, j = sorted(data.draw(st.sets(st.integers(1, len(lines)), min_size=2, max_size=2), label="lines"))
    lines[i - 1], lines[j - 1] = lines[j - 1], lines[i - 1]
    faults = found(lines, head)
    assert {i, j} & faults.keys()
    assert set(faults) <= set(range(i, j + 1))
    assert set(faults.values()) == {Fault.MOVED}
    if j - i > 2:
        assert set(faults) == {i, j}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data())
def test_inserted_line_that_fits_the_one_before_is_found(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    k = place(trail, data, more=1)
    before = genuine(lines[k - 2]).hash if k > 1 else START
    (forged,) = chain_events([FORGED], Head(k - 1, before))
    lines.insert(k - 1, forged.text.encode())
    assert found(lines, head) == {k: Fault.INSERTED}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data(), st.binary(max_size=20).filter(lambda b: b"\n" not in b))
def test_inserted_rubbish_is_found(trail: Trail, data: st.DataObject, rubbish: bytes) -> None:
    lines, head = trail
    k = place(trail, data, more=1)
    lines.insert(k - 1, rubbish)
    assert found(lines, head) == {k: Fault.INSERTED}


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(), st.data())
def test_inserted_copy_of_another_line_is_found(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    source, k = place(trail, data), place(trail, data, more=1)
    lines.insert(k - 1, lines[source - 1])
    faults = found(lines, head)
    assert set(faults.values()) == {Fault.INSERTED}
    (at,) = faults  # which of two equal neighbours is the copy nobody can tell
    assert at == k or (lines[at - 1] == lines[k - 1] and abs(at - k) == 1)


@pytest.mark.requirement("R-AUD-1")
@settings(deadline=None)
@given(trails(least=2), st.data())
def test_what_comes_after_a_cut_does_not_heal_it(trail: Trail, data: st.DataObject) -> None:
    lines, head = trail
    k = place(trail, data)
    (later,) = chain_events([FORGED], head)
    del lines[k - 1 :]
    lines.append(later.text.encode())
    assert found(lines, Head(later.line, later.hash)) == {k: Fault.DELETED}


WRITER = """
import sys
from pathlib import Path
from radfeat.core.audit import append_event
for i in range(40):
    append_event(Path(sys.argv[1]), action="arms_read", subject=f"{sys.argv[2]} {i}", reason="r" * i,
                 actor="a", host="h", when="2026-11-27T03:00:00Z")
"""


@pytest.mark.requirement("R-AUD-2")
def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    trail = tmp_path / "audit.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(trail), name]) for name in "xy"]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    said = [line.event.subject for line in read_trail(trail)]
    assert sorted(said) == sorted(f"{name} {i}" for name in "xy" for i in range(40))
    assert [s for s in said if s[0] == "x"] == [f"x {i}" for i in range(40)]
    assert check_trail(trail) == ()


@pytest.mark.requirement("R-AUD-2")
@pytest.mark.parametrize("cut", [0, 1, 60, -1])
def test_writer_killed_in_the_middle_loses_nothing(tmp_path: Path, cut: int) -> None:
    trail = tmp_path / "audit.jsonl"
    details = {"actor": "a", "host": "h", "when": "2026-11-27T03:00:00Z"}
    append_event(trail, action="run_started", subject="first", **details)
    before = trail.read_bytes()
    second = append_event(trail, action="run_ended", subject="second", **details)
    text = f"{second.text}\n"
    pending = {"lines": 2, "hash": second.hash, "size": len(before), "pending": text}
    trail.with_suffix(".head").write_text(json.dumps(pending), encoding="utf-8")
    trail.write_bytes(before + text.encode()[:cut])
    assert check_trail(trail) == ()
    assert [line.event.subject for line in read_trail(trail)] == ["first", "second"]
    append_event(trail, action="run_started", subject="third", **details)
    assert [line.event.subject for line in read_trail(trail)] == ["first", "second", "third"]
    assert check_trail(trail) == ()
