"""How long a PACS is waited for, and how often it is asked again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from radfeat.ingest.pacs.answers import PacsError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Time-outs in seconds, and attempts; the wait doubles after each."""

    connect_s: float = 10.0
    answer_s: float = 60.0
    attempts: int = 3
    first_wait_s: float = 1.0

    def wait_s(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt, counted from 1."""
        return float(self.first_wait_s * 2 ** (attempt - 1))


def try_again(action: Callable[[], T], patience: Patience) -> T:
    """Do something that may fail in passing, at most ``patience.attempts`` times.

    Raises
    ------
    PacsError
        That of the last attempt, or the first that does not pass.
    """
    for attempt in range(1, patience.attempts):
        try:
            return action()
        except PacsError as fault:
            if not fault.passes:
                raise
        time.sleep(patience.wait_s(attempt))
    return action()
