"""Outcomes as arrays: one gate for time-to-event and binary endpoints."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.vocabulary import EndpointKind

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """Outcomes of n subjects; ``times`` (n,) is NaN throughout for a binary endpoint.

    ``events`` (n,) is True for an event, or for the positive class: what a higher score should go with.
    """

    kind: EndpointKind
    times: Floats
    events: Flags

    @property
    def is_survival(self) -> bool:
        """Whether the endpoint is a time to event."""
        return self.kind is EndpointKind.TIME_TO_EVENT

    def take(self, rows: Indices) -> "Outcomes":
        """Outcomes of some rows, in that order."""
        return Outcomes(self.kind, self.times[rows], self.events[rows])

    def __len__(self) -> int:
        return len(self.events)
