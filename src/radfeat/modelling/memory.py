"""How much memory the models of an arm need, told before they are fitted."""

from dataclasses import dataclass

from radfeat.core.errors import CohortError

_SQUARES = 5.0
"""Matrices of columns x columns that clustering holds at once."""

_COPIES = 12.0
"""Copies of rows x columns that the steps of one fold and its net hold at once."""

_BASE_MB = 250.0
"""A worker process with its libraries."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a job may use: worker processes and memory (None: not known). The numbers do not depend on it."""

    workers: int = 1
    memory_mb: float | None = None


def estimate_memory_mb(rows: int, columns: int) -> float:
    """Memory of one worker process at its peak, in MB, for rows of all arms and offered features."""
    floats = _SQUARES * columns * columns + _COPIES * rows * columns
    return _BASE_MB + floats * 8.0 / 1e6


def limit_workers(workers: int, memory_mb: float | None, rows: int, columns: int, arm: str) -> int:
    """How many worker processes fit into the memory (None: not known), at most ``workers``.

    Raises
    ------
    CohortError
        Not even one fits.
    """
    needed = estimate_memory_mb(rows, columns)
    if memory_mb is None or needed * workers <= memory_mb:
        return workers
    if needed > memory_mb:
        raise CohortError(
            "too many features for the memory of this machine: the models cluster them in pairs",
            key=arm,
            measured=f"{columns} features of {rows} subjects, about {needed:.0f} MB",
            allowed=f"{memory_mb:.0f} MB",
            remedy="Choose fewer image types or features in `features`, or a machine with more memory",
        )
    return int(memory_mb // needed)
