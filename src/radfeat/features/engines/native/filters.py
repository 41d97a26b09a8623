"""The images of each image type in the ROI's box: PyRadiomics' filters, on no more than they need.

What a filter knows of the whole image (its greatest intensity, its size, its ends) is taken from the whole
image, so that the voxels in the box are those of the filtered whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pywt
import SimpleITK as sitk

from radfeat.core.voxels import Voxels
from radfeat.features.as_pyradiomics import ARRAY_AXES
from radfeat.features.engines.native.frame import Frame
from radfeat.features.engines.native.laplacian import LEAST_VOXELS, filter_laplacian
from radfeat.features.image_names import name_log, name_wavelet
from radfeat.features.image_types import GradientImage, ImageType, LogImage, WaveletImage
from radfeat.features.settings import FeatureSettings

Reals = npt.NDArray[np.float64]
FilteredImage = tuple[str, Voxels]
"""Name of an image in feature columns, and its voxels (z, y, x) in the ROI's box."""

DECAY_SIGMAS = 30
"""Margin of a LoG filter in sigmas. The recursive Gaussian forgets by exp(-1.37) a sigma: 1e-18 is left at
this distance."""

AnyImage_co = TypeVar("AnyImage_co", bound=ImageType, covariant=True)


@dataclass(frozen=True, eq=False, slots=True)
class FilterTask(Generic[AnyImage_co]):
    """A filter to run: on which frame, with the settings of its image type and those resolved for it."""

    frame: Frame
    image_type: AnyImage_co
    settings: FeatureSettings

    @property
    def slice_axis(self) -> int:
        """The array axis across the slices."""
        return ARRAY_AXES[self.settings.force_2d_axis]


def keep_original(task: FilterTask[ImageType]) -> Iterator[FilteredImage]:
    """The image as it is."""
    yield "original", task.frame.crop(0)[0]


def filter_log(task: FilterTask[LogImage]) -> Iterator[FilteredImage]:
    """Laplacian of Gaussian of each width for which the image is large enough, with SimpleITK's values."""
    frame, image_type = task.frame, task.image_type
    size = frame.voxels_zyx.shape
    for sigma in image_type.sigma_mm:
        reach = [sigma / mm for mm in frame.spacing_zyx_mm]
        if min(size) < LEAST_VOXELS or any(n < np.ceil(r) + 1 for n, r in zip(size, reach, strict=True)):
            continue
        z, y, x = (int(np.ceil(DECAY_SIGMAS * r)) + LEAST_VOXELS for r in reach)
        voxels, inner = frame.crop((z, y, x))
        yield name_log(sigma), filter_laplacian(voxels, inner, frame.spacing_zyx_mm, float(sigma))


def filter_gradient(task: FilterTask[GradientImage]) -> Iterator[FilteredImage]:
    """Gradient magnitude, by SimpleITK."""
    image_type = task.image_type
    gradient = sitk.GradientMagnitudeImageFilter()
    gradient.SetUseImageSpacing(image_type.use_spacing)
    voxels, inner = task.frame.crop(2)
    yield "gradient", _run(gradient, voxels, task.frame)[inner]


