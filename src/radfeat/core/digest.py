"""Digests of settings and of other plain values."""

import hashlib
import json
from typing import Any


def compute_json_digest(value: Any) -> str:
    """SHA-256 (hexadecimal) of a JSON value in canonical form (sorted keys, no blanks, UTF-8).

    Floats enter as their shortest decimal text; NaN and infinities are refused with ValueError.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def derive_seed(master_seed: int, *names: str) -> int:
    """A 32-bit seed derived from one master seed and the names of a task, never from job order."""
    text = json.dumps([master_seed, *names], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
