"""Which files a DICOM path stands for: a folder, one file, or a list of the files of one series."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERIES_LIST_SUFFIX = ".series.json"
SERIES_LIST_FORMAT = "radfeat series list 1"


class SeriesListError(Exception):
    """A series list cannot be read; the text says why and holds nothing of the file."""


@dataclass(frozen=True, slots=True)
class SeriesList:
    """The files of one series, as the inventory lists them; ``series`` is the series' key."""

    series: str
    files: tuple[Path, ...]


def is_dicom_path(path: Path) -> bool:
    """Whether a path is read as DICOM: a folder, ``.dcm``, a series list, a file with the DICOM preamble."""
    name = path.name.lower()
    if name.endswith((".dcm", SERIES_LIST_SUFFIX)):
        return True
    return is_folder(path) or is_dicom_file(path)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; one that cannot be looked up is none."""
    try:
        return path.is_dir()
    except OSError:
        return False  # reading it says why


def list_dicom_files(path: Path, on_error: Callable[[OSError], object] | None = None) -> tuple[Path, ...]:
    """The files that a DICOM path stands for, sorted.

    A folder stands for all files below it, but for hidden ones and those behind links to folders; a series
    list for itself and the files it names, whether they are there or not; any other path for itself.
    ``on_error`` is told of folders that cannot be opened.
    """
    if path.name.lower().endswith(SERIES_LIST_SUFFIX):
        try:
            return (path, *read_series_list(path).files)
        except SeriesListError:
            return (path,)
    if not is_folder(path):
        return (path,)
    found = []
    for folder, folders, names in os.walk(path, onerror=on_error):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return tuple(sorted(found))


def read_series_list(path: Path) -> SeriesList:
    """Read a series list; its paths hang from its own folder.

    Raises
    ------
    SeriesListError
        If it cannot be opened, is not a series list, or names no file or one twice.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeriesListError(f"cannot be opened: {error.strerror}") from None
    except ValueError:
        raise SeriesListError("is not a series list: it is not JSON") from None
    if not _is_series_list(data):
        raise SeriesListError(f"is not a series list: format '{SERIES_LIST_FORMAT}', series, files")
    names = data["files"]
    if not names or len(set(names)) < len(names):
        raise SeriesListError("is a series list that names no file, or one twice")
    return SeriesList(data["series"], tuple(sorted(path.parent / name for name in names)))


def _is_series_list(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and data.get("format") == SERIES_LIST_FORMAT
        and isinstance(data.get("series"), str)
        and isinstance(data.get("files"), list)
        and all(isinstance(name, str) and name for name in data["files"])
    )


def is_regular_file(path: Path) -> bool:
    """Whether a path is a file with an end; opening a pipe would wait for ever. One out of reach is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_dicom_file(path: Path) -> bool:
    """Whether a file has the DICOM preamble."""
    if not is_regular_file(path):
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False
