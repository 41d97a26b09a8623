"""What the checks found, by site, and which ROIs have no features."""

from collections import Counter
from dataclasses import dataclass

from radfeat.core.vocabulary import Severity, Status
from radfeat.report.inputs import Row, Rows
from radfeat.report.summaries.sites import Sites
from radfeat.report.wording import explain_reason

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.INFO)
"""From the most to the least serious."""

WHOLE_STUDY = "whole study"
"""Column of the findings that belong to no one site."""


@dataclass(frozen=True, slots=True)
class CheckCell:
    """Findings of one check at one site; ``shade``, 0 to 4, grows with their number per ROI of the site."""

    count: int
    shade: int


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check at one severity, over the sites."""

    check: str
    severity: str
    cells: tuple[CheckCell, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CheckTable:
    """Checks by site; ``rois`` stands under each column, None where the column is no site."""

    columns: tuple[str, ...]
    rois: tuple[int | None, ...]
    rows: tuple[CheckRow, ...]
    by_severity: dict[str, int]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A failed ROI or a warning, with its sentence; ``what`` is a reason in words, or a check."""

    site: str
    key: str
    what: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The first of them, and how many there are in all."""

    shown: tuple[Spoken, ...]
    total: int


def build_check_table(findings: Rows, sites: Sites) -> CheckTable:
    """Count the findings by check, severity and site."""
    columns = list(sites.labels)
    if any(row["site_id"] not in sites.label_of for row in findings):
        columns.append(WHOLE_STUDY)
    counts: Counter[tuple[str, str, str]] = Counter(
        (row["severity"], row["check"], sites.label_of.get(row["site_id"], WHOLE_STUDY)) for row in findings
    )
    kinds = {(severity, check) for severity, check, _ in counts}
    rows = [_build_row(severity, check, columns, counts, sites) for severity, check in kinds]
    order = [s.value for s in SEVERITIES]
    rows.sort(key=lambda r: (order.index(r.severity), -r.total, r.check))
    totals = Counter(row["severity"] for row in findings)
    return CheckTable(
        tuple(columns),
        tuple(sites.rois.get(column) for column in columns),
        tuple(rows),
        {severity: totals[severity] for severity in order},
    )


def list_failures(rois: Rows, limit: int) -> Listing:
    """The ROIs without features, by site and key."""
    failed = [row for row in rois if row["status"] == Status.FAILED.value]
    failed.sort(key=lambda r: (r["site_id"], r["roi_id"]))
    shown = tuple(
        Spoken(
            row["site_id"],
            row["roi_id"],
            explain_reason(row["reason"]),
            row["reason"] or "",
            _without_key(row["sentence"] or "", row["roi_id"], row["case_id"]),
        )
        for row in failed[:limit]
    )
    return Listing(shown, len(failed))


def list_warnings(findings: Rows, limit: int) -> Listing:
    """The findings of severity WARNING, by site and key."""
    warned = [row for row in findings if row["severity"] == Severity.WARNING.value]
    warned.sort(key=lambda r: (r["site_id"], r["key"], r["check"], r["ordinal"]))
    return Listing(tuple(_word_warning(row) for row in warned[:limit]), len(warned))


def _word_warning(row: Row) -> Spoken:
    sentence = _without_key(row["sentence"], row["key"])
    return Spoken(row["site_id"] or WHOLE_STUDY, row["key"], row["check"], "", sentence)


def _build_row(
    severity: str, check: str, columns: list[str], counts: Counter[tuple[str, str, str]], sites: Sites
) -> CheckRow:
    cells = []
    for column in columns:
        count = counts[(severity, check, column)]
        shade = _shade(count / sites.rois[column]) if count and column in sites.rois else 0
        cells.append(CheckCell(count, shade))
    return CheckRow(check, severity, tuple(cells), sum(cell.count for cell in cells))


def _shade(per_roi: float) -> int:
    """1 up to 5 findings per 100 ROIs, 2 up to 20, 3 up to 50, 4 above."""
    return 1 + sum(per_roi > edge for edge in (0.05, 0.2, 0.5))


def _without_key(sentence: str, *keys: str) -> str:
    """The sentence without the key it begins with: the key stands in a column of its own."""
    for key in keys:
        if sentence.startswith(f"{key}: "):
            rest = sentence.removeprefix(f"{key}: ")
            return rest[:1].upper() + rest[1:]
    return sentence
