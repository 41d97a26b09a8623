"""From the bytes of a CSV sheet to its records, with physical line numbers.

Spreadsheet programs write many dialects: this reads UTF-8 with or without a byte order mark, commas,
semicolons or tabs, any line end, quoted cells with line breaks. What cannot be read for certain is a flaw.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t")
_SAVE_AS_UTF8 = "Save the sheet again as 'CSV UTF-8'"
_SEPARATOR_LINE = re.compile(r"^sep=([,;|\t])\r?\n?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the text of a sheet; ``line`` counts from 1, and 0 means the whole file."""

    line: int
    value: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record as they stand in the file; ``line`` is the physical line it starts on."""

    line: int
    cells: tuple[str, ...]


def decode_sheet(data: bytes) -> tuple[str, tuple[Flaw, ...]]:
    """Text of a sheet, and the flaws of its encoding.

    Where there are flaws the text is a guess that lets the other checks go on, never to be used as data.
    """
    if data.startswith(b"PK\x03\x04"):
        return "", (Flaw(0, "", "this is a spreadsheet workbook (XLSX), not CSV", _SAVE_AS_UTF8),)
    wide = _utf16_codec(data)
    if wide:
        return data.decode(wide, errors="replace").lstrip("\ufeff"), (
            Flaw(0, "", "the text is UTF-16, not UTF-8", _SAVE_AS_UTF8),
        )
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        plain = data.removeprefix(b"\xef\xbb\xbf")
        return plain.decode("cp1252", errors="replace"), (_not_utf8(data),)


def _utf16_codec(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:64]
    if b"\x00" not in head:
        return ""
    return "utf-16-le" if head[1:2] == b"\x00" else "utf-16-be" if head[:1] == b"\x00" else ""


def _not_utf8(data: bytes) -> Flaw:
    bad = [number for number, line in enumerate(data.splitlines(), start=1) if not _is_utf8(line)]
    others = f" (nor are {len(bad) - 1} others)" if len(bad) > 1 else ""
    problem = f"the line is not UTF-8{others}; it looks like Latin-1 or Windows-1252"
    return Flaw(bad[0], "", problem, _SAVE_AS_UTF8)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def split_records(text: str, known: Sequence[str]) -> tuple[tuple[Record, ...], tuple[Flaw, ...], str]:
    """Records of a sheet that hold anything, the flaws of its quoting, and its delimiter.

    ``known`` are the expected column names: the delimiter is the one that finds most of them in the header.
    """
    lines = io.StringIO(text, newline="").readlines()
    first = _SEPARATOR_LINE.match(lines[0]) if lines else None
    skipped = 1 if first else 0
    body = lines[skipped:]
    delimiter = first.group(1) if first else _detect_delimiter(body, known)
    records: list[Record] = []
    flaws: list[Flaw] = []
    for item in _parse(body, delimiter, skipped):
        if isinstance(item, Flaw):
            flaws.append(item)
        elif any(cell.strip() for cell in item.cells):
            records.append(item)
    return tuple(records), tuple(flaws), delimiter


def _detect_delimiter(lines: Sequence[str], known: Sequence[str]) -> str:
    header = next((line for line in lines if line.strip()), "")
    names = {name.casefold() for name in known}

    def rank(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return len(names.intersection(cell.strip().casefold() for cell in cells)), len(cells)

    return max(DELIMITERS, key=rank)


def _parse(lines: Sequence[str], delimiter: str, skipped: int) -> Iterator[Record | Flaw]:
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Flaw(
                line,
                "",
                "a quotation mark is not closed, or stands inside a cell",
                'Write a quotation mark inside a quoted cell twice ("")',
            )
        else:
            yield Record(line, tuple(cells))
