"""The levels of a verdict on a rerun: never one yes or no, but to what degree, and what differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """In what two runs can be the same."""

    INPUT = 0
    """Every input: voxels and geometry of images and masks; a header may differ, and is listed."""
    BYTE = 1
    """Every table file, byte by byte."""
    LOGICAL = 2
    """What every table says, in whatever order and by whatever writer."""
    TOLERANCE = 3
    """Same rows, same reasons, same counts, every number within its tolerance."""
    CONCLUSION = 4
    """Same selected features, strata and decisions."""

    @property
    def code(self) -> str:
        """``V0`` to ``V4``."""
        return f"V{self.value}"


class Outcome(StrEnum):
    """Whether a level or a check holds."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


class Kind(StrEnum):
    """What differs."""

    VALUE = "value"
    ROW = "row"
    COLUMN = "column"
    TABLE = "table"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two runs.

    ``table`` is a table or a file; ``key`` the row's key in words; ``first`` and ``second`` what stands on
    either side, in words; ``note`` what it is taken for, if anything; ``decides`` whether it is one of the
    conclusions.
    """

    kind: Kind
    table: str
    key: str = ""
    column: str = ""
    first: str = ""
    second: str = ""
    note: str = ""
    decides: bool = False

    @property
    def sentence(self) -> str:
        """The difference in one line."""
        place = ", ".join(part for part in (self.key, self.column) if part)
        values = f"{self.first} | {self.second}" if self.first or self.second else ""
        text = ": ".join(part for part in (self.table, place, values) if part)
        return f"{text} ({self.note})" if self.note else text


@dataclass(frozen=True, slots=True)
class LevelVerdict:
    """What came out of one level; ``remarks`` are worth knowing and fail nothing."""

    level: Level
    outcome: Outcome
    sentence: str
    differences: tuple[Difference, ...] = ()
    remarks: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the package itself: its name, what came out, and each thing that is wrong."""

    name: str
    outcome: Outcome
    sentence: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found: the package's own checks, and the five levels.

    ``required`` is the strictest level that has to hold for success; V0 and V4 have to in any case. ``sides``
    are the words for what stands first and second in a difference.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    levels: tuple[LevelVerdict, ...]
    required: Level = Level.TOLERANCE
    tolerances: tuple[str, ...] = field(default=())
    sides: tuple[str, str] = ("first", "second")

    @property
    def failing_checks(self) -> tuple[Check, ...]:
        """The package's own checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILS)

    @property
    def exit_code(self) -> int:
        """0: all that is required holds; 3: the package is not whole; 10 + n: level n, the gravest, fails."""
        if self.failing_checks:
            return DAMAGED
        failing = {v.level for v in self.levels if v.outcome is Outcome.FAILS}
        return next((FIRST_LEVEL + level for level in self._needed if level in failing), 0)

    @property
    def _needed(self) -> Sequence[Level]:
        """The levels that have to hold, gravest first."""
        between = [Level(n) for n in range(Level.TOLERANCE, self.required - 1, -1)]
        return [Level.INPUT, Level.CONCLUSION, *between]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.failing_checks:
            names = ", ".join(check.name for check in self.failing_checks)
            return f"The package is not as it was written: {names}."
        checked = [v for v in self.levels if v.outcome is not Outcome.NOT_CHECKED]
        if not any(v.level is not Level.INPUT for v in checked):
            return "The package is as it was written; nothing was computed again."
        failing = [v.level.code for v in checked if v.outcome is Outcome.FAILS]
        degree = _DEGREES[self._degree(checked)]
        return f"{degree} Failing: {', '.join(failing)}." if failing else degree

    def _degree(self, checked: Sequence[LevelVerdict]) -> Level | None:
        """The strictest level of the tables that holds."""
        holding = [v.level for v in checked if v.outcome is Outcome.HOLDS and v.level is not Level.INPUT]
        return min(holding, default=None)


DAMAGED = 3
FIRST_LEVEL = 10

_DEGREES = {
    Level.BYTE: "The tables are the same, byte by byte.",
    Level.LOGICAL: "The tables say exactly the same.",
    Level.TOLERANCE: "The tables are the same within the tolerances.",
    Level.CONCLUSION: "Numbers differ; the conclusions are the same.",
    None: "The tables differ, and so do the conclusions.",
}
