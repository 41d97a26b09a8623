"""Reading CSV sheets: every fault at once, each with file, line, column, value and remedy.

Blanks around a cell are dropped. Text is brought to Unicode normal form C, so that the same name typed on
two machines is one key; paths are left as they are. An empty cell is a missing value; nothing else is.
"""

import difflib
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from radfeat.tables.sheet_text import Flaw, Record, decode_sheet, split_records

NUMBER_PATTERN = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""A decimal number as a sheet may hold it: a point, no thousands separators, no unit."""

FLAGS = {"0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}
"""Texts that mean no and yes, whatever their case."""

_INVISIBLE = "\ufeff\u200b\u200e\u200f"
_NUMBER = re.compile(NUMBER_PATTERN)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MISSING_WORDS = {"na", "n/a", "nan", "null", "none", ".", "-", "?", "#n/a", "missing", "unknown"}


class CellKind(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    NUMBER = "number"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of a sheet.

    ``required`` means that the column exists and no cell of it is empty; ``values`` lists the allowed texts,
    if closed; ``remedy`` says what to do about an illegal or empty cell, as a sentence without full stop.
    """

    name: str
    description: str
    required: bool = False
    kind: CellKind = CellKind.TEXT
    values: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ForeignColumns:
    """Columns that people put into a sheet although they belong elsewhere.

    ``words`` is a pattern for one word of the column's name, or for the name without its punctuation.
    """

    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SheetSchema:
    """One sheet: rows are unique by ``key``; other columns are faults unless ``extra_columns``."""

    name: str
    description: str
    columns: tuple[SheetColumn, ...]
    key: tuple[str, ...]
    extra_columns: bool = False
    foreign: tuple[ForeignColumns, ...] = ()
    duplicate_remedy: str = "Remove one of the two rows"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns that the schema knows, in order."""
        return tuple(c.name for c in self.columns)


@dataclass(frozen=True, slots=True)
class SheetFault:
    """One thing wrong with a sheet; ``line`` counts from 1 and 0 means the file as a whole."""

    file: str
    line: int
    column: str
    value: str
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """File, line, column, problem, value and remedy in one line of printable characters."""
        place = [self.file]
        place += [f"line {self.line}"] if self.line else []
        place += [f"column {self.column}"] if self.column else []
        found = f" (found {_quote(self.value)})" if self.value else ""
        remedy = f" {self.remedy}." if self.remedy else ""
        return _escape(f"{', '.join(place)}: {self.problem}{found}.{remedy}")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its physical line in the file, and its cells by column; absent columns read as empty."""

    line: int
    cells: Mapping[str, str]
    file: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet holds; ``rows`` are data only where there are no ``faults``."""

    rows: tuple[SheetRow, ...]
    faults: tuple[SheetFault, ...]
    columns: tuple[str, ...] = ()


def read_sheet(path: Path, schema: SheetSchema) -> Sheet:
    """Read a sheet and find everything that is wrong with it; never raises for what the sheet holds."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Sheet((), (_unreadable(path, error),))
    text, flaws = decode_sheet(data)
    records, more_flaws, delimiter = split_records(text, schema.column_names)
    faults = [_from_flaw(path.name, flaw) for flaw in (*flaws, *more_flaws)]
    if not records:
        return Sheet((), tuple(faults) or (_empty(path.name, schema),))
    header, *body = records
    names = _header_names(header, body)
    faults += _check_header(path.name, header.line, names, schema)
    faults += _check_width(path.name, header, body, delimiter)
    whole = [record for record in body if len(record.cells) == len(header.cells)]
    kinds = {c.name: c.kind for c in schema.columns}
    rows = tuple(_build_row(path.name, names, record, kinds) for record in whole)
    if not body:
        faults.append(
            SheetFault(path.name, header.line, "", "", "there is a header but no row", "Add the rows")
        )
    faults += _check_rows(path.name, rows, names, schema)
    return Sheet(rows, tuple(sorted(faults, key=lambda f: f.line)), tuple(n for n in names if n))


