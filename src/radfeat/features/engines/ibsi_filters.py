"""The filters of the recipe ``ibsi``: Laplacian of Gaussian and stationary wavelets as IBSI-2 has them.

All filters are separable, so that each is a few passes along the axes. They compute and return float64: the
passes add up numbers of opposite sign, and a result that was rounded to float32 could fall on the other side
of a bin edge than the exact one.

References
----------
Whybra et al. 2024, "The Image Biomarker Standardization Initiative: standardized convolutional filters for
reproducible radiomics and enhanced clinical insights", Radiology 310(2); reference manual arXiv:2006.05470.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pywt
import SimpleITK as sitk
from scipy import ndimage

from radfeat.features.image_names import name_log, name_wavelet
from radfeat.features.image_types import (
    DEFAULT_BOUNDARY,
    DEFAULT_TRUNCATE_SD,
    IBSI_FILTER_FIELDS,
    Boundary,
    ImageType,
)

Array = npt.NDArray[np.float64]
Arguments = dict[str, Any]
Kernels = Sequence[Array]
"""One kernel per filtered axis; each of odd length, its centre in the middle."""

MIN_SIGMA_VOXELS = 0.75
"""Least width of a Gaussian in voxels whose sampled second derivative still sums to about nothing.

At 0.75 a flat region of 1000 answers with less than 4, at 0.5 with 1,700.
"""

_MODES = {
    Boundary.MIRROR: "reflect",
    Boundary.NEAREST: "nearest",
    Boundary.ZERO: "constant",
    Boundary.PERIODIC: "wrap",
}
"""SciPy's names."""


def build_filter_arguments(image_type: ImageType) -> Arguments:
    """What a filter of this module takes besides the arguments of PyRadiomics' filter of the same name."""
    given = {name: getattr(image_type, name, None) for name in IBSI_FILTER_FIELDS}
    return {name: value for name, value in given.items() if value}


def filter_log(
    voxels_zyx: npt.NDArray[Any],
    spacing_zyx_mm: Sequence[float],
    sigma_mm: float,
    axes: Sequence[int] = (2, 1, 0),
    truncate_sd: float = DEFAULT_TRUNCATE_SD,
    boundary: Boundary = DEFAULT_BOUNDARY,
) -> Array:
    """Laplacian of Gaussian: the kernel sampled at the voxels, derived per voxel, not scaled by sigma.

    Where edges along the axes differ, of which IBSI says nothing, it is the Laplacian in space, times the
    square of the edges' geometric mean: with equal edges that is the derivative per voxel.

    Parameters
    ----------
    voxels_zyx, spacing_zyx_mm
        Intensities and edges of the voxels.
    sigma_mm
        Width of the Gaussian.
    axes
        Array axes to filter along; two of them filter slice by slice.
    truncate_sd
        Distance in sigmas at which the kernel is cut off, rounded to whole voxels.
    boundary
        How the image goes on beyond its border.

    Returns
    -------
    Response in the image's unit, per voxel squared; negative within what is brighter than its surroundings.

    Reference
    ---------
    IBSI L6PA.
    """
    edges = np.array([spacing_zyx_mm[axis] for axis in axes])
    weights = np.exp(2 * np.log(edges).mean()) / edges**2
    smooth, laplacian = voxels_zyx.astype(np.float64), np.zeros(voxels_zyx.shape)
    for axis, edge, weight in zip(axes, edges, weights, strict=True):
        gaussian, second = sample_gaussian(sigma_mm / edge, truncate_sd)
        laplacian = _correlate(laplacian, gaussian, axis, boundary)
        laplacian += weight * _correlate(smooth, second, axis, boundary)
        smooth = _correlate(smooth, gaussian, axis, boundary)
    return laplacian


def sample_gaussian(sigma_voxels: float, truncate_sd: float) -> tuple[Array, Array]:
    """A Gaussian of unit area and its second derivative, at every whole voxel up to the cut."""
    radius = find_radius(sigma_voxels, truncate_sd)
    scaled = np.arange(-radius, radius + 1) / sigma_voxels
    gaussian = np.exp(-(scaled**2) / 2) / (np.sqrt(2 * np.pi) * sigma_voxels)
    return gaussian, gaussian * (scaled**2 - 1) / sigma_voxels**2


def find_radius(sigma_voxels: float, truncate_sd: float) -> int:
    """Whole voxels from the centre of a Gaussian's kernel to its end."""
    return int(np.floor(truncate_sd * sigma_voxels + 0.5))


