"""A finding: one check that spoke, about one key, in one sentence."""

from dataclasses import dataclass
from enum import StrEnum

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


def remark(
    check: StrEnum,
    key: str,
    what: str,
    measured: float | None = None,
    limit: float | None = None,
    unit: str = "",
    severity: Severity = Severity.WARNING,
) -> Finding:
    """A finding, from a member of a room's vocabulary of checks.

    ``what`` is its sentence without the key and without the full stop; a question keeps its mark.
    """
    stop = "" if what.endswith("?") else "."
    sentence = f"{key}: {what}{stop}" if key else f"{what}{stop}"
    number = None if measured is None else float(measured)
    return Finding(check.value, severity, key, sentence, number, limit, unit)
