"""Outcomes as arrays: one gate for time-to-event, binary and continuous endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from radfeat.core.vocabulary import EndpointKind

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Indices = npt.NDArray[np.intp]

Levels = tuple[tuple[str, ...], ...]
"""The level of each stratification factor, subject by subject."""

_QUARTERS = 4


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """Outcomes of n subjects; ``times`` (n,) is NaN throughout unless the endpoint is a time to event.

    ``events`` (n,) is True for an event, or for the positive class: what a higher score should go with. It is
    False throughout for a continuous endpoint, whose ``values`` (n,) are in the unit of the sheet; a higher
    score goes with a higher value. ``competing`` (n,) is True where the time ends in a competing event, which
    is a censoring to every cause-specific model (None: none are declared). ``levels`` says which stratum of
    the randomisation each subject belongs to (None: no stratification factors are declared).
    """

    kind: EndpointKind
    times: Floats
    events: Flags
    values: Floats | None = None
    competing: Flags | None = None
    levels: Levels | None = None

    @property
    def is_survival(self) -> bool:
        """Whether the endpoint is a time to event."""
        return self.kind is EndpointKind.TIME_TO_EVENT

    @property
    def is_continuous(self) -> bool:
        """Whether the endpoint is a measured value."""
        return self.kind is EndpointKind.CONTINUOUS

    @property
    def measured(self) -> Floats:
        """The values of a continuous endpoint; empty for any other kind."""
        return np.empty(0) if self.values is None else self.values

    @property
    def classes(self) -> list[int]:
        """Class of each subject that folds are to hold alike; a higher one is dealt first.

        Event, or quarter of the values by rank; within that, the stratum of the randomisation.
        """
        main = _quarter(self.measured) if self.is_continuous else self.events.astype(np.intp)
        strata = list_strata(self.levels) if self.levels else ()
        place = {stratum: number for number, stratum in enumerate(reversed(strata))}
        within = [place[subject] for subject in self.levels] if self.levels else [0] * len(self)
        return [int(m) * max(1, len(strata)) + w for m, w in zip(main, within, strict=True)]

    def take(self, rows: Indices) -> "Outcomes":
        """Outcomes of some rows, in that order."""
        levels = None if self.levels is None else tuple(self.levels[i] for i in rows)
        return replace(self._take_outcome(rows), levels=levels)

    def permute(self, order: Indices) -> "Outcomes":
        """Outcomes in another order, while each subject keeps its stratum."""
        return self._take_outcome(order)

    def _take_outcome(self, rows: Indices) -> "Outcomes":
        return replace(
            self,
            times=self.times[rows],
            events=self.events[rows],
            values=None if self.values is None else self.values[rows],
            competing=None if self.competing is None else self.competing[rows],
        )

    def __len__(self) -> int:
        return len(self.events)


def join_outcomes(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes of one endpoint, one after the other."""
    first = parts[0]
    values = [p.values for p in parts if p.values is not None]
    competing = [p.competing for p in parts if p.competing is not None]
    levels = [p.levels for p in parts if p.levels is not None]
    return Outcomes(
        first.kind,
        np.concatenate([p.times for p in parts]),
        np.concatenate([p.events for p in parts]),
        np.concatenate(values) if values else None,
        np.concatenate(competing) if competing else None,
        sum(levels, start=()) if levels else None,
    )


def list_strata(levels: Levels) -> tuple[tuple[str, ...], ...]:
    """The strata of the randomisation that occur, sorted."""
    return tuple(sorted(set(levels)))


def list_rows(levels: Levels) -> list[Indices]:
    """The rows of each stratum, strata in alphabetical order."""
    return [
        np.array([i for i, own in enumerate(levels) if own == stratum], dtype=np.intp)
        for stratum in list_strata(levels)
    ]


def _quarter(values: Floats) -> Indices:
    """Quarter (0 to 3) of each value among all; equal values are in one quarter."""
    if not len(values):
        return np.empty(0, dtype=np.intp)
    limits = np.quantile(values, np.arange(1, _QUARTERS) / _QUARTERS)
    return np.asarray(np.searchsorted(limits, values, side="left"), dtype=np.intp)