def filter_wavelets(
    voxels_zyx: npt.NDArray[Any],
    wavelet: str,
    level: int,
    axes: Sequence[int] = (2, 1, 0),
    boundary: Boundary = DEFAULT_BOUNDARY,
    rotation_invariant: bool = False,
) -> Iterator[tuple[str, Array]]:
    """Every band of one level of the stationary wavelet transform, one after the other.

    The low passes of the levels before are part of each kernel, so that the image is continued beyond its
    border once.

    Parameters
    ----------
    voxels_zyx
        Intensities.
    wavelet
        A discrete wavelet of PyWavelets; its decomposition filters are convolved with the image.
    level
        1 for the finest; the filters of level j are spread by 2**(j - 1) voxels (à trous).
    axes
        Array axes in the order of a band's letters: x first.
    boundary
        How the image goes on beyond its border.
    rotation_invariant
        Average the response over the filter's rotations by right angles; bands that are rotations of one
        another come once, the low passes first.

    Returns
    -------
    Bands as ``LLH`` (low pass along x and y, high pass along z), and their responses in the image's unit.

    Reference
    ---------
    IBSI 25BO.
    """
    kernels = {letter: build_wavelet_kernel(wavelet, letter, level) for letter in "LH"}
    voxels = voxels_zyx.astype(np.float64)
    if not rotation_invariant:
        yield from _filter_bands(voxels, axes, kernels, boundary)
        return
    for letters in itertools.combinations_with_replacement("LH", len(axes)):
        turns = rotate_kernels(letters, kernels)
        responses = (_filter_axes(voxels, turn, axes, boundary) for turn in turns)
        yield "".join(letters), sum(responses, np.zeros(voxels.shape)) / len(turns)


def build_wavelet_kernel(wavelet: str, letter: str, level: int) -> Array:
    """The kernel of a band along one axis at a level, to be correlated: low passes, then ``letter``'s filter.

    A filter of n taps has its centre at tap n // 2, counted from 0, times the spread of its level.
    """
    bank = pywt.Wavelet(wavelet)
    kernel, centre = np.ones(1), 0
    for step in range(level):
        taps = np.array(bank.dec_hi if letter == "H" and step == level - 1 else bank.dec_lo)
        spread = np.zeros((taps.size - 1) * 2**step + 1)
        spread[:: 2**step] = taps
        kernel, centre = np.convolve(kernel, spread), centre + taps.size // 2 * 2**step
    radius = max(centre, kernel.size - 1 - centre)
    centred = np.zeros(2 * radius + 1)
    centred[radius - centre : radius - centre + kernel.size] = kernel
    return centred[::-1]


def rotate_kernels(letters: Sequence[str], kernels: Mapping[str, Array]) -> list[Kernels]:
    """The separable filters whose mean response is that to a band's filter in all its rotations.

    Within slices these are the four quarter turns. In space two letters of a band are alike, so that each
    of its mirror images is one of its 24 rotations as well: averaging them makes each kernel its own mirror
    image, and leaves the orders of the letters.
    """
    if len(letters) == 2:
        first, second = (kernels[letter] for letter in letters)
        return [
            (first, second),
            (second[::-1], first),
            (first[::-1], second[::-1]),
            (second, first[::-1]),
        ]
    even = {letter: (kernel + kernel[::-1]) / 2 for letter, kernel in kernels.items()}
    orders = sorted(set(itertools.permutations(letters)))
    return [[even[letter] for letter in order] for order in orders]


def _filter_bands(
    voxels: Array, axes: Sequence[int], kernels: Mapping[str, Array], boundary: Boundary
) -> Iterator[tuple[str, Array]]:
    """All bands, those that start alike sharing their first passes."""
    if not axes:
        yield "", voxels
        return
    for letter in "LH":
        passed = _correlate(voxels, kernels[letter], axes[0], boundary)
        for rest, response in _filter_bands(passed, axes[1:], kernels, boundary):
            yield letter + rest, response


def _filter_axes(voxels: Array, kernels: Kernels, axes: Sequence[int], boundary: Boundary) -> Array:
    for kernel, axis in zip(kernels, axes, strict=True):
        voxels = _correlate(voxels, kernel, axis, boundary)
    return voxels


def _correlate(voxels: Array, kernel: Array, axis: int, boundary: Boundary) -> Array:
    result: Array = ndimage.correlate1d(voxels, kernel, axis=axis, mode=_MODES[boundary])
    return result


