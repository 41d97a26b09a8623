"""What commands take that measure one image and mask without a study."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from radfeat.cli.options import ANY_PATH, resolve_config

if TYPE_CHECKING:
    from radfeat.pipeline.case_settings import CaseSettings

_PARAMETERS = (
    click.argument("image", type=ANY_PATH),
    click.argument("mask", type=ANY_PATH),
    click.option(
        "--modality",
        type=click.Choice(["CT", "MR", "PT", "US", "OT"]),
        help="Default: what a DICOM image says, else OT.",
    ),
    click.option("--label", help="Number or name of the label; needed where the mask holds several."),
    click.option("--config", type=ANY_PATH, help="Take ingest, prepare, features and qc from this study."),
)


def pair_parameters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command IMAGE, MASK, ``--modality``, ``--label`` and ``--config``."""
    for parameter in reversed(_PARAMETERS):
        command = parameter(command)
    return command


def read_case_settings(config: Path | None) -> "CaseSettings":
    """The settings of ingest, prepare, features and qc of a study; the defaults where none is named."""
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.case_settings import CaseSettings

    if config is None:
        return CaseSettings()
    study = read_settings(resolve_config(config))
    return CaseSettings(study.ingest, study.prepare, study.features, study.qc)


def parse_label(label: str | None) -> int | str | None:
    """A label as it was typed: digits are a number, all else is a name."""
    return int(label) if label is not None and label.isdigit() else label
