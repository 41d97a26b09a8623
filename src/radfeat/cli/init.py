"""``radfeat init``: the skeleton of a study."""

from importlib.resources import files
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH
from radfeat.core.errors import SettingsError
from radfeat.core.files import write_text

SKELETON = ("config.yaml", "images.csv", "clinical.csv", "protocol.yaml", "README.md")


@click.command(
    epilog="\b\nExamples:\n  radfeat init my-study\n  radfeat init my-study && radfeat validate my-study"
)
@click.argument("folder", type=ANY_PATH)
def init(folder: Path) -> None:
    """Write the skeleton of a study into FOLDER: commented settings, example sheets, a README."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError("this is a file, not a folder", key=str(folder), remedy="Name a new folder")
    there = [name for name in SKELETON if (folder / name).exists()]
    if there:
        raise SettingsError(
            f"the folder already holds {', '.join(there)}",
            key=str(folder),
            remedy="Name a new folder; nothing was overwritten",
        )
    skeleton = files("radfeat.cli").joinpath("skeleton")
    try:
        for name in SKELETON:
            write_text(folder / name, skeleton.joinpath(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"the folder cannot be written: {error.strerror}", key=str(folder), remedy="Name another folder"
        ) from None
    click.echo(f"Wrote {', '.join(SKELETON)} to {folder}.")
    click.echo(f"Next: fill in the sheets, then `radfeat validate {folder}` and `radfeat run {folder}`.")
