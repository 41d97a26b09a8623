"""Growing, shrinking and redrawing a mask by its signed distance."""

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Triple = tuple[float, float, float]


def measure_signed_distance(mask_zyx: Flags, spacing_zyx_mm: Triple) -> Floats:
    """Distance of each voxel from the surface, mm: below zero inside.

    The surface lies half of the smallest spacing beyond the outermost voxels' centres: exact where voxels
    are cubes; across thicker slices it lies too near these, so that the ends of an ROI move last.

    Parameters
    ----------
    mask_zyx
        With at least one voxel inside and one outside.
    spacing_zyx_mm
        Voxel spacing along z, y, x.
    """
    half = min(spacing_zyx_mm) / 2
    outside: Floats = distance_transform_edt(~mask_zyx, sampling=spacing_zyx_mm)
    inside: Floats = distance_transform_edt(mask_zyx, sampling=spacing_zyx_mm)
    return np.where(mask_zyx, half - inside, outside - half)


def change_volume(mask_zyx: Flags, share: float, spacing_zyx_mm: Triple, rng: np.random.Generator) -> Flags:
    """The mask grown (share > 0) or shrunk by this share of its voxels, at the rim; never to nothing.

    Voxels go or come by their distance from the surface; among equals chance decides.
    """
    voxels = int(mask_zyx.sum())
    wanted = min(max(round(voxels * (1 + share)), 1), mask_zyx.size)
    distance = measure_signed_distance(mask_zyx, spacing_zyx_mm).ravel()
    order = np.lexsort((rng.random(distance.size), distance))
    changed = np.zeros(mask_zyx.size, dtype=np.bool_)
    changed[order[:wanted]] = True
    return changed.reshape(mask_zyx.shape)


def randomise_contour(
    mask_zyx: Flags, sd_mm: float, smoothness_mm: float, spacing_zyx_mm: Triple, rng: np.random.Generator
) -> Flags:
    """The mask with its surface moved outwards and inwards by a smooth random distance.

    Parameters
    ----------
    mask_zyx
        With at least one voxel inside and one outside.
    sd_mm, smoothness_mm
        Standard deviation of the distance, and of the Gaussian that smooths it over space.
    spacing_zyx_mm
        Voxel spacing along z, y, x.
    rng
        Source of chance.
    """
    field = draw_smooth_field(mask_zyx.shape, smoothness_mm, spacing_zyx_mm, rng)
    distance = measure_signed_distance(mask_zyx, spacing_zyx_mm)
    return np.asarray(distance < sd_mm * field, dtype=np.bool_)


def draw_smooth_field(
    shape_zyx: tuple[int, ...], smoothness_mm: float, spacing_zyx_mm: Triple, rng: np.random.Generator
) -> Floats:
    """A Gaussian random field of mean 0 and standard deviation 1, smoothed by a Gaussian."""
    sigmas = [smoothness_mm / s for s in spacing_zyx_mm]
    smooth: Floats = gaussian_filter(rng.standard_normal(shape_zyx), sigmas, mode="wrap")
    # Smoothing white noise leaves the root of the sum of squared weights, along each axis.
    left = math.prod(_remaining_deviation(s, n) for s, n in zip(sigmas, shape_zyx, strict=True))
    return smooth / left


def _remaining_deviation(sigma: float, length: int) -> float:
    impulse = np.zeros(length)
    impulse[0] = 1.0
    return float(np.sqrt(np.square(gaussian_filter1d(impulse, sigma, mode="wrap")).sum()))
