"""``radfeat export features``: the features of a run as structured reports."""

from pathlib import Path

import click

from radfeat.cli.export_run import to_option, workers_option
from radfeat.cli.options import config_argument


@click.command(
    epilog="\b\nExamples:\n  radfeat export features my-study --to sr\n"
    "  radfeat export features my-study/config.yaml --to sr --workers 4"
)
@config_argument
@to_option
@workers_option
def features(config: Path, to: Path, workers: int) -> None:
    """Write one report (SR TID 1500) per image, and the segmentation that it refers to.

    It holds the features of the original image that have an IBSI code. Only images that came as DICOM have
    one. The objects repeat subject and study of their images: they lie in the folder `private`, and
    `features.csv` beside it says what became of each image.
    """
    from radfeat.cli.export_run import run_export

    run_export(config, to, workers, features=True)
