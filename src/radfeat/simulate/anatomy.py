"""The object before any scanner: a body with textured lesions on a 1 mm grid, from a subject's latents.

Arrays are (z, y, x) with voxels of ``STEP_MM``; the middle voxel is the centre of the field of view.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radfeat.core.vocabulary import Modality
from radfeat.simulate.scanners import NOMINAL_BLUR_MM, NOMINAL_SPACING_XYZ_MM, Triple, compute_field_mm
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import Latents, Subject, generator

Field = npt.NDArray[np.float32]

STEP_MM = 1.0
MARGIN_MM = 3
HALF_BOX = 19
"""A lesion is drawn in a cube of ``2 * HALF_BOX + 1`` voxels."""

SPREAD_LOG_STEP = 0.3
"""Log of intensity spread per standard deviation of ``heterogeneity``."""
CORRELATION_LOG_STEP = -0.5
"""Log of correlation length per standard deviation of ``fine_texture``."""
MEDIAN_CORRELATION_MM = 1.8
_RADIUS_MM = 10.0
_RADIUS_LOG_STEP = 0.15
_RATIO_LOG = 0.22
_RATIO_LOG_STEP = 0.11


@dataclass(frozen=True, slots=True)
class Tissue:
    """Intensities of one modality, in its unit; ``density_step`` is per standard deviation of ``density``."""

    air: float
    fat: float
    body: float
    body_spread: float
    lesion: float
    lesion_spread: float
    density_step: float


TISSUES = {
    Modality.CT: Tissue(-1000.0, -90.0, 40.0, 6.0, 70.0, 50.0, 10.0),
    Modality.MR: Tissue(0.0, 520.0, 300.0, 12.0, 370.0, 50.0, 25.0),
}


@dataclass(frozen=True, eq=False, slots=True)
class Lesion:
    """One lesion in its cube.

    ``reach_zyx`` is the distance from the centre as a share of the surface's distance (1 on the surface);
    ``tissue_zyx`` the intensity that the lesion would have throughout the cube; ``centre_zyx`` the cube's
    middle voxel in the body's array.
    """

    radius_mm: float
    reach_zyx: Field
    tissue_zyx: Field
    centre_zyx: tuple[int, int, int]


@dataclass(frozen=True, eq=False, slots=True)
class Anatomy:
    """A body without its lesions, and the lesions."""

    body_zyx: Field
    lesions: tuple[Lesion, ...]


def build_anatomy(subject: Subject, settings: SimulationSettings) -> Anatomy:
    """The anatomy of one subject, the same for every visit, scanner, arm and truth."""
    shape = compute_shape_zyx(compute_field_mm(settings))
    tissue = TISSUES[settings.modality]
    rng = generator(settings.seed, "body", str(subject.number))
    lesions = tuple(
        _build_lesion(subject, lesion, shape, tissue, settings) for lesion in range(1, settings.lesions + 1)
    )
    return Anatomy(_build_body(rng, shape, tissue), lesions)


def compute_shape_zyx(field_mm: Triple) -> tuple[int, int, int]:
    """Shape of the object's array: odd, and wider than the field of view on every side."""
    x, y, z = (2 * (math.ceil(f / 2 / STEP_MM) + MARGIN_MM) + 1 for f in field_mm)
    return (z, y, x)


def compute_correlation_mm(latents: Latents) -> float:
    """Standard deviation of the Gaussian that makes the lesion's field, mm, held within 0.5 to 5."""
    value = MEDIAN_CORRELATION_MM * math.exp(CORRELATION_LOG_STEP * latents.fine_texture)
    return min(max(value, 0.5), 5.0)


def compute_spread(latents: Latents, tissue: Tissue) -> float:
    """Standard deviation of intensity in the lesion as a nominal, noiseless scanner would see it."""
    return tissue.lesion_spread * math.exp(SPREAD_LOG_STEP * latents.heterogeneity)


def compute_radius_mm(latents: Latents, lesion: int) -> float:
    """Radius of the sphere of about a lesion's volume, mm: the first is held within 5.5 to 12.5.

    Each further lesion's radius is 0.85 of the one before, so that the largest is the first.
    """
    first = min(max(_RADIUS_MM * math.exp(_RADIUS_LOG_STEP * latents.size), 5.5), 12.5)
    return float(first * 0.85 ** (lesion - 1))


def compute_elongation(latents: Latents) -> float:
    """Ratio of the lesion's long to its short axis, held within 1 and 1.6."""
    return min(max(math.exp(_RATIO_LOG + _RATIO_LOG_STEP * latents.elongation), 1.0), 1.6)


def blur(field: Field, sigma_mm: Triple, step_xyz_mm: Triple = (STEP_MM, STEP_MM, STEP_MM)) -> Field:
    """Gaussian smoothing of a (z, y, x) array; ``sigma_mm`` and the voxel step are (x, y, z)."""
    sigma = [s / step for s, step in zip(sigma_mm, step_xyz_mm, strict=True)][::-1]
    return np.asarray(ndimage.gaussian_filter(field, sigma, mode="nearest", truncate=3.0), dtype=np.float32)


