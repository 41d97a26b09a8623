"""Events of parallel jobs: each job notes its own in a file of its own, and the trail takes them in later.

Jobs run on many hosts at once; a chain that each of them locked would make them wait for one another over the
network. The order in which the trail takes them in is that of the file names, whatever ended first.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from radfeat.core.audit import AuditAction, AuditEvent, AuditLine, append_events, read_trail


def note_event(folder: Path, job: str, event: AuditEvent) -> None:
    """Note an event of a job in ``<job>.jsonl``; it is on the disk when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    with _hold_note(folder / f"{job}.jsonl") as stream:
        stream.seek(0, os.SEEK_END)
        stream.write(f"{json.dumps(asdict(event), separators=(',', ':'))}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())


def list_notes(folder: Path) -> tuple[Path, ...]:
    """Files with events that no trail has taken in yet, in the order in which it will."""
    return tuple(sorted(folder.glob("*.jsonl")))


def merge_notes(trail: Path, folder: Path) -> tuple[AuditLine, ...]:
    """Take the events of all jobs into the trail and remove their files; return the new lines.

    An event that is there already, because a former merge was killed, is not taken in again. What cannot be
    read as an event stays in its file.
    """
    lines: list[AuditLine] = []
    known = {line.event for line in read_trail(trail)} if list_notes(folder) else set()
    for path in list_notes(folder):
        with _hold_note(path) as stream:
            texts = stream.read().splitlines()
            events = [_parse(text) for text in texts]
            fresh = [event for event in events if event is not None and event not in known]
            if fresh:
                lines += append_events(trail, fresh)
            _keep(path, stream, [t for t, event in zip(texts, events, strict=True) if event is None])
    return tuple(lines)


def _parse(text: bytes) -> AuditEvent | None:
    try:
        data = json.loads(text)
        return AuditEvent(**{**data, "action": AuditAction(data["action"])})
    except (ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, stream: IO[bytes], damaged: list[bytes]) -> None:
    if damaged:
        stream.seek(0)
        stream.truncate()
        stream.writelines(text + b"\n" for text in damaged)
    else:
        path.unlink()


@contextmanager
def _hold_note(path: Path) -> Iterator[IO[bytes]]:
    """Open and hold a job's file; one that was taken in and removed meanwhile is made anew."""
    while True:
        with path.open("ab+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if os.fstat(stream.fileno()).st_nlink:
                stream.seek(0)
                yield stream
                return
