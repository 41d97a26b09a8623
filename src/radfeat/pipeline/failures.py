"""How many ROIs failed, and for which reasons."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.vocabulary import Status


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """How many ROIs there are, how many have no features, and for which reasons."""

    rois: int
    failed: int
    reasons: dict[str, int]

    @property
    def sentence(self) -> str:
        """``5 of 60 ROIs failed: 1 GEOMETRY, ...``, or that none did."""
        if not self.failed:
            return f"0 of {self.rois} ROIs failed"
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(self.reasons.items()))
        return f"{self.failed} of {self.rois} ROIs failed: {reasons}"


def count_failures(rois: pa.Table) -> FailureCounts:
    """Count the ROIs of a ``rois`` table that have no features, by reason."""
    failed = rois.filter(pc.equal(rois["status"], Status.FAILED.value))
    counts = {v["values"]: v["counts"] for v in pc.value_counts(failed["reason"]).to_pylist()}
    return FailureCounts(rois.num_rows, failed.num_rows, counts)
