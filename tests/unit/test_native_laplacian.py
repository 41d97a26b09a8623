"""The native Laplacian of Gaussian has SimpleITK's bytes, in a part of the image as in the whole."""

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk

from radfeat.features.engines.native.laplacian import filter_laplacian

SHAPES = [(4, 5, 37), (21, 4, 18)]
SPACINGS = [(1.0, 1.0, 1.0), (3.0, 0.78125, 0.9)]


def filter_by_itk(voxels: npt.NDArray[np.generic], spacing_zyx: tuple[float, ...], sigma: float) -> object:
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(spacing_zyx[::-1])
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(sigma)
    return sitk.GetArrayFromImage(laplacian.Execute(image))


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("sigma", [0.6, 2.5, 5.0])
def test_every_voxel_is_that_of_simpleitk(
    dtype: str, shape: tuple[int, ...], spacing: tuple[float, ...], sigma: float
) -> None:
    voxels = np.random.default_rng(8).normal(100, 60, shape).clip(0, 255).astype(dtype)
    wanted = np.asarray(filter_by_itk(voxels, spacing, sigma))
    for inner in (
        tuple(slice(0, n) for n in shape),
        tuple(slice(n // 3, n - n // 4) for n in shape),
        tuple(slice(n - 1, n) for n in shape),
    ):
        found = filter_laplacian(voxels, inner, spacing, sigma)
        assert found.dtype == wanted.dtype
        assert found.tobytes() == wanted[inner].tobytes()
