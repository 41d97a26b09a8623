"""``radfeat export adam``: scores, strata and locked features as a data set for a submission."""

from datetime import datetime
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH, config_argument, require_writable, resolve_config


@click.command(
    epilog="\b\nExamples:\n  radfeat export adam my-study --to submission\n"
    "  radfeat export adam my-study --to submission --created 2026-11-27T12:00:00"
)
@config_argument
@click.option("--to", type=ANY_PATH, required=True, help="Folder for the files; made if absent.")
@click.option(
    "--created",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    help="Date that the files shall bear; by default 1960-01-01, so that they are the same every time.",
)
def adam(config: Path, to: Path, created: datetime | None) -> None:
    """Write scores, strata and locked features as SAS transport file (XPT v5) and Dataset-JSON 1.1.

    One data set in the manner of ADaM's BDS, its codebook (define.csv, parameters.csv) and a fragment for the
    reviewer's guide. Names, lengths, characters and numbers are checked before anything is written, and both
    files are read back and compared.
    """
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.folders import ResultsFolder
    from radfeat.pipeline.submission_data import NO_DATE, write_submission_data

    require_writable(to)
    file = resolve_config(config)
    folder = ResultsFolder(file.parent / read_settings(file).results)
    made = write_submission_data(folder, to, created or NO_DATE)
    click.echo(
        f"{made.dataset.name}: {len(made.dataset.rows)} rows, {len(made.dataset.variables)} variables, "
        f"{len(made.parameters)} parameters; read back equal from both files"
    )
    click.echo(f"  written to {to}")
