"""Options that several commands share."""

import os
from pathlib import Path

import click

from radfeat.core.errors import SettingsError

EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ANY_PATH = click.Path(path_type=Path)

config_argument = click.argument("config", type=ANY_PATH, default=Path("config.yaml"), required=False)
results_option = click.option(
    "--results", type=EXISTING_FOLDER, required=True, help="A results folder with a plan."
)


def resolve_config(path: Path) -> Path:
    """A configuration file, given as itself or as the folder that holds ``config.yaml``."""
    file = path / "config.yaml" if path.is_dir() else path
    if not file.is_file():
        raise SettingsError(
            "there is no such configuration file",
            key=str(file),
            remedy="Name one (`radfeat run study/config.yaml`), or write one with `radfeat init FOLDER`",
        )
    return file.absolute()


def require_writable(folder: Path) -> None:
    """Refuse, before anything is computed, a folder in which nothing can be written; it need not exist yet.

    Raises
    ------
    SettingsError
        If the folder, or the nearest above it that exists, is a file or is not ours to write in.
    """
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise SettingsError(
            "nothing can be written in this folder" if nearest.is_dir() else "this is a file, not a folder",
            key=str(nearest),
            remedy="Name another path",
        )
