"""Findings as rows of their table."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from radfeat.core.findings import Finding

Row = dict[str, Any]


def finding_to_row(finding: Finding, site_id: str) -> Row:
    """A row of ``findings``, still without its ordinal."""
    return {
        "key": finding.key,
        "check": finding.check,
        "site_id": site_id,
        "severity": finding.severity.value,
        "measured": finding.measured,
        "limit": finding.limit,
        "unit": finding.unit or None,
        "sentence": finding.sentence,
    }


def number_findings(findings: Sequence[Row]) -> list[Row]:
    """Number the findings within key and check, from 1, in the order of their sentences."""
    ordered = sorted(findings, key=lambda f: (f["key"], f["check"], f["sentence"]))
    numbered: list[Row] = []
    for _, group in groupby(ordered, key=lambda f: (f["key"], f["check"])):
        numbered.extend({**f, "ordinal": i} for i, f in enumerate(group, start=1))
    return numbered
