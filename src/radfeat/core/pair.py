"""What passes from ingest to prepare, and from prepare to features and qc."""

from dataclasses import dataclass

from radfeat.core.findings import Finding
from radfeat.core.keys import RoiKey
from radfeat.core.provenance import Provenance
from radfeat.core.volume import Mask, Volume

Parameter = str | int | float | bool | None | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One preparation step as it was carried out: its name, its parameters, its IBSI code."""

    name: str
    parameters: tuple[tuple[str, Parameter], ...] = ()
    ibsi_code: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class SourcePair:
    """An image and one of its masks as they were read; one grid, within the stated tolerance.

    ``findings`` are what reading the mask found.
    """

    image: Volume
    mask: Mask
    provenance: Provenance
    findings: tuple[Finding, ...] = ()

    @property
    def roi(self) -> RoiKey:
        """The key of the pair's ROI."""
        return self.mask.roi


@dataclass(frozen=True, eq=False, slots=True)
class PreparedPair:
    """An image with its morphological and intensity masks on one grid, checked at birth.

    The morphological mask serves shape, the intensity mask everything else; they are the same object
    where nothing was re-segmented. ``lower_bound`` is that of re-segmentation by a range of intensities,
    where bins of a fixed size begin by IBSI; None where there is none.
    """

    image: Volume
    morphological_mask: Mask
    intensity_mask: Mask
    steps: tuple[StepRecord, ...]
    lower_bound: float | None = None

    def __post_init__(self) -> None:
        if self.morphological_mask.grid != self.image.grid or self.intensity_mask.grid != self.image.grid:
            raise ValueError("image and masks of a prepared pair must share one grid")

    @property
    def roi(self) -> RoiKey:
        """The key of the pair's ROI."""
        return self.morphological_mask.roi
