"""The audit trail as packages need it: its digest, its faults, when it ends."""

import json
from pathlib import Path
from typing import Any

from radfeat.core import audit, audit_check
from radfeat.core.provenance import compute_file_sha256

TRAIL = "audit.jsonl"
HEAD = "audit.head"


def describe_trail(path: Path) -> dict[str, Any] | None:
    """Number of lines, SHA-256 of the file and hash of its last line; None where there is no trail."""
    if not path.is_file():
        return None
    lines = [line for line in path.read_bytes().split(b"\n") if line]
    return {"lines": len(lines), "sha256": compute_file_sha256(path), "last_hash": _read_last(lines)}


def _read_last(lines: list[bytes]) -> str | None:
    try:
        found = json.loads(lines[-1])["hash"]
    except (IndexError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def find_end(path: Path) -> str | None:
    """UTC time (ISO 8601) at which the last run ended, by a trail; None where it does not say."""
    ended = [line for line in audit.read_trail(path) if line.event.action is audit.AuditAction.RUN_ENDED]
    return ended[-1].event.when if ended else None


def check_trail(path: Path) -> tuple[str, ...]:
    """What is wrong with a trail, a sentence with its line for each thing."""
    return tuple(
        f"{path.name}, line {finding.line}: {finding.fault}. {finding.sentence.removesuffix('.')}"
        for finding in audit_check.check_trail(path)
    )