def parse_number(row: SheetRow, column: str) -> float | SheetFault | None:
    """The number in a cell, None where the cell is empty, or the fault."""
    text = row.cells.get(column, "")
    if not text:
        return None
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return SheetFault(row.file, row.line, column, text, "not a number", _number_remedy(text))


def parse_flag(row: SheetRow, column: str) -> bool | SheetFault | None:
    """The yes or no in a cell (1/0, yes/no, true/false), None where the cell is empty, or the fault."""
    text = row.cells.get(column, "")
    if not text:
        return None
    flag = FLAGS.get(text.casefold())
    if flag is not None:
        return flag
    remedy = "Leave the cell empty if the value is missing" if _is_missing_word(text) else "Write 1 or 0"
    return SheetFault(row.file, row.line, column, text, "neither yes nor no", remedy)


def _number_remedy(text: str) -> str:
    if _is_missing_word(text):
        return "Leave the cell empty if the value is missing"
    if "," in text and _NUMBER.fullmatch(text.replace(",", ".", 1)):
        return "Write a decimal point, not a comma, and no thousands separators"
    return "Write digits with a decimal point, without a unit"


def _is_missing_word(text: str) -> bool:
    return text.casefold() in _MISSING_WORDS


def _quote(value: str) -> str:
    return f"'{value if len(value) <= 80 else value[:77] + '...'}'"


