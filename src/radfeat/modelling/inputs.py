"""What a model is given of some rows: feature values, and beside them the batch each was measured in."""

from collections.abc import Sequence
from dataclasses import dataclass

from radfeat.modelling.outcomes import Floats, Indices


@dataclass(frozen=True, eq=False, slots=True)
class Inputs:
    """Feature values (rows x columns, NaN where missing) and the batch label of each row.

    A label says which site or scanner a row comes from, so that its effect can be taken out. It stands beside
    the values and not among them: no model can take it for a feature. None where no batches are told apart.
    """

    values: Floats
    batches: tuple[str, ...] | None = None

    def take(self, rows: Indices) -> "Inputs":
        """Some rows, in that order."""
        return Inputs(self.values[rows], take_labels(self.batches, rows))

    def __len__(self) -> int:
        return len(self.values)


def take_labels(labels: Sequence[str] | None, rows: Indices) -> tuple[str, ...] | None:
    """The labels of some rows, in that order; None where there are none."""
    return None if labels is None else tuple(labels[i] for i in rows)
