"""Which formats are read, and which files a path of the image sheet stands for; opens no image."""

from collections.abc import Callable, Mapping
from pathlib import Path

from radfeat.ingest.dicom.files import is_dicom_path, is_folder, list_dicom_files
from radfeat.ingest.metaimage import list_metaimage_files, read_metaimage
from radfeat.ingest.nifti import read_nifti
from radfeat.ingest.nrrd import list_nrrd_files, read_nrrd
from radfeat.ingest.source import Source
from radfeat.ingest.stored import StoredArray

FORMATS: Mapping[str, Callable[[Source], StoredArray]] = {
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
}
"""Reader of each format, by the end of the file's name."""


_LONE = (".nii", ".nii.gz", ".nrrd", ".mha")
"""Formats of one file, header and voxels together."""


_HEADER_BYTES = 1 << 16


def describe_path(path: Path) -> str | None:
    """Why a path cannot be read, judged by its name and, without a known one, its first bytes; else None."""
    if suffix_of(path) is None and not is_dicom(path):
        return f"not one of the formats that are read ({', '.join(FORMATS)}, DICOM)"
    return None


def list_files(path: Path) -> tuple[Path, ...]:
    """All files whose bytes can alter the voxels: the file, a data file that its header names, a series."""
    if is_dicom(path):
        return list_dicom_files(path)
    listing = {".nhdr": list_nrrd_files, ".mhd": list_metaimage_files}
    find = listing.get(suffix_of(path) or "")
    if find is None:
        return (path,)
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError:
        return (path,)
    return (path, *find(header, path))


def is_dicom(path: Path) -> bool:
    """Whether a path is read as DICOM; a file with the name of another format is not opened to ask."""
    return is_folder(path) if suffix_of(path) else is_dicom_path(path)


def is_lone_file(path: Path) -> bool:
    """Whether a file of this name holds header and voxels: unless it is a folder, it stands for itself."""
    return path.name.lower().endswith(_LONE)


def suffix_of(path: Path) -> str | None:
    """The end of a file's name where it is that of a format that is read."""
    name = path.name.lower()
    return next((suffix for suffix in FORMATS if name.endswith(suffix)), None)
