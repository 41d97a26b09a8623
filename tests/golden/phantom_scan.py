"""A small textured scan with an ellipsoid in it, for comparisons that need no real one."""

import numpy as np
import SimpleITK as sitk

SPACING_XYZ_MM = (1.25, 1.5, 3.0)
ORIGIN_XYZ_MM = (-12.5, 7.25, 100.0)
SIZE_ZYX = (9, 20, 23)


def build_phantom(dtype: str, slab_zyx: tuple[int, int, int] = SIZE_ZYX) -> tuple[sitk.Image, sitk.Image]:
    """Image of 23 x 20 x 9 voxels (x, y, z) and mask of an off-centre ellipsoid, cut to a slab at most."""
    z, y, x = np.indices(SIZE_ZYX, dtype=np.float64)
    wave = 60 * np.sin(0.9 * x) + 50 * np.cos(0.7 * y + 0.4 * z) + 20 * np.sin(1.7 * x * y / 10 - z)
    grain = np.random.default_rng(20).normal(0, 25, SIZE_ZYX)
    voxels = np.round(120 + wave + grain).astype(dtype)
    inside = ((x - 12) / 7) ** 2 + ((y - 9) / 6) ** 2 + ((z - 4) / 3.2) ** 2 <= 1
    for axis, (size, thickness) in enumerate(zip(SIZE_ZYX, slab_zyx, strict=True)):
        centre = (4, 9, 12)[axis]
        if thickness < size:
            places = np.indices(SIZE_ZYX)[axis]
            inside &= np.abs(places - centre) <= thickness // 2
    images = sitk.GetImageFromArray(voxels), sitk.GetImageFromArray(inside.astype(np.uint8))
    for image in images:
        image.SetSpacing(SPACING_XYZ_MM)
        image.SetOrigin(ORIGIN_XYZ_MM)
    return images
