"""Local binary patterns, of whole slices or spaces: comparing equal intensities hangs on every bit."""

import warnings
from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from skimage.feature import local_binary_pattern

from radfeat.core.voxels import Voxels
from radfeat.features.as_pyradiomics import build_image_arguments
from radfeat.features.engines.lbp_3d import get_lbp_3d_images
from radfeat.features.engines.native.filters import FilteredImage, FilterTask
from radfeat.features.image_types import Lbp2dImage, Lbp3dImage


def filter_lbp_2d(task: FilterTask[Lbp2dImage]) -> Iterator[FilteredImage]:
    """Patterns around each pixel of the slices that the box meets, in the image's own number type."""
    image_type, axis = task.image_type, task.slice_axis
    inner = list(task.frame.box.slices_zyx)
    meeting: list[slice] = [slice(None)] * 3
    meeting[axis] = inner[axis]
    slices = np.moveaxis(task.frame.voxels_zyx[tuple(meeting)].copy(), axis, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that patterns of floats may compare rounding
        for pixels in slices:
            pixels[...] = local_binary_pattern(
                pixels, P=image_type.samples, R=image_type.radius, method=str(image_type.method)
            )
    inner[axis] = slice(None)
    yield "lbp-2D", np.moveaxis(slices, 0, axis)[tuple(inner)]


def filter_lbp_3d(task: FilterTask[Lbp3dImage]) -> Iterator[FilteredImage]:
    """Patterns on spheres around the ROI's voxels, one image per degree, and the kurtosis there."""
    frame = task.frame
    arguments = {**build_image_arguments(task.settings, task.image_type), "label": 1}
    image, mask = sitk.GetImageFromArray(frame.voxels_zyx), sitk.GetImageFromArray(frame.roi_zyx)
    for filtered, name, _ in get_lbp_3d_images(image, mask, **arguments):
        yield name, _take(filtered)[frame.box.slices_zyx]


def _take(image: sitk.Image) -> Voxels:
    return np.asarray(sitk.GetArrayViewFromImage(image))


FILTERS = {"LBP2D": filter_lbp_2d, "LBP3D": filter_lbp_3d}
