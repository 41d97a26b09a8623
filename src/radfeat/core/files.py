"""Files appear whole or not at all."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from radfeat.core.errors import SettingsError

_TEMPORARY = re.compile(r"\.[0-9a-f]{12}\.tmp.*")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write(temporary path)`` beside ``path``, flush to disk, and rename into place.

    The temporary name keeps the suffix of ``path`` (some writers choose their format by it). If
    ``write`` raises, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _name_temporary(path)
    try:
        write(temporary)
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write(temporary folder)`` beside ``path``, flush its files to disk, and rename into place.

    What lies at ``path`` goes only when the new folder is whole; between the two there is nothing, never a
    part. If ``write`` raises, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, former = _name_temporary(path), _name_temporary(path)
    try:
        temporary.mkdir()
        write(temporary)
        for file in temporary.rglob("*"):
            if file.is_file():
                _flush(file)
        if path.exists() or path.is_symlink():
            path.replace(former)
        temporary.replace(path)
    finally:
        for leftover in (temporary, former):
            _remove(leftover)


def _name_temporary(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(6)}.tmp{''.join(path.suffixes)}")


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def write_own_text(path: Path, text: str) -> None:
    """Write text as ``write_text`` does, readable by its owner alone (mode 0600)."""
    write_atomically(path, lambda temporary: create_own_text(temporary, text))


def create_own_text(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; not atomic: for folders that are not in place yet."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


def is_temporary(path: Path) -> bool:
    """Whether a file is one that ``write_atomically`` was killed over, by its name."""
    return _TEMPORARY.fullmatch(path.name) is not None


def remove_temporaries_below(folder: Path) -> None:
    """Remove what ``write_atomically`` left in a folder, and all below it, when it was killed."""
    for path in list(folder.rglob(".*.tmp*")):
        if is_temporary(path):
            _remove(path)


def remove_temporaries(folder: Path) -> None:
    """Remove from one folder what a writer of this module left in it when it was killed, and nothing else."""
    for path in folder.glob(".*.tmp*"):
        if is_temporary(path):
            _remove(path)


@contextmanager
def hold_file(lock: Path, what: str) -> Iterator[None]:
    """Hold a file against others who would do ``what`` at the same time.

    Raises
    ------
    SettingsError
        If it is held.
    """
    with lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another {what} is at work in this folder",
                key=str(lock.parent.parent),
                remedy="Wait for it, or name another folder",
            ) from None
        yield


def write_text_if_changed(path: Path, text: str) -> bool:
    """Write text only where the file does not hold it already; say whether it was written."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_text(path, text)
    return True


def write_own_text_if_changed(path: Path, text: str) -> bool:
    """The same, readable by its owner alone."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_own_text(path, text)
    return True
