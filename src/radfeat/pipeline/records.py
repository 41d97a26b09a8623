"""What a case leaves behind: rows of the blinded tables as plain values, fit for the cache."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from radfeat.core.vocabulary import Reason, Status
from radfeat.pipeline.finding_rows import Row


@dataclass(frozen=True, slots=True)
class RoiRecord:
    """One ROI: its row of ``rois``, its feature values by name, its findings."""

    roi: Row
    values: dict[str, float | None]
    findings: tuple[Row, ...]

    @property
    def failed(self) -> bool:
        """Whether the ROI has no features."""
        return bool(self.roi["status"] == Status.FAILED.value)


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case: its rows of ``series`` and ``acquisition``, its ROIs, the findings about the image."""

    series: Row
    acquisition: tuple[Row, ...]
    rois: tuple[RoiRecord, ...]
    findings: tuple[Row, ...]

    @property
    def failed(self) -> bool:
        """Whether any ROI of the case has no features."""
        return any(roi.failed for roi in self.rois)

    @property
    def is_passing(self) -> bool:
        """Whether a failure lies in the machine rather than in the data: another try may succeed."""
        return any(roi.roi["reason"] == Reason.OUT_OF_MEMORY.value for roi in self.rois)

    def to_json(self) -> Row:
        """Plain values for the cache."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CaseRecord":
        """From plain values."""
        rois = tuple(RoiRecord(r["roi"], r["values"], tuple(r["findings"])) for r in data["rois"])
        return cls(data["series"], tuple(data["acquisition"]), rois, tuple(data["findings"]))