def compute_point_spread_mm(blur_mm: float, spacing_xyz_mm: Triple) -> Triple:
    """Standard deviation of the whole point spread (x, y, z), mm: the kernel and the voxel's own extent."""
    x, y, z = (math.sqrt(blur_mm**2 + s**2 / 12) for s in spacing_xyz_mm)
    return (x, y, z)


def draw_smooth_field(rng: np.random.Generator, shape_zyx: tuple[int, int, int], sigma_mm: float) -> Field:
    """A Gaussian random field of mean 0 and variance 1 over the array."""
    field = blur(draw_white(rng, shape_zyx), (sigma_mm, sigma_mm, sigma_mm))
    return standardise(field, field)


def draw_white(rng: np.random.Generator, shape_zyx: tuple[int, int, int]) -> Field:
    """Independent standard normal numbers, drawn in double precision so that machines agree on them."""
    return rng.standard_normal(shape_zyx).astype(np.float32)


def standardise(field: Field, seen: Field) -> Field:
    """The field with the mean of ``seen`` taken off, divided by the standard deviation of ``seen``.

    Sums run in double precision: their last digit depends on the processor, a stored voxel should not.
    """
    mean, deviation = seen.mean(dtype=np.float64), seen.std(dtype=np.float64)
    return np.asarray((field - np.float32(mean)) / np.float32(deviation), dtype=np.float32)


def _build_body(rng: np.random.Generator, shape: tuple[int, int, int], tissue: Tissue) -> Field:
    body = tissue.body + tissue.body_spread * draw_smooth_field(rng, shape, 2.0)
    _, y, x = _coordinates(shape)
    half_x = shape[2] / 2 - MARGIN_MM - 2.0
    ellipse = (x / half_x) ** 2 + (y / (half_x - 2.0)) ** 2
    body = np.where(ellipse > 0.84**2, np.float32(tissue.fat), body)
    return np.where(ellipse > 1.0, np.float32(tissue.air), body).astype(np.float32)


def _build_lesion(
    subject: Subject, number: int, shape: tuple[int, int, int], tissue: Tissue, settings: SimulationSettings
) -> Lesion:
    rng = generator(settings.seed, "lesion", str(subject.number), str(number))
    box = (2 * HALF_BOX + 1,) * 3
    dz, dy, dx = (int(v) for v in rng.integers(-2, 3, size=3))
    middle = shape[0] // 2 + round(36.0 / STEP_MM * (number - (settings.lesions + 1) / 2))
    radius = compute_radius_mm(subject.latents, number)
    reach = _draw_reach(rng, box, radius, compute_elongation(subject.latents))
    spread = compute_spread(subject.latents, tissue)
    texture = _draw_texture(rng, box, compute_correlation_mm(subject.latents), reach < 1.0)
    level = tissue.lesion + tissue.density_step * subject.latents.density
    return Lesion(
        radius,
        reach,
        np.asarray(level + spread * texture, dtype=np.float32),
        (middle + dz, shape[1] // 2 + dy, shape[2] // 2 + dx),
    )


def _draw_reach(rng: np.random.Generator, box: tuple[int, int, int], radius: float, ratio: float) -> Field:
    """An ellipsoid, its long axis within 40 degrees of z, its surface uneven by a smooth field."""
    axes = np.array([radius * ratio ** (2 / 3), radius * ratio ** (-1 / 3), radius * ratio ** (-1 / 3)])
    tilt, turn = math.radians(40.0) * rng.random(), 2 * math.pi * rng.random()
    long_axis = (math.cos(tilt), math.sin(tilt) * math.sin(turn), math.sin(tilt) * math.cos(turn))
    z, y, x = _coordinates(box)
    along = (z * long_axis[0] + y * long_axis[1] + x * long_axis[2]) ** 2
    across = z**2 + y**2 + x**2 - along
    reach = np.sqrt(along / axes[0] ** 2 + across / axes[1] ** 2)
    return np.asarray(reach + 0.07 * draw_smooth_field(rng, box, 4.0), dtype=np.float32)


def _draw_texture(
    rng: np.random.Generator, box: tuple[int, int, int], correlation_mm: float, inside: npt.NDArray[np.bool_]
) -> Field:
    """A field of this correlation length, standardised inside the lesion as a nominal scanner sees it.

    Without this the finite lesion would blur the planted variables: a coarse field in a small lesion has a
    random mean and too small a variance, and a point spread takes more variance from a fine field.
    """
    field = draw_smooth_field(rng, box, correlation_mm)
    seen = blur(field, compute_point_spread_mm(NOMINAL_BLUR_MM, NOMINAL_SPACING_XYZ_MM))[inside]
    return standardise(field, seen)


def _coordinates(shape: tuple[int, int, int]) -> tuple[Field, Field, Field]:
    """Distances (z, y, x) from the middle voxel, mm, ready to broadcast."""
    z, y, x = (np.arange(n, dtype=np.float32) * STEP_MM - (n - 1) / 2 * STEP_MM for n in shape)
    return (
        z.astype(np.float32)[:, None, None],
        y.astype(np.float32)[None, :, None],
        x.astype(np.float32)[None, None, :],
    )
