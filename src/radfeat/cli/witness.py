"""Who is at work, where, and when: the one place where a clock, a login name and a host name are read."""

import getpass
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from radfeat.core.audit import AuditAction, AuditEvent
from radfeat.core.audit_notes import note_event
from radfeat.core.keys import stem_of
from radfeat.pipeline.folders import ResultsFolder

VERBS = ("gate", "lock", "subjects", "stratify", "contrast")
"""Verbs of the jobs that note events, in the order in which the trail takes them in."""


def witness(action: AuditAction, subject: str, *, digest: str = "", reason: str = "") -> AuditEvent:
    """An event that happens here and now, done by whoever is logged in."""
    return AuditEvent(action, subject, digest, reason, _name_actor(), socket.gethostname(), _tell_time())


def note(folder: ResultsFolder, job: Sequence[str], event: AuditEvent) -> None:
    """Note an event of a job, named by its verb and more; the audit trail takes it in when the run ends."""
    verb, more = job[0], "/".join(job[1:])
    name = f"{VERBS.index(verb)}-{verb}" + (f"-{stem_of(more)}" if more else "")
    note_event(folder.audit_notes, name, event)


def _tell_time() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _name_actor() -> str:
    """The login name; the user's number where it has none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
