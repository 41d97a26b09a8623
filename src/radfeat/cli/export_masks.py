"""``radfeat export masks``: the ROIs of a run as DICOM segmentations."""

from pathlib import Path

import click

from radfeat.cli.export_run import to_option, workers_option
from radfeat.cli.options import config_argument


@click.command(
    epilog="\b\nExamples:\n  radfeat export masks my-study --to seg\n"
    "  radfeat export masks my-study/config.yaml --to seg --workers 4"
)
@config_argument
@to_option
@workers_option
def masks(config: Path, to: Path, workers: int) -> None:
    """Write one segmentation per image, one segment per ROI that was measured.

    Only images that came as DICOM have one. The objects repeat subject and study of their images: they lie in
    the folder `private`, and `masks.csv` beside it says what became of each image.
    """
    from radfeat.cli.export_run import run_export

    run_export(config, to, workers, features=False)
