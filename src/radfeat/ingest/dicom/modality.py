"""The modality that DICOM files state."""

from pathlib import Path

from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.files import is_dicom_file, list_dicom_files
from radfeat.ingest.dicom.headers import HeaderError, read_header, read_text


def read_modality(path: Path) -> Modality | None:
    """The modality that the first image of a DICOM path states; None where no file is an image."""
    for file in list_dicom_files(path):
        try:
            text = read_text(read_header(file), "Modality") if is_dicom_file(file) else None
        except HeaderError:
            continue
        if text in set(Modality):
            return Modality(str(text))
    return None
