"""The scan: an object blurred, sampled on a scanner's grid, given noise, stored as integers; and drawn."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.simulate.anatomy import (
    HALF_BOX,
    STEP_MM,
    TISSUES,
    Anatomy,
    Field,
    Lesion,
    blur,
    compute_point_spread_mm,
    draw_smooth_field,
    draw_white,
    standardise,
)
from radfeat.simulate.scanners import Scanner, Triple, build_grid, compute_field_mm
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import Subject, generator

_FAR_MM = 10.0
_GROWTH_LOG_STEP = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class Scan:
    """One visit: int16 voxels, uint8 labels (lesion numbers, 0 outside), both (z, y, x) on ``grid``."""

    voxels_zyx: npt.NDArray[np.int16]
    labels_zyx: npt.NDArray[np.uint8]
    grid: Grid
    reader_id: str


def acquire(subject: Subject, anatomy: Anatomy, visit: int, settings: SimulationSettings) -> Scan:
    """Scan a subject at a visit (0 is baseline) on the site's scanner, and draw the lesions."""
    rng = generator(settings.seed, "scan", str(subject.number), str(visit))
    shift_mm = _draw_position_mm(rng, 1.0)
    table_mm = _draw_position_mm(rng, 60.0)
    grid = build_grid(subject.scanner, compute_field_mm(settings), table_mm)
    growth = math.exp(_GROWTH_LOG_STEP * visit * float(rng.standard_normal()))
    surfaces = [_compute_surface_mm(lesion, growth) for lesion in anatomy.lesions]
    scene = blur(
        _place_lesions(anatomy, surfaces),
        compute_point_spread_mm(subject.scanner.blur_mm, subject.scanner.spacing_xyz_mm),
    )
    voxels = _store(_sample(scene, grid, shift_mm), subject.scanner, settings.modality, rng)
    reader = int(rng.integers(1, 3))
    labels = _draw_labels(subject, anatomy, surfaces, grid, shift_mm, visit, settings)
    return Scan(voxels, labels, grid, f"{subject.scanner.site_id}-R{reader}")


def _draw_position_mm(rng: np.random.Generator, limit_mm: float) -> Triple:
    x, y, z = (float(v) for v in rng.uniform(-limit_mm, limit_mm, 3))
    return (x, y, z)


def _compute_surface_mm(lesion: Lesion, growth: float) -> Field:
    """Signed distance from the lesion's surface, mm, about: negative inside."""
    distance = (lesion.reach_zyx / growth - 1.0) * lesion.radius_mm * growth
    return np.asarray(distance.clip(-_FAR_MM, _FAR_MM), dtype=np.float32)


def _box_of(lesion: Lesion) -> tuple[slice, slice, slice]:
    z, y, x = (slice(c - HALF_BOX, c + HALF_BOX + 1) for c in lesion.centre_zyx)
    return (z, y, x)


def _place_lesions(anatomy: Anatomy, surfaces: list[Field]) -> Field:
    scene = anatomy.body_zyx.copy()
    for lesion, surface in zip(anatomy.lesions, surfaces, strict=True):
        box = _box_of(lesion)
        share = (0.5 - surface / STEP_MM).clip(0.0, 1.0)  # how much of a voxel on the surface is lesion
        scene[box] += share * (lesion.tissue_zyx - scene[box])
    return scene


def _sample(field: Field, grid: Grid, shift_xyz_mm: Triple) -> Field:
    """Values of an object array at the voxel centres of a grid, by linear interpolation along each axis."""
    sampled = field
    for axis, (size, spacing, shift) in enumerate(
        zip(grid.size_xyz[::-1], grid.spacing_xyz_mm[::-1], shift_xyz_mm[::-1], strict=True)
    ):
        centres_mm = (np.arange(size) - (size - 1) / 2) * spacing + shift
        sampled = _interpolate(sampled, centres_mm / STEP_MM + (field.shape[axis] - 1) / 2, axis)
    return sampled


def _interpolate(field: Field, at: npt.NDArray[np.float64], axis: int) -> Field:
    below = np.floor(at).astype(np.int64)
    shape = [1, 1, 1]
    shape[axis] = len(at)
    share = (at - below).astype(np.float32).reshape(shape)
    return np.asarray(field.take(below, axis) * (1 - share) + field.take(below + 1, axis) * share)


def _store(
    scene: Field, scanner: Scanner, modality: Modality, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Offset or gain, noise, and rounding to what the scanner's files can hold."""
    if modality is Modality.MR:
        gain = np.float32(1.0 + scanner.offset / 200.0)
        real = scene * gain + _draw_noise(scene.shape, scanner, rng)
        imaginary = _draw_noise(scene.shape, scanner, rng)
        return _round_int16(np.sqrt(real**2 + imaginary**2), 0, 32767)
    in_body = scene > TISSUES[modality].air / 2
    noise = _draw_noise(scene.shape, scanner, rng)
    return _round_int16(scene + in_body * np.float32(scanner.offset) + noise, -1024, 3071)


def _round_int16(field: npt.NDArray[np.floating], least: int, greatest: int) -> npt.NDArray[np.int16]:
    return np.asarray(np.rint(field).clip(least, greatest), dtype=np.int16)


def _draw_noise(shape: tuple[int, int, int], scanner: Scanner, rng: np.random.Generator) -> Field:
    grain = (scanner.grain_mm,) * 3
    noise = blur(draw_white(rng, shape), grain, scanner.spacing_xyz_mm)
    return standardise(noise, noise) * np.float32(scanner.noise)


def _draw_labels(
    subject: Subject,
    anatomy: Anatomy,
    surfaces: list[Field],
    grid: Grid,
    shift_mm: Triple,
    visit: int,
    settings: SimulationSettings,
) -> npt.NDArray[np.uint8]:
    """The reader's drawing: each outline off the true one by a smooth random distance."""
    labels = np.zeros(grid.shape_zyx, dtype=np.uint8)
    for number, (lesion, surface) in enumerate(zip(anatomy.lesions, surfaces, strict=True), start=1):
        rng = generator(settings.seed, "reader", str(subject.number), str(visit), str(number))
        error_mm = settings.reader_variation_mm * draw_smooth_field(rng, surface.shape, 4.0)
        around = np.full(anatomy.body_zyx.shape, _FAR_MM, dtype=np.float32)
        around[_box_of(lesion)] = surface + error_mm
        labels[_keep_largest(_sample(around, grid, shift_mm) < 0.0)] = number
    return labels


def _keep_largest(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    parts, count = ndimage.label(inside)
    if count <= 1:
        return inside
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == int(sizes.argmax()))
