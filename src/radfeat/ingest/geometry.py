"""Whether a mask lies on its image's grid: size, spacing, origin and direction, within stated tolerances."""

from collections.abc import Sequence

from radfeat.core.errors import GeometryError
from radfeat.core.grid import Grid
from radfeat.ingest.settings import IngestSettings

FARTHEST_MM = 1e6
"""A kilometre: no coordinate of a subject lies beyond it."""

_REMEDY = "Draw or resample the mask on the image's own grid"


def require_one_grid(image: Grid, mask: Grid, key: str, settings: IngestSettings) -> None:
    """Refuse a mask that does not lie on its image's grid; nothing is resampled to make it fit.

    Raises
    ------
    GeometryError
        If sizes differ, or spacing, origin or direction by more than the tolerance; the message names the
        first of these, with both values.
    """
    if image.size_xyz != mask.size_xyz:
        raise GeometryError(
            f"the mask has {_by(mask.size_xyz)} voxels, the image {_by(image.size_xyz)}",
            key=key,
            remedy=_REMEDY,
        )
    lengths, cosines = settings.geometry_tolerance_mm, settings.direction_tolerance
    for name, ours, theirs, tolerance, unit, setting in (
        ("spacing", mask.spacing_xyz_mm, image.spacing_xyz_mm, lengths, " mm", "geometry_tolerance_mm"),
        ("origin", mask.origin_xyz_mm, image.origin_xyz_mm, lengths, " mm", "geometry_tolerance_mm"),
        ("direction", mask.direction, image.direction, cosines, "", "direction_tolerance"),
    ):
        gap = compute_gap(ours, theirs)
        if gap > tolerance:
            raise GeometryError(
                f"mask {name} {_list(ours)}{unit}, image {_list(theirs)}{unit}",
                key=key,
                measured=f"a difference of {gap:.6g}{unit}",
                allowed=f"{tolerance:g}{unit}",
                remedy=f"{_REMEDY}, or raise ingest.{setting} if this is rounding",
            )


def compute_gap(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The greatest difference between two lists of numbers."""
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


def _by(size: Sequence[int]) -> str:
    return " x ".join(str(n) for n in size)


def _list(values: Sequence[float]) -> str:
    return f"({', '.join(f'{value:.6g}' for value in values)})"