def _escape(text: str) -> str:
    """What cannot be seen, or would steer a terminal, as its escape sequence."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _unreadable(path: Path, error: OSError) -> SheetFault:
    absent = isinstance(error, FileNotFoundError)
    problem = f"there is no file {path}" if absent else f"cannot be read: {error.strerror}"
    return SheetFault(path.name, 0, "", "", problem, "Check the path of the sheet")


def _empty(file: str, schema: SheetSchema) -> SheetFault:
    remedy = f"Write a header with the columns {', '.join(_required(schema))}, and the rows under it"
    return SheetFault(file, 0, "", "", "the file is empty", remedy)


def _from_flaw(file: str, flaw: Flaw) -> SheetFault:
    return SheetFault(file, flaw.line, "", flaw.value, flaw.problem, flaw.remedy)


def _required(schema: SheetSchema) -> tuple[str, ...]:
    return tuple(c.name for c in schema.columns if c.required)


def _header_names(header: Record, body: Sequence[Record]) -> tuple[str, ...]:
    """Names of the columns; trailing columns without a name and without a cell are not columns."""
    names = [_clean(cell, CellKind.TEXT) for cell in header.cells]
    while names and not names[-1] and not _is_used(len(names) - 1, body):
        names.pop()
    return tuple(names)


def _is_used(position: int, body: Sequence[Record]) -> bool:
    return any(len(record.cells) > position and record.cells[position].strip() for record in body)


def _clean(cell: str, kind: CellKind) -> str:
    text = cell.strip()
    if text.isascii():
        return text
    text = text.strip(_INVISIBLE).strip()
    return text if kind is CellKind.PATH else unicodedata.normalize("NFC", text)


def _build_row(file: str, names: Sequence[str], record: Record, kinds: Mapping[str, CellKind]) -> SheetRow:
    cells = dict.fromkeys(kinds, "")
    for name, cell in zip(names, record.cells, strict=False):
        if name:
            cells[name] = _clean(cell, kinds.get(name, CellKind.TEXT))
    return SheetRow(record.line, cells, file)


def _check_header(file: str, line: int, names: Sequence[str], schema: SheetSchema) -> Iterator[SheetFault]:
    missing = [name for name in _required(schema) if name not in names]
    for name in missing:
        twin = _nearest(name, [n for n in names if n not in schema.column_names])
        remedy = f"Rename the column '{twin}' to '{name}'" if twin else f"Add the column '{name}'"
        yield SheetFault(file, line, name, "", "the column is missing", remedy)
    for position, name in enumerate(names, start=1):
        if not name:
            yield SheetFault(
                file, line, f"number {position}", "", "the column has no name", "Name or remove it"
            )
        elif name in names[: position - 1]:
            yield SheetFault(
                file, line, name, "", "the column stands twice in the header", "Remove one of the two"
            )
        elif name not in schema.column_names and not schema.extra_columns:
            remedy = _foreign_remedy(name, names, schema)
            yield SheetFault(file, line, name, "", "the column is not one of this sheet's", remedy)


def _foreign_remedy(name: str, names: Sequence[str], schema: SheetSchema) -> str:
    twin = _nearest(name, [n for n in schema.column_names if n not in names])
    if twin:
        return f"Rename it to '{twin}' if that is meant"
    words = [*re.split(r"[\W_\d]+", name.casefold()), _squash(name)]
    for foreign in schema.foreign:
        if any(re.fullmatch(foreign.words, word) for word in words):
            return foreign.remedy
    return f"Remove it; the columns are {', '.join(schema.column_names)}"


def _nearest(name: str, candidates: Sequence[str]) -> str:
    plain = {_squash(c): c for c in candidates}
    close = difflib.get_close_matches(_squash(name), list(plain), n=1, cutoff=0.8)
    return plain[close[0]] if close else ""


def _squash(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _check_width(file: str, header: Record, body: Sequence[Record], delimiter: str) -> Iterator[SheetFault]:
    sign = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(delimiter, "delimiters")
    width = len(header.cells)
    for record in body:
        if len(record.cells) != width:
            few = len(record.cells) < width
            remedy = (
                f"Keep the {sign} of empty cells"
                if few
                else f"Put cells that hold {sign} into quotation marks"
            )
            problem = f"the row has {len(record.cells)} cells, the header {width}"
            yield SheetFault(file, record.line, "", "", problem, remedy)


def _check_rows(
    file: str, rows: Sequence[SheetRow], names: Sequence[str], schema: SheetSchema
) -> Iterator[SheetFault]:
    present = [column for column in schema.columns if column.name in names]
    asked = [
        column for column in present if column.required or column.values or column.kind is CellKind.NUMBER
    ]
    for row in rows:
        for column in asked:
            if not _is_plain(row.cells[column.name], column):
                yield from _check_cell(row, column)
        suspect = _CONTROL.search("".join(row.cells.values()))
        for name, text in row.cells.items() if suspect else ():
            if _CONTROL.search(text):
                problem = "the cell holds a control character"
                yield SheetFault(file, row.line, name, text, problem, "Type the cell again")
    if all(name in names for name in schema.key if name in _required(schema)):
        yield from _check_unique(file, rows, schema)


def _is_plain(text: str, column: SheetColumn) -> bool:
    """Whether a cell is beyond doubt, without a closer look."""
    if not text:
        return not column.required
    return text in column.values if column.values else column.kind is not CellKind.NUMBER


def _check_cell(row: SheetRow, column: SheetColumn) -> Iterator[SheetFault]:
    text = row.cells[column.name]
    if not text:
        if column.required:
            remedy = column.remedy or "Fill it in"
            yield SheetFault(row.file, row.line, column.name, "", "the cell is empty", remedy)
    elif column.values and text not in column.values:
        remedy = column.remedy or f"Write one of {', '.join(column.values)}"
        yield SheetFault(row.file, row.line, column.name, text, "not an allowed value", remedy)
    elif column.kind is CellKind.NUMBER:
        number = parse_number(row, column.name)
        if isinstance(number, SheetFault):
            yield number


def _check_unique(file: str, rows: Sequence[SheetRow], schema: SheetSchema) -> Iterator[SheetFault]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple([row.cells[name] for name in schema.key])
        line = first.setdefault(key, row.line)
        if line != row.line and all(row.cells[name] for name in schema.key if name in _required(schema)):
            problem = f"the row repeats the key of line {line}"
            value = " / ".join(part for part in key if part)
            yield SheetFault(file, row.line, ", ".join(schema.key), value, problem, schema.duplicate_remedy)
