"""How far two numbers may lie apart and still be called the same."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from radfeat.core.errors import SubmissionError


@dataclass(frozen=True, slots=True)
class Tolerance:
    """``|a - b| <= atol + rtol * max(|a|, |b|)``; ``reason`` says why it is looser than the default."""

    rtol: float = 1e-9
    atol: float = 1e-12
    reason: str = ""

    def accepts(
        self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Whether pairs of numbers (shape n) are the same; NaN stands for NULL and equals itself alone."""
        scale = np.maximum(np.abs(first), np.abs(second))
        near = np.abs(first - second) <= self.atol + self.rtol * scale
        return near | (np.isnan(first) & np.isnan(second))


DEFAULT = Tolerance()


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The default, and what a signed table loosens: by feature, or by ``table.column``."""

    by_name: Mapping[str, Tolerance] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, table: str, column: str) -> Tolerance:
        """The tolerance of a column of numbers."""
        return self.by_name.get(f"{table}.{column}") or self.by_name.get(column) or DEFAULT

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each looser tolerance in words."""
        return tuple(
            f"{name}: rtol {t.rtol:g}, atol {t.atol:g}: {t.reason}" for name, t in self.by_name.items()
        )


COLUMNS = ("name", "rtol", "atol", "reason")


def parse_tolerances(text: str, key: str) -> Tolerances:
    """Read a table of looser tolerances: CSV with the columns name, rtol, atol, reason.

    Raises
    ------
    SubmissionError
        A column lacks, a number is none or negative, or a row gives no reason.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        found = ", ".join(reader.fieldnames or ())
        raise SubmissionError(
            "the table of tolerances has other columns", key=key, measured=found, allowed=", ".join(COLUMNS)
        )
    return Tolerances(
        MappingProxyType(
            {row["name"]: _parse_row(row, f"{key}, line {n}") for n, row in enumerate(reader, 2)}
        )
    )


def _parse_row(row: Mapping[str, str], key: str) -> Tolerance:
    try:
        rtol, atol = float(row["rtol"]), float(row["atol"])
    except (TypeError, ValueError):
        raise SubmissionError("a tolerance is not a number", key=key) from None
    reason = (row["reason"] or "").strip()
    if not (0 <= rtol < np.inf and 0 <= atol < np.inf):
        raise SubmissionError("a tolerance is negative or not finite", key=key)
    if not reason:
        raise SubmissionError("a tolerance has no reason", key=key, remedy="Say why it is needed")
    return Tolerance(rtol, atol, reason)
