"""Reading IBSI's phantoms as any other image: the digital one from the package, the CT phantom from files."""

from pathlib import Path

import SimpleITK as sitk

from radfeat.core.errors import CaseError, InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import to_sitk
from radfeat.ibsi.phantom import GRID, build_intensities, build_mask
from radfeat.pipeline.ct_phantom import WHERE_TO_GET_IT, PhantomFiles
from radfeat.pipeline.pair import ReadRoi, read_roi

CT_SIZE_XYZ = (204, 201, 60)


def read_digital_phantom(folder: Path) -> ReadRoi:
    """Write the digital phantom into a folder as NIfTI, and read it from there."""
    image, mask = folder / "phantom.nii.gz", folder / "mask.nii.gz"
    sitk.WriteImage(to_sitk(build_intensities(), GRID), str(image))
    sitk.WriteImage(to_sitk(build_mask(), GRID), str(mask))
    return read_roi(image, mask, modality=Modality.OT)


def read_ct_phantom(files: PhantomFiles) -> ReadRoi:
    """Read the CT phantom.

    Raises
    ------
    InputError
        If it cannot be read, or is another image.
    """
    try:
        roi = read_roi(files.image, files.mask, modality=Modality.CT)
    except CaseError as error:
        raise InputError(
            error.what,
            key=f"{files.image} with {files.mask}",
            measured=error.measured,
            allowed=error.allowed,
            remedy=error.remedy,
        ) from error
    _require_phantom(roi.image.volume.grid, files.image)
    return roi


def _require_phantom(grid: Grid, image: Path) -> None:
    if grid.size_xyz != CT_SIZE_XYZ:
        raise InputError(
            "this is not the CT phantom of IBSI",
            key=str(image),
            measured=f"{grid.size_xyz} voxels",
            allowed=f"{CT_SIZE_XYZ}",
            remedy=f"Name the phantom's folder. {WHERE_TO_GET_IT}",
        )
