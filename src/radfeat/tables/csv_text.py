"""Comma-separated files that radfeat writes for people, and reads again where it wrote them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from radfeat.core.errors import TableError


def format_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows of cells, in the order of the columns, as text with a header and Unix line ends."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def format_records(columns: Sequence[str], records: Iterable[Mapping[str, str]]) -> str:
    """Records by column as text with a header and Unix line ends; a cell that a record lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def read_records(path: Path, columns: Sequence[str], *, key: str, remedy: str) -> list[dict[str, str]]:
    """The records of a file that an earlier run wrote; none where there is no such file.

    Raises
    ------
    TableError
        If it has other columns, or rows of another length; ``key`` names it, and nothing of it is quoted.
    """
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            reader = csv.DictReader(stream)
            records = list(reader)
        except (csv.Error, UnicodeDecodeError):
            raise TableError("not as it was written", key=key, remedy=remedy) from None
    if set(reader.fieldnames or ()) != set(columns) or any(None in {*r, *r.values()} for r in records):
        raise TableError("not as it was written", key=key, remedy=remedy)
    return records
