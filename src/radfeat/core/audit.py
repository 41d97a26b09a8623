"""The audit trail: who did what when, one line an event, each line vouching for the line before.

A line is JSON in one spelling. It holds its number, the event, the hash of the line before, and its own hash.
The last line has none after it: the head, a small file beside the trail, keeps its number and hash. Nobody
who can write both files is kept from writing both anew; what helps against that is a hash kept elsewhere
(``docs/audit.md``).
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from radfeat.core.digest import compute_json_digest
from radfeat.core.files import write_text

START = "0" * 64
"""What stands for the hash of the line before the first."""


class AuditAction(StrEnum):
    """What happened."""

    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"
    SETTINGS_LOCKED = "settings_locked"
    INPUT_ADDED = "input_added"
    INPUT_REPLACED = "input_replaced"
    INPUT_REMOVED = "input_removed"
    INPUTS_LOCKED = "inputs_locked"
    INPUTS_UNLOCKED = "inputs_unlocked"
    QC_DECISION = "qc_decision"
    EXCLUSION = "exclusion"
    """A person excluded an ROI; the reason is theirs."""
    EXCLUSION_LIFTED = "exclusion_lifted"
    GATE_OVERRIDDEN = "gate_overridden"
    ARMS_READ = "arms_read"
    SIGNATURE = "signature"
    HEAD_LOST = "head_lost"
    """The head was missing when the next line was written: lines before this one may have been cut off."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event: what was done, to what, by whom, where and when.

    ``subject`` names the object by its key and never a person of the trial; ``digest`` is its SHA-256, empty
    where it has none; ``reason`` is a sentence; ``when`` is UTC in ISO 8601, from the machine's clock.
    """

    action: AuditAction
    subject: str
    digest: str
    reason: str
    actor: str
    host: str
    when: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An event in its place: ``line`` from 1, ``before`` the hash of the line before, ``hash`` its own."""

    line: int
    event: AuditEvent
    before: str
    hash: str

    @property
    def text(self) -> str:
        """The line as it is written, without its end."""
        return _spell({**_describe(self.line, self.event, self.before), "hash": self.hash})


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines were written, and the hash of the last.

    ``pending`` is text that was about to be appended at the byte ``size``; empty but while that is done.
    """

    lines: int
    hash: str
    size: int = 0
    pending: str = ""


EMPTY = Head(0, START)


def append_event(
    path: Path,
    *,
    action: AuditAction | str,
    subject: str,
    digest: str = "",
    reason: str = "",
    actor: str,
    host: str,
    when: str,
) -> AuditLine:
    """Append one event to a trail and return its line; see ``append_events``."""
    event = AuditEvent(AuditAction(action), subject, digest, reason, actor, host, when)
    return append_events(path, [event])[-1]


def append_events(path: Path, events: Sequence[AuditEvent]) -> tuple[AuditLine, ...]:
    """Append events to a trail, under a lock: of writers at the same time none loses a line.

    A trail that was tampered with is neither refused nor mended: new lines follow the head, so that the break
    stays where it is. What a killed writer left half written is completed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as stream, _held(stream, fcntl.LOCK_EX):
        head = read_head(path)
        _complete(stream, head)
        size = stream.seek(0, os.SEEK_END)
        if head is None and size:
            head, events = _find_last(stream), [_note_lost_head(events), *events]
        lines = tuple(chain_events(events, head or EMPTY))
        start = "" if size == 0 or _ends_a_line(stream) else "\n"
        text = start + "".join(f"{line.text}\n" for line in lines)
        last = lines[-1]
        _write_head(path, Head(last.line, last.hash, size, text))
        _write(stream, text)
        _write_head(path, Head(last.line, last.hash))
    return lines


def chain_events(events: Iterable[AuditEvent], head: Head) -> Iterator[AuditLine]:
    """Give events their places behind a head."""
    number, before = head.lines, head.hash
    for event in events:
        number += 1
        digest = compute_json_digest(_describe(number, event, before))
        yield AuditLine(number, event, before, digest)
        before = digest


