"""The secret key, and what is derived from it: UIDs, days and names that any process derives alike."""

import hashlib
import hmac
import os
import secrets
import stat
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.config import IGNORE
from pydicom.uid import UID

from radfeat.core.errors import SettingsError
from radfeat.ingest.dicom.mask_classes import SEGMENTATIONS
from radfeat.ingest.identity import pseudonym

KEY_BYTES = 32
"""Least length of a key."""

LONGEST_SHIFT_DAYS = 3650
REGISTERED = "1.2.840.10008."
"""Root of the UIDs that the standard registers (classes, transfer syntaxes); others stand below it, too."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, and the values that depend on it and on nothing else."""

    key: bytes = field(repr=False)

    def derive_uid(self, uid: str) -> str:
        """The UID in place of another: ``2.25.`` and a UUID made of an HMAC; registered UIDs stay.

        Reference: DICOM PS3.5 B.2.
        """
        plain = uid.strip(" \0")
        if not plain or _is_registered(plain):
            return plain
        return f"2.25.{uuid.UUID(bytes=self._hash('uid', plain)[:16], version=4).int}"

    def derive_shift_days(self, subject_id: str) -> int:
        """By how many whole days the dates of a subject go back, 1 to 3650."""
        return 1 + int.from_bytes(self._hash("days", subject_id)[:8], "big") % LONGEST_SHIFT_DAYS

    def derive_subject(self, patient_id: str) -> str:
        """The name of a subject; the issuer of the identifier does not enter, since many files lack it."""
        return pseudonym(self.key, "", patient_id)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without giving them away: 16 hexadecimal digits."""
        return self._hash("fingerprint", "").hex()[:16]

    def _hash(self, purpose: str, text: str) -> bytes:
        return hmac.new(self.key, f"{purpose}\x1f{text}".encode(), hashlib.sha256).digest()


def _is_registered(uid: str) -> bool:
    """Whether the standard has a UID, so that it names nobody."""
    return uid.startswith(REGISTERED) and (UID(uid, IGNORE).name != uid or uid in SEGMENTATIONS)


def read_secret(path: Path) -> Secret:
    """Read a key file.

    Raises
    ------
    SettingsError
        If there is none, if others may read it, or if it is too short.
    """
    if not path.is_file():
        raise SettingsError(
            "there is no such key file",
            key=str(path),
            remedy="Name the key that earlier visits were de-identified with; for the first, add --new-key",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise SettingsError(
            "others may read the key file",
            key=str(path),
            measured=f"mode {mode:04o}",
            allowed="0600",
            remedy="Take their rights away: chmod 600",
        )
    key = path.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    if len(key) < KEY_BYTES:
        raise SettingsError(
            "the key is too short",
            key=str(path),
            measured=f"{len(key)} bytes",
            allowed=f"{KEY_BYTES} or more",
            remedy="Make one with --new-key",
        )
    return Secret(key)


def write_new_secret(path: Path) -> None:
    """Write a key file of 32 random bytes, in hexadecimal, that only its owner can read.

    Raises
    ------
    SettingsError
        If there is a file of that name: a key is never replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(
            "there is a key file already", key=str(path), remedy="Leave out --new-key to use it"
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(KEY_BYTES) + "\n")
