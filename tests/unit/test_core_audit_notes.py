"""Events of parallel jobs: none is lost between noting and taking in, none is taken in twice."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from radfeat.core.audit import AuditAction, AuditEvent, append_events, read_trail
from radfeat.core.audit_check import check_trail
from radfeat.core.audit_notes import list_notes, merge_notes, note_event


def event(subject: str) -> AuditEvent:
    return AuditEvent(AuditAction.ARMS_READ, subject, "", "", "anna", "node1", "2026-11-27T03:00:00Z")


def subjects(trail: Path) -> list[str]:
    return [line.event.subject for line in read_trail(trail)]


def test_jobs_are_taken_in_by_the_order_of_their_names_not_of_their_ends(tmp_path: Path) -> None:
    notes, trail = tmp_path / "audit.d", tmp_path / "audit.jsonl"
    for job, subject in (("stratify-b", "third"), ("stratify-a", "first"), ("stratify-a", "second")):
        note_event(notes, job, event(subject))
    assert [line.line for line in merge_notes(trail, notes)] == [1, 2, 3]
    assert subjects(trail) == ["first", "second", "third"]
    assert list_notes(notes) == ()
    assert check_trail(trail) == ()
    assert merge_notes(trail, notes) == ()


def test_event_that_a_killed_merge_took_in_is_not_taken_in_again(tmp_path: Path) -> None:
    notes, trail = tmp_path / "audit.d", tmp_path / "audit.jsonl"
    append_events(trail, [event("first")])
    note_event(notes, "stratify", event("first"))
    note_event(notes, "stratify", event("second"))
    merge_notes(trail, notes)
    assert subjects(trail) == ["first", "second"]


def test_damaged_event_stays_where_it_is_and_hinders_no_other(tmp_path: Path) -> None:
    notes, trail = tmp_path / "audit.d", tmp_path / "audit.jsonl"
    note_event(notes, "a", event("first"))
    with (notes / "a.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"action": "coffee"}\n{"half\n')
    note_event(notes, "b", event("second"))
    merge_notes(trail, notes)
    assert subjects(trail) == ["first", "second"]
    assert (notes / "a.jsonl").read_text(encoding="utf-8") == '{"action": "coffee"}\n{"half\n'
    assert list_notes(notes) == (notes / "a.jsonl",)


NOTING = """
import json, sys
from pathlib import Path

import pytest
from radfeat.core.audit import AuditAction, AuditEvent
from radfeat.core.audit_notes import note_event
given = json.loads(sys.argv[2])
for i in range(60):
    data = {**given, "action": AuditAction(given["action"]), "subject": str(i)}
    note_event(Path(sys.argv[1]), "job", AuditEvent(**data))
"""


@pytest.mark.requirement("R-AUD-2")
def test_event_noted_while_a_merge_is_at_work_is_not_lost(tmp_path: Path) -> None:
    notes, trail = tmp_path / "audit.d", tmp_path / "audit.jsonl"
    noting = subprocess.Popen([sys.executable, "-c", NOTING, str(notes), json.dumps(asdict(event("x")))])
    while noting.poll() is None:
        merge_notes(trail, notes)
    assert noting.returncode == 0
    merge_notes(trail, notes)
    assert subjects(trail) == [str(i) for i in range(60)]
