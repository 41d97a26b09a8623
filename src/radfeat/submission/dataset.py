"""A data set for a submission: variables with values, and the checks that come before it is written."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from radfeat.core.errors import SubmissionError

Value = str | float | int | None

NAME_BYTES = 8
LABEL_BYTES = 40
TEXT_BYTES = 200
LARGEST = (1 - 2.0**-53) * 16.0**63
"""The greatest double that an XPT file can hold: about 7.2e75."""
SMALLEST = 16.0**-65
"""The least magnitude above zero that an XPT file can hold in full: about 5.4e-79."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_MOST_FAULTS = 10


class VariableType(StrEnum):
    """What a variable holds."""

    TEXT = "text"
    FLOAT = "float"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; ``key`` is its place in the key (from 1), or 0; ``codes`` are the allowed texts."""

    name: str
    label: str
    type: VariableType
    origin: str
    key: int = 0
    codes: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether it holds text; the others hold numbers."""
        return self.type is VariableType.TEXT


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows of values in the order of the variables; None stands for a missing value."""

    name: str
    label: str
    variables: tuple[Variable, ...]
    rows: tuple[tuple[Value, ...], ...]

    def column(self, place: int) -> list[Value]:
        """Values of the variable at a place."""
        return [row[place] for row in self.rows]

    def length(self, place: int) -> int:
        """Bytes that a variable takes in each row: 8 for a number, the longest text (at least 1)."""
        if not self.variables[place].is_text:
            return 8
        return max((len(str(v).encode()) for v in self.column(place) if v is not None), default=1) or 1

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the variables by which rows are unique and sorted."""
        return tuple(v.name for v in sorted(self.variables, key=lambda v: v.key) if v.key)


def require_sound(dataset: Dataset) -> None:
    """Refuse a data set that the transport formats cannot hold as it is.

    Raises
    ------
    SubmissionError
        A name, label, text or number is not what they allow; the message lists the first faults.
    """
    faults = [*check_names(dataset), *check_values(dataset), *check_keys(dataset)]
    if faults:
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise SubmissionError(
            "; ".join(faults[:_MOST_FAULTS]) + more,
            key=dataset.name,
            measured=f"{len(faults)} faults",
            remedy="Mend the sheet or the settings that hold the value, and run again",
        )


def check_names(dataset: Dataset) -> Iterator[str]:
    """Faults of the names and labels of a data set and its variables."""
    named = [("data set", dataset.name, dataset.label)]
    named += [("variable", v.name, v.label) for v in dataset.variables]
    for what, name, label in named:
        if not _NAME.fullmatch(name) or len(name) > NAME_BYTES:
            yield f"{what} name {name!r} is not 1 to 8 of A-Z, 0-9, _ after a letter"
        if not label.isascii() or not label.isprintable() or len(label) > LABEL_BYTES or not label:
            yield f"label of {name} {label!r} is not 1 to {LABEL_BYTES} printable ASCII characters"
    names = [v.name for v in dataset.variables]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"variable {name} occurs twice"


def check_values(dataset: Dataset) -> Iterator[str]:
    """Faults of the values, with row (from 1) and variable."""
    for number, row in enumerate(dataset.rows, start=1):
        if len(row) != len(dataset.variables):
            yield f"row {number} has {len(row)} values for {len(dataset.variables)} variables"
            continue
        for variable, value in zip(dataset.variables, row, strict=True):
            fault = None if value is None else _find_fault(variable, value)
            if fault:
                yield f"row {number}, {variable.name}: {fault}"


def check_keys(dataset: Dataset) -> Iterator[str]:
    """Rows that repeat the key of another, and keys that are missing."""
    places = [i for i, v in enumerate(dataset.variables) if v.name in dataset.key]
    seen: dict[tuple[Value, ...], int] = {}
    for number, row in enumerate(dataset.rows, start=1):
        key = tuple(row[i] for i in places if i < len(row))
        if None in key:
            yield f"row {number} has no value in its key ({', '.join(dataset.key)})"
        elif places and seen.setdefault(key, number) != number:
            yield f"row {number} has the key of row {seen[key]}"


def _find_fault(variable: Variable, value: str | float) -> str | None:
    if variable.is_text:
        return _find_text_fault(variable, value)
    return _find_number_fault(value, whole=variable.type is VariableType.INTEGER)


def _find_text_fault(variable: Variable, value: object) -> str | None:
    if not isinstance(value, str):
        return f"{value!r} is not text"
    if not value.isascii():
        odd = next(c for c in value if not c.isascii())
        return f"{value!r} holds {odd!r} (U+{ord(odd):04X}), which is not ASCII"
    if not value.isprintable():
        return f"{value!r} holds a control character"
    if len(value) > TEXT_BYTES:
        return f"text of {len(value)} bytes, allowed {TEXT_BYTES}"
    if not value or value != value.rstrip(" "):
        return f"{value!r} is empty or ends in a blank, which XPT does not keep"
    if variable.codes and value not in variable.codes:
        return f"{value!r} is not one of {', '.join(variable.codes)}"
    return None


def _find_number_fault(value: object, *, whole: bool) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value!r} is not a number"
    if whole and not isinstance(value, int):
        return f"{value!r} is not a whole number"
    if not math.isfinite(value):
        return f"{value!r} is not finite"
    if abs(value) > LARGEST:
        return f"{value!r} is greater than XPT holds (7.2e75)"
    if value and abs(value) < SMALLEST:
        return f"{value!r} is nearer to zero than XPT holds (5.4e-79)"
    if whole and abs(value) > 2**53:
        return f"{value!r} is a whole number of more than 53 bits"
    return None


def list_differences(written: Dataset, found: Dataset) -> list[str]:
    """What differs between a data set and the same one read back: names, labels, then values by row.

    Floating-point numbers must be equal bit for bit, but for the sign of zero.
    """
    if written.name != found.name or written.label != found.label:
        return [f"the data set is {found.name!r} ({found.label!r})"]
    here = [(v.name, v.label, v.is_text) for v in written.variables]
    there = [(v.name, v.label, v.is_text) for v in found.variables]
    if here != there:
        return ["the variables differ"]
    if len(written.rows) != len(found.rows):
        return [f"{len(found.rows)} rows instead of {len(written.rows)}"]
    return list(_compare_rows(written.variables, written.rows, found.rows))


def _compare_rows(
    variables: Sequence[Variable], rows: Sequence[Sequence[Value]], others: Sequence[Sequence[Value]]
) -> Iterator[str]:
    for number, (row, other) in enumerate(zip(rows, others, strict=True), start=1):
        for variable, a, b in zip(variables, row, other, strict=True):
            if a != b:
                yield f"row {number}, {variable.name}: {b!r} instead of {a!r}"
