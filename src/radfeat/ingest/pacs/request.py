"""What is asked of a PACS: one request from options, or a sheet of them, refused with all its faults.

What a cell of identity holds (patient, accession number, UIDs) is never repeated in a message: its line is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.tables.sheets import (
    CellKind,
    ForeignColumns,
    Sheet,
    SheetColumn,
    SheetFault,
    SheetSchema,
    parse_number,
    read_sheet,
)

IDENTIFIERS = ("patient_id", "study_uid", "series_uid", "accession")
"""At least one of these stands in every request."""

SHOWN = ("modality", "expected")
"""Columns whose cells messages may repeat."""

UID_PATTERN = re.compile(r"[0-9.]{1,64}")
"""Digits and points; components with leading zeros are wrong and common, so they pass."""

_MODALITY_PATTERN = re.compile(r"[A-Z][A-Z0-9_]{0,15}")
_MISSPELT = {"PET": "PT", "MRI": "MR", "RTSS": "RTSTRUCT", "RS": "RTSTRUCT", "DICOMSEG": "SEG"}
_LONGEST_TEXT = 64

REQUEST_SHEET = SheetSchema(
    "requests",
    "One row per request: what it names must all match.",
    (
        SheetColumn("patient_id", "PatientID in the PACS, whole."),
        SheetColumn("study_uid", "StudyInstanceUID."),
        SheetColumn("series_uid", "SeriesInstanceUID."),
        SheetColumn("accession", "AccessionNumber, whole."),
        SheetColumn("modality", "Modalities to fetch, blanks between them; all, where empty."),
        SheetColumn("expected", "Instances that the site's list states for this row.", kind=CellKind.NUMBER),
    ),
    (*IDENTIFIERS, "modality"),
    foreign=(
        ForeignColumns(
            r"surname|forename|name|(first|last|full|patient|subject)name|birth(day|date)?|dob|ssn|address|phone",
            "Remove it: the PACS is asked by identifiers, never by names or dates of birth",
        ),
    ),
    duplicate_remedy="Remove one of the two rows",
)


@dataclass(frozen=True, slots=True)
class Request:
    """What must match; an empty text and an empty set mean "any".

    ``expected`` is the number of instances that someone else states for it; ``line`` is the line in the
    sheet, 0 where it comes from options.
    """

    patient_id: str = ""
    study_uid: str = ""
    series_uid: str = ""
    accession: str = ""
    modalities: frozenset[str] = frozenset()
    expected: int | None = None
    line: int = 0

    @property
    def place(self) -> str:
        """Where the request stands, for messages."""
        return f"line {self.line}" if self.line else "the request"


@dataclass(frozen=True, slots=True)
class RequestFault:
    """What is wrong with one entry of a request."""

    column: str
    problem: str
    remedy: str


def read_request_sheet(path: Path) -> tuple[Request, ...]:
    """Read a sheet of requests.

    Raises
    ------
    TableError
        If the sheet has faults; the message holds every one, one to a line.
    """
    faults = check_request_sheet(path)
    if faults:
        raise TableError("\n".join(fault.sentence for fault in faults).removesuffix("."))
    return tuple(build_request(row.cells, row.line) for row in read_sheet(path, REQUEST_SHEET).rows)


def check_request_sheet(path: Path) -> list[SheetFault]:
    """Everything that is wrong with a sheet of requests, in the order of its lines, without identities."""
    sheet = read_sheet(path, REQUEST_SHEET)
    faults = [*sheet.faults, *_check_rows(sheet)]
    return sorted((_withhold(fault) for fault in dict.fromkeys(faults)), key=lambda fault: fault.line)


def check_request(cells: Mapping[str, str]) -> Iterator[RequestFault]:
    """What is wrong with the entries of one request, by the names of the sheet's columns."""
    if not any(cells.get(name) for name in IDENTIFIERS):
        yield RequestFault("", "nothing says what to fetch", f"Fill in one of {', '.join(IDENTIFIERS)}")
    for name in ("study_uid", "series_uid"):
        text = cells.get(name, "")
        if text and not UID_PATTERN.fullmatch(text):
            yield RequestFault(name, "not a UID", "Write digits and points, at most 64 in all")
    for name in ("patient_id", "accession"):
        yield from _check_text(name, cells.get(name, ""))
    for word in split_modalities(cells.get("modality", "")):
        if word.upper() in _MISSPELT or not _MODALITY_PATTERN.fullmatch(word):
            meant = _MISSPELT.get(word.upper(), "CT, PT, MR, RTSTRUCT, SEG")
            yield RequestFault("modality", "not a modality of DICOM", f"Write {meant}, in capitals")


def build_request(cells: Mapping[str, str], line: int = 0) -> Request:
    """The request of entries without faults, by the names of the sheet's columns."""
    expected = cells.get("expected", "")
    return Request(
        **{name: cells.get(name, "") for name in IDENTIFIERS},
        modalities=split_modalities(cells.get("modality", "")),
        expected=int(float(expected)) if expected else None,
        line=line,
    )


def split_modalities(text: str) -> frozenset[str]:
    """The modalities of a cell or an option: blanks, commas, semicolons, slashes or pluses between them."""
    return frozenset(word for word in re.split(r"[\s,;/+]+", text) if word)


def _check_text(name: str, text: str) -> Iterator[RequestFault]:
    if re.search(r"[*?\\]", text):
        yield RequestFault(
            name,
            "a wildcard (*, ?, \\) would fetch more than is asked for",
            "Write it whole; one row for each",
        )
    elif len(text) > _LONGEST_TEXT:
        yield RequestFault(
            name, f"longer than the {_LONGEST_TEXT} characters of DICOM", "Write it as the PACS has it"
        )


def _check_rows(sheet: Sheet) -> Iterator[SheetFault]:
    for row in sheet.rows:
        for fault in check_request(row.cells):
            value = row.cells.get(fault.column, "")
            yield SheetFault(row.file, row.line, fault.column, value, fault.problem, fault.remedy)
        number = parse_number(row, "expected")
        if isinstance(number, float) and (number < 1 or number != int(number)):
            remedy = "Write the number of instances, or leave the cell empty"
            yield SheetFault(row.file, row.line, "expected", row.cells["expected"], "not a count", remedy)


def _withhold(fault: SheetFault) -> SheetFault:
    return fault if fault.column in SHOWN else replace(fault, value="")
