"""IBSI's phantoms as files: the digital one, written from the package, and the CT phantom, found in a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality, PhantomSource
from radfeat.core.volume import to_sitk
from radfeat.ibsi.phantom import GRID, build_intensities, build_mask
from radfeat.pipeline.pair import ReadRoi, read_roi

CT_SIZE_XYZ = (204, 201, 60)
WHERE_TO_GET_IT = (
    "It is in the folder ibsi_1_ct_radiomics_phantom of https://github.com/theibsi/data_sets "
    "(licence CC BY-NC 3.0)"
)
_FOLDERS = (".", "ct_phantom", "ibsi_1_ct_radiomics_phantom")
"""Where the CT phantom may lie below a folder; the last as in IBSI's own repository."""
_VOLUME_FILES = ("*.nii.gz", "*.nii")


@dataclass(frozen=True, slots=True)
class PhantomFiles:
    """Image and mask of the CT phantom: files, or a folder with the series and a structure set."""

    image: Path
    mask: Path


def read_digital_phantom(folder: Path) -> ReadRoi:
    """Write the digital phantom into a folder as NIfTI, and read it as any other image."""
    image, mask = folder / "phantom.nii.gz", folder / "mask.nii.gz"
    sitk.WriteImage(to_sitk(build_intensities(), GRID), str(image))
    sitk.WriteImage(to_sitk(build_mask(), GRID), str(mask))
    return read_roi(image, mask, modality=Modality.OT)


def find_ct_phantom(folder: Path) -> Mapping[PhantomSource, PhantomFiles]:
    """The files of the CT phantom, from each source that is there; empty where it is not.

    Parameters
    ----------
    folder
        The phantom's own folder (with ``nifti`` or ``dicom`` in it), or one that holds it as ``ct_phantom`` or as
        ``ibsi_1_ct_radiomics_phantom``.

    Raises
    ------
    InputError
        If image or mask of a source lack.
    """
    for name in _FOLDERS:
        found = {s: folder / name / s.value for s in (PhantomSource.NIFTI, PhantomSource.DICOM)}
        present = {source: path for source, path in found.items() if (path / "image").is_dir()}
        if present:
            return {source: _find_files(source, path) for source, path in present.items()}
    return {}


def _find_files(source: PhantomSource, folder: Path) -> PhantomFiles:
    if source is PhantomSource.DICOM:
        return PhantomFiles(folder / "image", _find_one(folder / "mask", ("*.dcm",)))
    return PhantomFiles(
        _find_one(folder / "image", _VOLUME_FILES), _find_one(folder / "mask", _VOLUME_FILES)
    )


def _find_one(folder: Path, patterns: tuple[str, ...]) -> Path:
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    if len(found) != 1:
        raise InputError(
            "the CT phantom has one file here",
            key=str(folder),
            measured=f"{len(found)} files {' or '.join(patterns)}",
            remedy="Copy the phantom again, whole",
        )
    return found[0]


def read_ct_phantom(files: PhantomFiles) -> ReadRoi:
    """Read the CT phantom.

    Raises
    ------
    InputError
        If it cannot be read, or is another image.
    """
    roi = read_roi(files.image, files.mask, modality=Modality.CT)
    _require_phantom(roi.image.volume.grid, files.image)
    return roi


def _require_phantom(grid: Grid, image: Path) -> None:
    if grid.size_xyz != CT_SIZE_XYZ:
        raise InputError(
            "this is not IBSI's CT phantom",
            key=str(image),
            measured=f"{grid.size_xyz} voxels",
            allowed=f"{CT_SIZE_XYZ}",
            remedy=f"Name the phantom's folder. {WHERE_TO_GET_IT}",
        )