def get_log_images(
    image: sitk.Image, mask: sitk.Image | None, **arguments: Any
) -> Iterator[tuple[sitk.Image, str, Arguments]]:
    """A LoG image per sigma; none where the Gaussian is narrower than ``MIN_SIGMA_VOXELS``.

    Voxels that no filter centred in the mask reaches are NaN.
    """
    spacing, axes = image.GetSpacing()[::-1], list_axes(arguments)
    boundary = arguments.get("boundary", DEFAULT_BOUNDARY)
    truncate_sd = arguments.get("truncate_sd", DEFAULT_TRUNCATE_SD)
    for sigma in arguments["sigma"]:
        if explain_absent_log(image, sigma, axes):
            continue
        reach = {axis: find_radius(sigma / spacing[axis], truncate_sd) for axis in axes}
        near = find_neighbourhood(mask, reach, boundary)
        voxels = sitk.GetArrayViewFromImage(image)[near]
        response = filter_log(voxels, spacing, sigma, axes, truncate_sd, boundary)
        yield _to_sitk(response, near, image), name_log(sigma), arguments


def get_wavelet_images(
    image: sitk.Image, mask: sitk.Image | None, **arguments: Any
) -> Iterator[tuple[sitk.Image, str, Arguments]]:
    """The bands of each level asked for; the approximation of the last level only, as PyRadiomics does.

    Voxels that no filter centred in the mask reaches are NaN.
    """
    axes, boundary = list_axes(arguments), arguments.get("boundary", DEFAULT_BOUNDARY)
    wavelet, invariant = arguments.get("wavelet", "coif1"), arguments.get("rotation_invariant", False)
    skipped, levels = arguments.get("start_level", 0), arguments.get("level", 1)
    for level in range(1, levels + 1):
        reach = build_wavelet_kernel(wavelet, "L", skipped + level).size // 2
        near = find_neighbourhood(mask, dict.fromkeys(axes, reach), boundary)
        voxels = sitk.GetArrayViewFromImage(image)[near]
        for band, response in filter_wavelets(voxels, wavelet, skipped + level, axes, boundary, invariant):
            if "H" in band or level == levels:
                yield _to_sitk(response, near, image), name_wavelet(level, band), arguments


FILTERS: dict[str, Callable[..., Iterator[tuple[sitk.Image, str, Arguments]]]] = {
    "LoG": get_log_images,
    "Wavelet": get_wavelet_images,
}
"""Filters by PyRadiomics' names of image types; arguments as PyRadiomics', and ``build_filter_arguments``."""


def explain_absent_log(image: sitk.Image, sigma_mm: float, axes: Sequence[int] = (2, 1, 0)) -> str:
    """Why an image has no LoG of this sigma; empty where it has one."""
    edge = max(image.GetSpacing()[::-1][axis] for axis in axes)
    if sigma_mm >= MIN_SIGMA_VOXELS * edge:
        return ""
    return (
        f"the voxels are too large: an edge of {edge:g} mm, where a sigma of {sigma_mm:g} mm allows "
        f"{sigma_mm / MIN_SIGMA_VOXELS:.3g} mm (a larger sigma_mm, smaller voxels, or a filter within slices "
        "would help)"
    )


def list_axes(arguments: Arguments) -> list[int]:
    """Array axes to filter along, x first; within slices all but the one across them."""
    across = arguments.get("force2Ddimension", 0) if arguments.get("force2D", False) else None
    return [axis for axis in (2, 1, 0) if axis != across]


def find_neighbourhood(
    mask: sitk.Image | None, reach: Mapping[int, int], boundary: Boundary
) -> tuple[slice, ...]:
    """The part of an image whose filtering gives the mask the same response as that of the whole image.

    Parameters
    ----------
    mask
        Not empty; without one it is the whole image.
    reach
        Voxels from a kernel's centre to its end, by array axis.
    boundary
        A periodic image needs the whole of an axis where a kernel crosses its border.
    """
    if mask is None:
        return (slice(None),) * 3
    places = np.nonzero(sitk.GetArrayViewFromImage(mask))
    near = []
    for axis, (indices, size) in enumerate(zip(places, mask.GetSize()[::-1], strict=True)):
        lower, upper = int(indices.min()) - reach.get(axis, 0), int(indices.max()) + 1 + reach.get(axis, 0)
        crosses = lower < 0 or upper > size
        whole = crosses and boundary is Boundary.PERIODIC
        near.append(slice(None) if whole else slice(max(lower, 0), min(upper, size)))
    return tuple(near)


def _to_sitk(response_zyx: Array, near: tuple[slice, ...], like: sitk.Image) -> sitk.Image:
    voxels = np.full(like.GetSize()[::-1], np.nan)
    voxels[near] = response_zyx
    image = sitk.GetImageFromArray(voxels)
    image.CopyInformation(like)
    return image
