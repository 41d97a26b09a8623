"""Cropping image and mask to a box of voxels."""

import numpy as np

from radfeat.core.box import Box, crop_grid
from radfeat.core.volume import Mask, Volume


def crop_to_box(image: Volume, mask: Mask, box: Box) -> tuple[Volume, Mask]:
    """Image and mask inside a box, copied; both take the image's grid."""
    grid = crop_grid(image.grid, box)
    voxels = np.ascontiguousarray(image.voxels_zyx[box.slices_zyx])
    inside = np.ascontiguousarray(mask.voxels_zyx[box.slices_zyx])
    return Volume(voxels, grid, image.modality, image.unit), Mask(inside, grid, mask.roi)
