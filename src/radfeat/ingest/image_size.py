"""How many voxels a path of the image sheet holds, told by headers alone."""

from math import prod
from pathlib import Path

import SimpleITK as sitk

from radfeat.ingest.formats import is_dicom, list_files


def count_voxels(path: Path) -> int | None:
    """Voxels of a volume file, or of a DICOM path: those of its largest file, times its files.

    None where the header cannot be read: reading the image says why.
    """
    if not is_dicom(path):
        return _count_in_file(path)
    files = [file for file in list_files(path) if file.is_file()]
    if not files:
        return None
    largest = max(files, key=lambda file: (file.stat().st_size, file.name))
    in_one = _count_in_file(largest)
    return None if in_one is None else in_one * len(files)


def _count_in_file(path: Path) -> int | None:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return None
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
    return int(prod(reader.GetSize()))
