"""Local binary patterns in space, by PyRadiomics' formulas.

PyRadiomics' own filter needs parts of SciPy that SciPy has removed, and the package trimesh; without them it
yields nothing. This one computes the same from what is there, down to the order of the sums: patterns of
degree 0 are few, and a percentile that falls on one of them hangs on its last bit. A golden test compares.

Reference: Banerjee J, Moelker A, Niessen WJ, van Walsum T. 3D LBP-based rotationally invariant region
description. ACCV 2012 Workshops, LNCS 7728.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy.ndimage import map_coordinates, spline_filter
from scipy.special import lpmv, poch
from scipy.stats import kurtosis

Reals = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Arguments = dict[str, Any]

BLOCK_SAMPLES = 2**18
"""Samples taken at a time, so that memory does not grow with the region."""

_GOLDEN_RATIO = (1 + 5**0.5) / 2
_FACES = (
    *((0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11)),
    *((1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6), (7, 1, 8)),
    *((3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9)),
    *((4, 9, 5), (2, 4, 11), (6, 2, 10), (8, 6, 7), (9, 8, 1)),
)


def build_icosphere(subdivisions: int, radius: float) -> Reals:
    """Points on a sphere, (n, 3): an icosahedron whose edges are halved again and again."""
    t = _GOLDEN_RATIO
    flat = [-1, t, 0, 1, t, 0, -1, -t, 0, 1, -t, 0, 0, -1, t, 0, 1, t]
    flat += [0, -1, -t, 0, 1, -t, t, 0, -1, t, 0, 1, -t, 0, -1, -t, 0, 1]
    points: Reals = np.array(flat, dtype=np.float64).reshape(-1, 3) / np.sqrt(2 + t)
    faces = np.array(_FACES, dtype=np.int64)
    for _ in range(subdivisions):
        points, faces = _halve_edges(points, faces)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points * radius


def _halve_edges(points: Reals, faces: npt.NDArray[np.int64]) -> tuple[Reals, npt.NDArray[np.int64]]:
    """Each triangle becomes four; the points that were there come first, the others as trimesh has them."""
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, number = np.unique(edges[:, ::-1], axis=0, return_inverse=True)
    middle = number.reshape(-1, 3) + len(points)
    (a, b, c), (ab, bc, ca) = faces.T, middle.T
    quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    halved = np.concatenate([np.column_stack(corners) for corners in quarters])
    return np.concatenate([points, points[unique[:, ::-1]].mean(axis=1)]), halved


def compute_harmonic(order: int, degree: int, azimuth: Reals, polar: Reals) -> Complexes:
    """Spherical harmonic of each direction, as SciPy's ``sph_harm`` gave it (azimuth before polar angle)."""
    m = abs(order)
    value = lpmv(m, degree, np.cos(polar))
    if order < 0:
        value = value * (-1.0) ** m * poch(degree + m + 1, -2 * m)
    scale = np.sqrt((2 * degree + 1) / 4 / np.pi) * np.sqrt(poch(degree + order + 1, -2 * order))
    return np.asarray(value * scale * np.exp(1j * order * azimuth), dtype=np.complex128)


def get_lbp_3d_images(
    image: sitk.Image, mask: sitk.Image, **arguments: Any
) -> Iterator[tuple[sitk.Image, str, Arguments]]:
    """One image per degree of spherical harmonics, and one of the kurtosis on the sphere.

    Takes and yields what PyRadiomics' filters do; the image is 0 outside the mask's label.
    """
    levels = arguments["lbp3DLevels"]
    voxels = sitk.GetArrayFromImage(image)
    places = np.nonzero(sitk.GetArrayFromImage(mask) == arguments["label"])
    radius = arguments["lbp3DIcosphereRadius"]
    sphere = build_icosphere(arguments["lbp3DIcosphereSubdivision"], radius)
    harmonics = _sample_harmonics(sphere, radius, levels)
    patterns, tails = _measure_voxels(voxels, np.transpose(places), sphere, harmonics)
    for level in range(levels):
        yield _fill(image, places, patterns[:, level]), f"lbp-3D-m{level + 1}", arguments
    yield _fill(image, places, tails), "lbp-3D-k", arguments


def _fill(frame: sitk.Image, places: tuple[npt.NDArray[np.intp], ...], values: Reals) -> sitk.Image:
    voxels = np.zeros(frame.GetSize()[::-1])
    voxels[places] = values
    image = sitk.GetImageFromArray(voxels)
    image.CopyInformation(frame)
    return image


def _measure_voxels(
    voxels: npt.NDArray[Any], places: npt.NDArray[np.intp], sphere: Reals, harmonics: Complexes
) -> tuple[Reals, Reals]:
    """The pattern (n, levels) and the kurtosis (n) of each place (n, 3), block by block."""
    spline = spline_filter(voxels, order=3, output=np.float64)
    step = max(1, BLOCK_SAMPLES // len(sphere))
    patterns, tails = [], []
    for start in range(0, len(places), step):
        block = places[start : start + step]
        around = (block[:, None, :] + sphere[None, :, :]).transpose(2, 0, 1)
        # The samples have the image's own number type: those of an integer image are rounded.
        samples = map_coordinates(spline, around, output=voxels.dtype, order=3, prefilter=False)
        signs = samples >= voxels[tuple(block.T)][:, None]
        patterns.append(_project(signs.astype(np.int64), harmonics))
        tails.append(np.asarray(kurtosis(samples, axis=1), dtype=np.float64))
    return np.concatenate(patterns), np.concatenate(tails)


def _sample_harmonics(sphere: Reals, radius: float, levels: int) -> Complexes:
    """The harmonics at the points of the sphere, (points, levels squared): orders -n to n of degree n."""
    # PyRadiomics gives the polar angle where SciPy expects the azimuth, and the other way round.
    polar, azimuth = np.arccos(sphere[:, 2] / radius), np.arctan2(sphere[:, 1], sphere[:, 0])
    return np.column_stack(
        [
            compute_harmonic(order, degree, polar, azimuth)
            for degree in range(levels)
            for order in range(-degree, degree + 1)
        ]
    )


def _project(signs: npt.NDArray[np.int64], harmonics: Complexes) -> Reals:
    """The length of the share of a sign pattern (n, points) in the harmonics of each degree, (n, levels)."""
    shares = np.sum(signs[:, :, None] * harmonics[None, :, :], axis=1)
    lengths = []
    for degree in range(math.isqrt(harmonics.shape[1])):
        own = slice(degree**2, (degree + 1) ** 2)
        pattern = np.sum(shares[:, None, own] * harmonics[None, :, own], axis=2)
        lengths.append(np.real(np.sqrt(np.sum(pattern**2, axis=1))))
    return np.column_stack(lengths)
