"""Writing an inventory: a folder that appears whole or not at all; what names someone lies in ``private``."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.core.files import create_own_text, write_text
from radfeat.ingest.dicom.files import SERIES_LIST_FORMAT
from radfeat.ingest.inventory import tables
from radfeat.ingest.inventory.grouping import SeriesGroup
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.readme import README
from radfeat.tables.csv_text import format_records

PRIVATE = "private"
KEY_FILE = "key"
_OWN_FOLDER = 0o700


def require_new_folder(target: Path) -> None:
    """Refuse a folder that holds anything, so that no inventory is mixed with another, or with other files.

    Raises
    ------
    SettingsError
        If the folder is a file, or is not empty.
    """
    if target.exists() and not target.is_dir():
        raise SettingsError("this is a file, not a folder", key=str(target), remedy="Name a new folder")
    if target.is_dir() and any(target.iterdir()):
        raise SettingsError(
            "the folder is not empty",
            key=str(target),
            remedy="Name a new folder with --to; nothing was overwritten",
        )


def write_inventory(
    target: Path, inventory: Inventory, study_id: str, *, key: str | None, config: str | None
) -> None:
    """Write the folder of an inventory.

    Parameters
    ----------
    target
        A new or empty folder.
    inventory
        What was found.
    study_id
        Study of all rows.
    key
        A new secret key, to be kept; None where there is one elsewhere, or none is needed.
    config
        Text of a ``config.yaml`` beside the sheet; None writes none.

    Raises
    ------
    SettingsError
        If the folder is not empty.
    """
    with _stage(target) as folder:
        write_text(folder / "images.csv", _images(inventory, study_id))
        series = tables.list_series(inventory, study_id)
        write_text(folder / "series.csv", format_records(tables.SERIES_COLUMNS, series))
        write_text(folder / "pairs.csv", format_records(tables.PAIR_COLUMNS, tables.list_pairs(inventory)))
        write_text(folder / "README.txt", README)
        if config is not None:
            write_text(folder / "config.yaml", config)
        _write_private(folder / PRIVATE, target.resolve() / PRIVATE, inventory, key)


def _images(inventory: Inventory, study_id: str) -> str:
    rows = tables.list_images(inventory, study_id)
    return format_records(tables.IMAGE_COLUMNS, rows)


@contextmanager
def _stage(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its name at the end, or is removed where anything goes wrong."""
    require_new_folder(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{secrets.token_hex(6)}.tmp")
    folder.mkdir()
    try:
        yield folder
        folder.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_private(folder: Path, final: Path, inventory: Inventory, key: str | None) -> None:
    folder.mkdir(mode=_OWN_FOLDER)
    files = {
        "patients.csv": (tables.PATIENT_COLUMNS, tables.list_patients(inventory)),
        "series_descriptions.csv": (tables.DESCRIPTION_COLUMNS, tables.list_descriptions(inventory)),
        "skipped_files.csv": (tables.SKIPPED_COLUMNS, tables.list_skipped(inventory)),
    }
    for name, (columns, rows) in files.items():
        create_own_text(folder / name, format_records(columns, rows))
    if key is not None:
        create_own_text(folder / KEY_FILE, key + "\n")
    _write_lists(folder, final, inventory)


def _write_lists(folder: Path, final: Path, inventory: Inventory) -> None:
    """The lists of files of all series and masks; paths hang from where the lists will lie in the end."""
    masks = {pairing.mask.key: pairing.mask for pairing in inventory.draft.pairings}
    images = {group.key: group for group in inventory.groups if group.key not in masks}
    for name, groups in (("series", images), ("masks", masks)):
        (folder / name).mkdir(mode=_OWN_FOLDER)
        for key, group in groups.items():
            create_own_text(folder / name / f"{key}.series.json", format_series_list(group, final / name))


def format_series_list(group: SeriesGroup, folder: Path) -> str:
    """The files of a series as the text of a list that lies in ``folder``."""
    files = [os.path.relpath(path, folder) for path in group.paths]
    # ASCII with escapes: a path may hold bytes that are no UTF-8, and comes back as it was.
    return json.dumps({"format": SERIES_LIST_FORMAT, "series": group.key, "files": files}, indent=1) + "\n"
