"""One run at a time in a results folder: who holds it, whether the holder still lives, and how it is let go.

The lock is a file that only one process can make. It names the host, the process, and that process's start,
so that a number which another process has meanwhile is not taken for the holder. The holder renews the file's
time while it lives: on another host that is the only sign of life there is.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.core.files import create_own_text, hold_file, write_own_text
from radfeat.pipeline.folders import ResultsFolder

RENEW_SECONDS = 30.0
"""How often the holder gives a sign of life."""

SILENT_SECONDS = 300.0
"""A holder on another host that gave none for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process: host, number, start (in the clock ticks of its host, 0: not known), and since when it runs.

    ``group`` is the process group of the workflow that it started, 0 before.
    """

    host: str
    process: int
    start: int
    since: float
    group: int = 0

    @property
    def is_here(self) -> bool:
        """Whether it ran on this host."""
        return self.host == socket.gethostname()

    @property
    def name(self) -> str:
        """The holder in words."""
        since = time.strftime("%d %b %H:%M", time.localtime(self.since))
        return f"process {self.process} on {self.host}, since {since}"


@dataclass(slots=True)
class Hold:
    """A results folder in the hands of this process; ``dead`` is the holder that it was taken from."""

    path: Path
    holder: Holder
    dead: Holder | None = None

    def name_group(self, group: int) -> None:
        """Note the process group of the workflow, which may outlive this process."""
        self.holder = replace(self.holder, group=group)
        write_own_text(self.path, json.dumps(asdict(self.holder)))


@contextmanager
def hold_results(folder: ResultsFolder) -> Iterator[Hold]:
    """Hold a results folder; a lock that a dead run left on this host is taken over.

    Raises
    ------
    SettingsError
        If another run holds it, or may: one on another host that gave no sign of life for long is named so.
    """
    hold = _take(folder.run_lock)
    stop = threading.Event()
    renewing = threading.Thread(target=_renew, args=(folder.run_lock, stop), daemon=True)
    renewing.start()
    try:
        yield hold
    finally:
        stop.set()
        renewing.join()
        folder.run_lock.unlink(missing_ok=True)


def _take(path: Path) -> Hold:
    """Make the lock, or take it from a dead run, or say who has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = _describe_self()
    text = json.dumps(asdict(own))
    try:
        create_own_text(path, text)
    except FileExistsError:
        # Two that find one dead holder at the same time: the second waits here, and finds the first alive.
        with hold_file(path.with_name(f"{path.name}.taking"), "run"):
            dead = require_free(path)
            write_own_text(path, text)
        return Hold(path, own, dead)
    return Hold(path, own)


def read_holder(path: Path) -> Holder | None:
    """Who made a lock; None where there is none, or only a damaged one."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def require_free(path: Path) -> Holder | None:
    """Refuse where a run is, or may be, at work; give the holder that died on this host, if there is one.

    Raises
    ------
    SettingsError
        If the holder lives, its workflow lives, or it is on another host.
    """
    holder = read_holder(path)
    if holder is None:
        return None
    if holder.is_here:
        _require_dead(holder, path)
        return holder
    silent = _require_silent(holder, path)
    raise SettingsError(
        "a run on another host holds this results folder, and gave no sign of life for "
        f"{silent / 60:.0f} minutes",
        key=str(path.parent),
        measured=holder.name,
        remedy="If it is dead, and none of its jobs is at work, release the lock with `radfeat run --unlock`",
    )


def _require_silent(holder: Holder, path: Path) -> float:
    """For how long (s) a holder on another host gave no sign of life; refuse where it is not long."""
    silent = _read_now(path) - path.stat().st_mtime
    if silent < SILENT_SECONDS:
        raise SettingsError(
            "another run is at work in this results folder",
            key=str(path.parent),
            measured=f"{holder.name}, sign of life {max(silent, 0):.0f} s ago",
            remedy=f"Wait for it, or stop it there; if it is dead, wait {SILENT_SECONDS / 60:.0f} minutes",
        )
    return silent


def _require_dead(holder: Holder, path: Path) -> None:
    if _lives(holder.process, holder.start):
        raise SettingsError(
            "another run is at work in this results folder",
            key=str(path.parent),
            measured=holder.name,
            remedy="Wait for it, or stop it with Ctrl-C in its terminal",
        )
    left = _list_group(holder.group)
    if left:
        raise SettingsError(
            "a run was killed, and jobs of it are still at work in this results folder",
            key=str(path.parent),
            measured=f"{len(left)} processes of group {holder.group} on {holder.host}",
            remedy=f"Wait for them, or end them with `kill -- -{holder.group}`",
        )


def release(path: Path) -> Holder | None:
    """Remove the lock of a dead run, and say whose it was; None where there is none.

    Raises
    ------
    SettingsError
        If the holder, or its workflow, lives on this host, or gave a sign of life on another not long ago.
    """
    holder = read_holder(path)
    if holder is not None and holder.is_here:
        _require_dead(holder, path)
    elif holder is not None:
        _require_silent(holder, path)
    path.unlink(missing_ok=True)
    return holder


def _describe_self() -> Holder:
    number = os.getpid()
    return Holder(socket.gethostname(), number, _read_start(number), time.time())


def _lives(process: int, start: int) -> bool:
    """Whether a process lives and is the one that started then."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return start == 0 or _read_start(process) in (start, 0)


def _read_start(process: int) -> int:
    """Start of a process in clock ticks since its host started; 0 where that is not to be had."""
    fields = _read_stat(process)
    return int(fields[19]) if fields else 0


def _list_group(group: int) -> list[int]:
    """Processes of a group that are at work here."""
    if group == 0:
        return []
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _read_stat(int(folder.name))
        if fields and int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(folder.name))
    return found


def _read_stat(process: int) -> list[str]:
    """Fields of /proc/N/stat from the state on; none where there is no such process, or no /proc."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _read_now(path: Path) -> float:
    """The time by the clock of the file system that the lock lies on."""
    probe = path.with_name(f"{path.name}.clock")
    probe.touch()
    now = probe.stat().st_mtime
    probe.unlink(missing_ok=True)
    return now


def _renew(path: Path, stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        try:
            os.utime(path)
        except FileNotFoundError:
            return