def _run(itk_filter: Any, voxels_zyx: Voxels, frame: Frame) -> Voxels:
    """The result of a SimpleITK filter; only the spacing matters of where the voxels lie."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels_zyx))
    image.SetSpacing(frame.spacing_xyz_mm)
    return np.asarray(sitk.GetArrayFromImage(itk_filter.Execute(image)))


def filter_wavelet(task: FilterTask[WaveletImage]) -> Iterator[FilteredImage]:
    """Bands of the stationary wavelet transform, by PyWavelets, periodic at the ends of the whole image."""
    image_type = task.image_type
    wavelet = pywt.Wavelet(image_type.wavelet)
    axes = tuple(a for a in (2, 1, 0) if not (task.settings.force_2d and a == task.slice_axis))
    levels = image_type.start_level + image_type.level
    data, inner = _wrap_around(task.frame, axes, levels * wavelet.dec_len)
    low = "a" * len(axes)
    for level in range(1 - image_type.start_level, image_type.level + 1):
        bands = pywt.swtn(data, wavelet, level=1, start_level=0, axes=axes)[0]
        data = bands.pop(low)
        if level < 1:
            continue
        for band, voxels in bands.items():
            yield name_wavelet(level, _name_band(band)), voxels[inner]
    yield name_wavelet(image_type.level, _name_band(low)), data[inner]


def _name_band(band: str) -> str:
    return band.replace("a", "L").replace("d", "H")


def _wrap_around(
    frame: Frame, axes: tuple[int, ...], reach: int
) -> tuple[Voxels, tuple[slice, slice, slice]]:
    """The image in the box with a margin, periodic where it ends; and where the box lies in it.

    The transform needs an even number of voxels: PyRadiomics repeats the first voxel after the last of an
    odd number, and so does the image that goes on periodically here.
    """
    voxels, inner = frame.voxels_zyx, list(frame.box.slices_zyx)
    for axis, (n, place) in enumerate(zip(voxels.shape, frame.box.slices_zyx, strict=True)):
        if axis not in axes:
            voxels = voxels.take(range(place.start, place.stop), axis)
            inner[axis] = slice(0, place.stop - place.start)
            continue
        period = n + n % 2
        start, stop = place.start - reach, place.stop + reach
        if stop - start >= period:
            start, stop = 0, period
        stop += (stop - start) % 2
        indices = np.arange(start, stop) % period
        voxels = voxels.take(np.where(indices == n, 0, indices), axis)
        inner[axis] = slice(place.start - start, place.stop - start)
    z, y, x = inner
    return voxels, (z, y, x)


def _crop_to_float(task: FilterTask[ImageType]) -> Reals:
    return task.frame.crop(0)[0].astype(np.float64)


def _find_ends(frame: Frame) -> Voxels:
    """Least and greatest intensity of the whole image, as float64."""
    voxels = frame.voxels_zyx
    return np.array([voxels.min(), voxels.max()], dtype=np.float64)


def square(task: FilterTask[ImageType]) -> Iterator[FilteredImage]:
    """Squares, scaled to the greatest absolute intensity of the image."""
    scale = 1 / np.sqrt(np.max(np.abs(_find_ends(task.frame))))
    yield "square", (scale * _crop_to_float(task)) ** 2


def square_root(task: FilterTask[ImageType]) -> Iterator[FilteredImage]:
    """Square roots with the sign of the intensity, scaled likewise."""
    scale, voxels = np.max(np.abs(_find_ends(task.frame))), _crop_to_float(task)
    voxels[voxels > 0] = np.sqrt(voxels[voxels > 0] * scale)
    voxels[voxels < 0] = -np.sqrt(-voxels[voxels < 0] * scale)
    yield "squareroot", voxels


def _take_logarithm(voxels: Voxels) -> Reals:
    logs: Reals = voxels.astype(np.float64)
    logs[logs > 0] = np.log(logs[logs > 0] + 1)
    logs[logs < 0] = -np.log(-(logs[logs < 0] - 1))
    return logs


def take_logarithm(task: FilterTask[ImageType]) -> Iterator[FilteredImage]:
    """Logarithms of one more than the absolute intensity, with its sign, scaled likewise."""
    ends = _find_ends(task.frame)
    scale = np.max(np.abs(ends)) / np.max(np.abs(_take_logarithm(ends)))
    yield "logarithm", _take_logarithm(_crop_to_float(task)) * scale


def raise_exponential(task: FilterTask[ImageType]) -> Iterator[FilteredImage]:
    """Exponentials, scaled likewise."""
    top = np.max(np.abs(_find_ends(task.frame)))
    yield "exponential", np.exp(np.log(top) / top * _crop_to_float(task))


Filter = Callable[[FilterTask[Any]], Iterator[FilteredImage]]

FILTERS: dict[str, Filter] = {
    "Original": keep_original,
    "LoG": filter_log,
    "Wavelet": filter_wavelet,
    "Square": square,
    "SquareRoot": square_root,
    "Logarithm": take_logarithm,
    "Exponential": raise_exponential,
    "Gradient": filter_gradient,
}
"""Filters by PyRadiomics' names of image types; those of binary patterns are in ``patterns``."""
