"""The audit trail as packages and signatures need it: its digest, its faults, one more event."""

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

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


def find_last_time(path: Path) -> str | None:
    """UTC time (ISO 8601) of the last event of a trail; None where there is none."""
    if not path.is_file():
        return None
    for line in reversed(path.read_bytes().split(b"\n")):
        try:
            when = json.loads(line)["when"]
        except (ValueError, KeyError, TypeError):
            continue
        return when if isinstance(when, str) else None
    return None


def check_trail(path: Path) -> tuple[str, ...]:
    """What is wrong with a trail, a sentence with its line for each thing."""
    module: Any = importlib.import_module("radfeat.core.audit_check")
    return tuple(f"line {finding.line}: {finding.sentence}" for finding in module.check_trail(path))


def can_audit() -> bool:
    """Whether this version keeps an audit trail."""
    return importlib.util.find_spec("radfeat.core.audit") is not None


def append_signature(
    path: Path, subject: str, digest: str, reason: str, actor: str, host: str, when: str
) -> None:
    """Note a signature in the audit trail."""
    module: Any = importlib.import_module("radfeat.core.audit")
    module.append_event(
        path,
        action="signature",
        subject=subject,
        digest=digest,
        reason=reason,
        actor=actor,
        host=host,
        when=when,
    )
