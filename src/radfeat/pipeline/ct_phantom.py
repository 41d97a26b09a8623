"""Where IBSI's CT phantom lies; nothing here reads an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from radfeat.core.errors import InputError, SettingsError
from radfeat.core.vocabulary import PhantomSource

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


def find_ct_phantom(folder: Path) -> Mapping[PhantomSource, PhantomFiles]:
    """The files of the CT phantom, from each source that is there; empty where it is not.

    Parameters
    ----------
    folder
        The phantom's own folder (with ``nifti`` or ``dicom`` in it), or one that holds it as ``ct_phantom``
        or as ``ibsi_1_ct_radiomics_phantom``.

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


def require_ct_phantom(setting: str | None, base: Path) -> None:
    """Refuse a setting ``ibsi_phantom`` that does not name the CT phantom.

    Raises
    ------
    SettingsError
        If there is no phantom in the folder; ``base`` is the folder of the configuration file.
    """
    if setting is not None and not find_ct_phantom(base / setting):
        raise SettingsError(
            "`ibsi_phantom` names a folder in which the CT phantom of IBSI is not",
            key=setting,
            remedy=f"Mend the path, or leave the setting out. {WHERE_TO_GET_IT}",
        )


def _find_files(source: PhantomSource, folder: Path) -> PhantomFiles:
    if source is PhantomSource.DICOM:
        return PhantomFiles(folder / "image", _find_one(folder / "mask", ("*.dcm",)))
    return PhantomFiles(_find_one(folder / "image", _VOLUME_FILES), _find_one(folder / "mask", _VOLUME_FILES))


def _find_one(folder: Path, patterns: tuple[str, ...]) -> Path:
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    if len(found) != 1:
        raise InputError(
            "the CT phantom of IBSI has one file here",
            key=str(folder),
            measured=f"{len(found)} of {' or '.join(patterns)}",
            remedy="Copy the phantom again, whole",
        )
    return found[0]
