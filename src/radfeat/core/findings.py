"""A finding: one check that spoke, about one key, in one sentence."""

from dataclasses import dataclass

from radfeat.core.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    ``check`` is the check's stable name (``geometry.spacing``); ``key`` a ``case_id`` or ``roi_id``;
    ``measured`` and ``limit`` are numbers in ``unit`` where the check compares numbers, else None.
    The sentence holds keys, never names or dates of birth.
    """

    check: str
    severity: Severity
    key: str
    sentence: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
