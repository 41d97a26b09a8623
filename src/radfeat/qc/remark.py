"""How a check of this room speaks."""

from radfeat.core.findings import Finding
from radfeat.core.vocabulary import Severity
from radfeat.qc.check_names import Check


def remark(
    check: Check,
    key: str,
    what: str,
    measured: float | None = None,
    limit: float | None = None,
    unit: str = "",
    severity: Severity = Severity.WARNING,
) -> Finding:
    """A finding; ``what`` is its sentence without the key and without the full stop."""
    stop = "" if what.endswith("?") else "."
    sentence = f"{key}: {what}{stop}" if key else f"{what}{stop}"
    number = None if measured is None else float(measured)
    return Finding(check.value, severity, key, sentence, number, limit, unit)
