"""Writing exported objects: whole or not at all, and never over another object."""

from enum import StrEnum
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from radfeat.core.errors import ExportError
from radfeat.core.files import write_atomically
from radfeat.export.quiet import quiet


class Written(StrEnum):
    """What became of a file."""

    NEW = "NEW"
    UNCHANGED = "UNCHANGED"
    """The very object was there already."""


def write_object(path: Path, dataset: Dataset, key: str) -> Written:
    """Write an object with all its DICOM preamble; ``key`` is the ``case_id``, for messages.

    Raises
    ------
    ExportError
        If another object lies at that place.
    """
    if path.is_file():
        return _compare(path, dataset, key)
    with quiet():
        write_atomically(path, lambda temporary: dcmwrite(temporary, dataset, enforce_file_format=True))
    return Written.NEW


def _compare(path: Path, dataset: Dataset, key: str) -> Written:
    beside = path.with_name(f".{path.name}.compared")
    try:
        with quiet():
            dcmwrite(beside, dataset, enforce_file_format=True)
        same = beside.read_bytes() == path.read_bytes()
    finally:
        beside.unlink(missing_ok=True)
    if same:
        return Written.UNCHANGED
    raise ExportError(
        "another object was exported to this folder before, and is not overwritten",
        key=key,
        measured=path.name,
        remedy="Export to a new folder, or take the old object away first",
    )
