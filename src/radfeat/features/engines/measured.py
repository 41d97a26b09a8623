"""What an engine hands back: numbers as they came out, and why some did not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from radfeat.core.grey_levels import GreyLevels


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one ROI, by feature name.

    A value may be NaN or infinite, and a feature may lack altogether; ``gaps`` says why, by the feature
    name's part before the feature itself (``log-sigma-5-0-mm-3D``, ``original_shape2D``). ``notes`` holds
    sentences about values that are there and call for care, by check name. ``grey_levels`` has one entry per
    image on which a feature depends on bins.
    """

    values: Mapping[str, float]
    gaps: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    grey_levels: tuple[GreyLevels, ...] = ()

    def explain(self, gaps: Mapping[str, str]) -> "Measured":
        """The same with more gaps."""
        return replace(self, gaps={**self.gaps, **gaps})


def join(shape: Measured, images: Iterable[Measured]) -> Measured:
    """The values of one ROI: those of its shape with its notes, and those of each image type."""
    parts = [shape, *images]
    return Measured(
        {name: value for part in parts for name, value in part.values.items()},
        {name: gap for part in parts for name, gap in part.gaps.items()},
        shape.notes,
        tuple(level for part in parts for level in part.grey_levels),
    )
