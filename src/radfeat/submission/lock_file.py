"""The hashed lock of the installation: name, version and SHA-256 of every file that may be installed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<more>[^\n]*\n(?:[ ]+--hash=\S+[^\n]*\n?)*)", re.M
)
_HASH = re.compile(r"sha256:([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True)
class Locked:
    """A locked package: its version, and SHA-256 of its files."""

    version: str
    sha256: tuple[str, ...]


def parse_lock(text: str) -> Mapping[str, Locked]:
    """The packages of a lock by canonical name."""
    return {
        canonical_name(found["name"]): Locked(found["version"], tuple(_HASH.findall(found["more"])))
        for found in _ENTRY.finditer(text)
    }


def canonical_name(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
