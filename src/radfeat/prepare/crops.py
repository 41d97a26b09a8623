"""Prepared crops as small files to look at."""

from pathlib import Path

import SimpleITK as sitk

from radfeat.core.box import bound_voxels
from radfeat.core.files import write_atomically
from radfeat.core.pair import PreparedPair
from radfeat.core.volume import Mask, mask_to_sitk, volume_to_sitk
from radfeat.prepare.crop import crop_to_box
from radfeat.prepare.itk_errors import explain_itk

MARGIN_VOXELS = 5
"""Voxels shown around the ROI."""


def write_crops(folder: Path, pair: PreparedPair) -> None:
    """Write the prepared image and mask, cropped to the ROI and a margin, as compressed NIfTI files.

    ``<stem>_image.nii.gz`` and ``<stem>_mask.nii.gz`` (1 in the morphological mask); where re-segmentation
    changed the mask, ``<stem>_intensity_mask.nii.gz`` as well. ``stem`` is the ROI's, without identity.

    Raises
    ------
    ExtractionError
        If SimpleITK cannot write a file.
    """
    box = bound_voxels(pair.morphological_mask.voxels_zyx)
    if box is None:
        return
    box = box.padded(MARGIN_VOXELS, pair.image.grid.size_xyz)
    image, mask = crop_to_box(pair.image, pair.morphological_mask, box)
    stem = pair.roi.stem
    with explain_itk("writing the prepared crops", pair.roi.roi_id):
        _write(folder / f"{stem}_image.nii.gz", volume_to_sitk(image))
        _write_mask(folder / f"{stem}_mask.nii.gz", mask)
        if pair.intensity_mask is not pair.morphological_mask:
            _, intensity_mask = crop_to_box(pair.image, pair.intensity_mask, box)
            _write_mask(folder / f"{stem}_intensity_mask.nii.gz", intensity_mask)


def _write_mask(path: Path, mask: Mask) -> None:
    _write(path, mask_to_sitk(mask))


def _write(path: Path, image: sitk.Image) -> None:
    write_atomically(path, lambda temporary: sitk.WriteImage(image, str(temporary), True))
