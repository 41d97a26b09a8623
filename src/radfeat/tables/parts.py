"""A table as a folder: one file per study and site, which Parquet readers open as one table.

The folders are named ``<study>/<site>`` and not ``study_id=<study>/site_id=<site>``: by those names pyarrow
and pandas turn the two columns into categories, and refuse the table where its files hold them as well. What
the table says of itself stands in ``_common_metadata``, a Parquet file without rows that readers pass over.
"""

from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.core.keys import stem_of

SELF = "_common_metadata"
"""File of a divided table that holds its schema and what it says of itself."""

_LONGEST_NAME_BYTES = 200


def is_table(path: Path) -> bool:
    """Whether a table lies at a path, as a file or as a folder."""
    return path.is_file() or locate_identity(path).is_file()


def locate_identity(path: Path) -> Path:
    """The file that holds what a table says of itself: the table's file, or a file in its folder."""
    return path / SELF if path.is_dir() else path


def list_parts(path: Path) -> tuple[Path, ...]:
    """The files that hold the rows of a table.

    Raises
    ------
    TableError
        The table is a folder without any.
    """
    if not path.is_dir():
        return (path,)
    parts = tuple(sorted(p for p in path.glob("*/*/*.parquet") if not p.name.startswith(".")))
    if not parts:
        raise TableError(
            "the table's folder holds no file of rows", key=str(path), remedy="Run the stage that writes it"
        )
    return parts


def create_part(folder: Path, study_id: str, site_id: str) -> Path:
    """A path for the rows of a study and site within a table's folder; no file is there yet.

    Where the file system does not tell two names apart (``s1`` and ``S1``) they share a folder, not a file.
    """
    place = folder / name_folder(study_id) / name_folder(site_id)
    place.mkdir(parents=True, exist_ok=True)
    number = 0
    while (place / f"part-{number}.parquet").exists():
        number += 1
    return place / f"part-{number}.parquet"


def name_folder(name: str) -> str:
    """The folder's name for a study or site: itself, but for what a file system or a reader would misread.

    Percent-encoded are ``%``, ``/``, control characters, ``=`` (a reader would take the name for a column and
    its value), and a first ``.`` or ``_`` (readers pass over such names). Very long names become a digest.
    """
    safe = "".join(
        f"%{ord(c):02X}" if c in "%/=" or ord(c) < 0x20 or ord(c) == 0x7F or (i == 0 and c in "._") else c
        for i, c in enumerate(name)
    )
    return safe if len(safe.encode()) <= _LONGEST_NAME_BYTES else stem_of(name)
