"""The sites' scanners: who accrues how much, and how each scanner renders the same body."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from radfeat.core.grid import IDENTITY_DIRECTION, Grid
from radfeat.simulate.settings import SimulationSettings

Triple = tuple[float, float, float]

_TURNED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Scanner:
    """How one site scans.

    ``blur_mm`` is the standard deviation of the in-plane and through-plane point spread before the voxel's
    own extent; ``noise`` the standard deviation of the image noise and ``offset`` a constant added to the
    body (for MR: a gain of ``1 + offset / 200``), both in the image's unit; ``grain_mm`` the standard
    deviation of the kernel that correlates the noise. ``share`` is the site's share of the accrual.
    """

    site_id: str
    name: str
    share: float
    spacing_xyz_mm: Triple
    blur_mm: float
    noise: float
    grain_mm: float
    offset: float
    direction: tuple[float, ...]


NOMINAL_SPACING_XYZ_MM: Triple = (1.0, 1.0, 2.5)
NOMINAL_BLUR_MM = 0.6
_NOMINAL_NOISE = 6.0
_NOMINAL_GRAIN_MM = 0.5

# Spacing (mm), blur factor, noise factor, grain factor, offset, direction. The names are invented.
_PROFILES: tuple[tuple[str, Triple, float, float, float, float, tuple[float, ...]], ...] = (
    ("Alder 16", (1.0, 1.0, 2.5), 1.0, 1.0, 1.0, 0.0, IDENTITY_DIRECTION),
    ("Birch S40", (0.8, 0.8, 3.0), 1.25, 0.85, 1.2, 6.0, IDENTITY_DIRECTION),
    ("Cedar One", (0.9, 0.9, 2.0), 0.8, 1.3, 0.8, -5.0, _TURNED),
    ("Alder 64", (1.0, 1.0, 2.0), 0.9, 0.9, 1.0, 2.0, IDENTITY_DIRECTION),
    ("Elm Vista", (1.1, 1.1, 2.5), 1.15, 1.15, 1.1, -8.0, IDENTITY_DIRECTION),
)


def build_scanners(settings: SimulationSettings) -> tuple[Scanner, ...]:
    """One scanner per site; site ``j`` (from 0) accrues in proportion to ``1 / (j + 2)``.

    With more sites than profiles the profiles recur, as scanner models do.
    """
    weights = [1.0 / (j + 2) for j in range(settings.sites)]
    return tuple(
        _build_scanner(j, weights[j] / sum(weights), settings.scanner_differences)
        for j in range(settings.sites)
    )


def _build_scanner(site: int, share: float, differences: float) -> Scanner:
    name, spacing, blur, noise, grain, offset, direction = _PROFILES[site % len(_PROFILES)]
    return Scanner(
        site_id=f"S{site + 1:02d}",
        name=name,
        share=share,
        spacing_xyz_mm=spacing if differences > 0 else NOMINAL_SPACING_XYZ_MM,
        blur_mm=NOMINAL_BLUR_MM * blur**differences,
        noise=_NOMINAL_NOISE * noise**differences,
        grain_mm=_NOMINAL_GRAIN_MM * grain**differences,
        offset=offset * differences,
        direction=direction,
    )


def assign_sites(scanners: tuple[Scanner, ...], subjects: int) -> list[int]:
    """Site index of subjects 0, 1, 2, ...: each enters where the accrual is furthest behind its share.

    The order does not depend on how many subjects there are.
    """
    return list(islice(_accrue(scanners), subjects))


def _accrue(scanners: tuple[Scanner, ...]) -> Iterator[int]:
    counts = [0] * len(scanners)
    entered = 0
    while True:
        entered += 1
        behind = [scanner.share * entered - count for scanner, count in zip(scanners, counts, strict=True)]
        site = max(range(len(scanners)), key=lambda j: (behind[j], -j))
        counts[site] += 1
        yield site


def compute_field_mm(settings: SimulationSettings) -> Triple:
    """Field of view (x, y, z), mm: longer where there are more lesions."""
    return (settings.field_xy_mm, settings.field_xy_mm, settings.field_z_mm + 36.0 * (settings.lesions - 1))


def build_grid(scanner: Scanner, field_mm: Triple, table_xyz_mm: Triple) -> Grid:
    """The scanner's grid over the field of view, its centre at ``table_xyz_mm`` (LPS).

    The anatomy is laid out in index space, so a turned direction is a subject who lies the other way.
    """
    spacing = scanner.spacing_xyz_mm
    nx, ny, nz = (round(f / s) for f, s in zip(field_mm, spacing, strict=True))
    half = [(n - 1) / 2 * s for n, s in zip((nx, ny, nz), spacing, strict=True)]
    rows = (scanner.direction[0:3], scanner.direction[3:6], scanner.direction[6:9])
    x, y, z = (
        _as_stored(round(table_xyz_mm[i] - sum(r * h for r, h in zip(rows[i], half, strict=True)), 1))
        for i in range(3)
    )
    sx, sy, sz = (_as_stored(s) for s in spacing)
    return Grid((nx, ny, nz), (sx, sy, sz), (x, y, z), scanner.direction)


def _as_stored(value_mm: float) -> float:
    # NIfTI keeps single precision: with the stored value here, a digest of the grid survives the file.
    return float(np.float32(value_mm))