def read_trail(path: Path) -> tuple[AuditLine, ...]:
    """The lines of a trail that are whole, in their order; none where there is no trail. Judges nothing."""
    return tuple(line for line in map(parse_line, read_raw(path)[0]) if line is not None)


def read_raw(path: Path) -> tuple[list[bytes], Head | None]:
    """The lines of a trail as they lie there and its head, as of one moment.

    Where a writer was killed, what it was about to append is among the lines.
    """
    if not path.is_file():
        return [], read_head(path)
    with path.open("rb") as stream, _held(stream, fcntl.LOCK_SH):
        head, content = read_head(path), stream.read()
    if head is not None:
        content += _list_missing(content[head.size :], head)
    return content.removesuffix(b"\n").split(b"\n") if content else [], head


def parse_line(raw: bytes) -> AuditLine | None:
    """A line that is as it was written; None for any other, be it by one blank."""
    try:
        data = json.loads(raw)
        event = AuditEvent(AuditAction(data["action"]), *(data[name] for name in _EVENT_FIELDS[1:]))
        line = AuditLine(data["line"], event, data["before"], data["hash"])
        digest = compute_json_digest(_describe(line.line, event, line.before))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = isinstance(line.line, int) and line.hash == digest and line.text.encode() == raw
    return line if is_whole else None


def locate_head(path: Path) -> Path:
    """Where the head of a trail lies: ``audit.head`` beside ``audit.jsonl``."""
    return path.with_suffix(".head")


def read_head(path: Path) -> Head | None:
    """The head of a trail; None where there is none, or only a damaged one."""
    try:
        head = Head(**json.loads(locate_head(path).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    kinds = (head.lines, int), (head.hash, str), (head.size, int), (head.pending, str)
    return head if all(isinstance(value, kind) for value, kind in kinds) else None


_EVENT_FIELDS = tuple(AuditEvent.__dataclass_fields__)


def _describe(number: int, event: AuditEvent, before: str) -> dict[str, Any]:
    return {"line": number, **asdict(event), "before": before}


def _spell(value: Mapping[str, Any]) -> str:
    """One spelling: ASCII, no blanks, fields in a fixed order."""
    return json.dumps(value, separators=(",", ":"))


@contextmanager
def _held(stream: IO[bytes], how: int) -> Iterator[None]:
    """Hold a trail; whoever comes meanwhile waits."""
    fcntl.flock(stream, how)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)


def _write_head(path: Path, head: Head) -> None:
    write_text(locate_head(path), _spell(asdict(head)) + "\n")


def _write(stream: IO[bytes], text: str) -> None:
    stream.write(text.encode())
    stream.flush()
    os.fsync(stream.fileno())


def _complete(stream: IO[bytes], head: Head | None) -> None:
    """Append what a killed writer did not get to append."""
    if head is not None and head.pending:
        stream.seek(min(head.size, stream.seek(0, os.SEEK_END)))
        _write(stream, _list_missing(stream.read(), head).decode())


def _list_missing(tail: bytes, head: Head) -> bytes:
    """The rest of what was to be appended, where the trail's end is the beginning of it."""
    pending = head.pending.encode()
    return pending[len(tail) :] if pending.startswith(tail) else b""


def _ends_a_line(stream: IO[bytes]) -> bool:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


def _find_last(stream: IO[bytes]) -> Head:
    """What the trail itself says of its end, where no head does."""
    stream.seek(0)
    whole = [line for line in map(parse_line, stream.read().split(b"\n")) if line is not None]
    return Head(whole[-1].line, whole[-1].hash) if whole else EMPTY


def _note_lost_head(events: Sequence[AuditEvent]) -> AuditEvent:
    first = events[0]
    reason = "The head of the trail was missing: lines before this one may have been cut off."
    return AuditEvent(AuditAction.HEAD_LOST, "audit trail", "", reason, first.actor, first.host, first.when)
