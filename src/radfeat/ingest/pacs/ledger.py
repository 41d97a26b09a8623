"""The ledger of a pull: for each series how many instances were expected, how many are here, and a verdict.

``pull.csv`` names series by hashes of their UIDs; what they are hashes of stands in ``private/``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from radfeat.core.files import write_text
from radfeat.ingest.pacs.store import PullFolder
from radfeat.tables.csv_text import format_records


class Verdict(StrEnum):
    """What came of a series."""

    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"
    """The PACS gave what it has, and more was expected: ask the site."""

    ABSENT = "ABSENT"
    """The PACS has nothing that matches."""

    FAILED = "FAILED"
    """The PACS did not give all that it has: pull again."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One series, or one request that no series matches.

    Counts are of instances; None where nobody says. ``lines`` are lines of the request sheet.
    """

    series: str
    modality: str
    lines: str
    asked: int | None
    stated: int | None
    listed: int
    expected: int
    received: int
    fetched: int
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one series after it was fetched: sets of SOPInstanceUIDs, and counts.

    Parameters
    ----------
    listed, earlier
        What the PACS lists now, and what it ever listed.
    stated
        What it states as the number of instances.
    asked
        What the request sheet states.
    referred
        What structure sets and segmentations that are here refer to.
    here
        What is here, whole.
    fault
        Why something could not be fetched; empty where nothing failed.
    """

    listed: frozenset[str]
    earlier: frozenset[str]
    stated: int | None
    asked: int | None
    referred: frozenset[str]
    here: frozenset[str]
    fault: str = ""

    @property
    def wanted(self) -> frozenset[str]:
        """Every instance that someone names."""
        return self.listed | self.earlier | self.referred

    @property
    def expected(self) -> int:
        """The most that anyone expects."""
        return max(len(self.wanted), self.stated or 0, self.asked or 0)


def judge(evidence: Evidence) -> tuple[Verdict, str]:
    """Verdict on a series, and the sentence that says why."""
    here, expected = len(evidence.here), evidence.expected
    doubts = find_doubts(evidence)
    if not doubts:
        all_here = f"All {expected} instances are here." if expected > 1 else "The one instance is here."
        return Verdict.COMPLETE, " ".join([all_here, *_remark(evidence)])
    head = f"{here} of {expected} instances are here"
    if evidence.fault:
        return Verdict.FAILED, f"{head}: {evidence.fault}"
    verdict = Verdict.INCOMPLETE if evidence.here or evidence.listed else Verdict.ABSENT
    return verdict, f"{head}: {'; '.join(doubts)}."


def find_doubts(evidence: Evidence) -> list[str]:
    """Every reason to think that an instance is missing, as parts of a sentence."""
    here, listed = evidence.here, evidence.listed
    gone = evidence.earlier - listed - here
    drawn = evidence.referred - evidence.earlier - listed - here
    doubts = [
        (len(listed - here), "{} that the PACS lists did not come"),
        (len(gone), "{} that the PACS listed in an earlier pull are there no longer"),
        (len(drawn), "{} that a structure set or segmentation refers to are not in the PACS"),
    ]
    found = [text.format(count) for count, text in doubts if count]
    if evidence.expected == 0 or (evidence.fault and evidence.stated is None and not listed):
        found.append("the PACS lists none")
    if evidence.stated is not None and max(len(here), len(listed)) < evidence.stated:
        found.append(f"the PACS states {evidence.stated} and lists {len(listed)}")
    if evidence.asked is not None and len(here) < evidence.asked:
        found.append(f"the request sheet expects {evidence.asked}")
    return found


def _remark(evidence: Evidence) -> list[str]:
    remarks = []
    if evidence.asked is not None and len(evidence.here) > evidence.asked:
        remarks.append(f"The request sheet expects only {evidence.asked}.")
    if evidence.stated is not None and len(evidence.here) > evidence.stated:
        remarks.append(f"The PACS states only {evidence.stated}.")
    if evidence.here - evidence.listed:
        remarks.append(f"{len(evidence.here - evidence.listed)} of them the PACS does not list now.")
    return remarks


def write_ledger(folder: PullFolder, rows: Iterable[LedgerRow]) -> None:
    """Write ``pull.csv``, whole."""
    names = [field.name for field in fields(LedgerRow)]
    records = [{name: _cell(getattr(row, name)) for name in names} for row in rows]
    write_text(folder.ledger, format_records(names, records))


def _cell(value: object) -> str:
    return "" if value is None else str(value)
