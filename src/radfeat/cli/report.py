"""``radfeat report``: one self-contained page."""

from pathlib import Path

import click

from radfeat.cli.options import results_option
from radfeat.pipeline.folders import ResultsFolder


@click.command(
    epilog="\b\nExamples:\n  radfeat report --results my-study/results\n"
    "  radfeat report --results my-study/results --blinded"
)
@results_option
@click.option("--blinded", is_flag=True, help="Only what no arm and no outcome entered; written to blinded/.")
def report(results: Path, blinded: bool) -> None:
    """Write the report of a run as one HTML page without any outside part."""
    from radfeat.pipeline.reporting import write_blinded_report, write_report

    write = write_blinded_report if blinded else write_report
    click.echo(write(ResultsFolder(results)))
