"""``radfeat catalogue``: what the features of a run are."""

import csv
import sys
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH
from radfeat.pipeline.folders import ResultsFolder


@click.command(
    epilog="\b\nExamples:\n  radfeat catalogue my-study/results\n"
    "  radfeat catalogue my-study/results --csv > catalogue.csv"
)
@click.argument("results", type=ANY_PATH)
@click.option("--csv", "as_csv", is_flag=True, help="Print every column as CSV.")
def catalogue(results: Path, as_csv: bool) -> None:
    """List the features of a run: code, IBSI code, unit, and how they deviate from IBSI."""
    from radfeat.tables.parquet import read_table
    from radfeat.tables.schemas import FEATURE_CATALOGUE

    path = ResultsFolder(results).blinded / "feature_catalogue.parquet"
    table = read_table(path, FEATURE_CATALOGUE)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows([row.values() for row in table.to_pylist()])
        return
    for row in table.to_pylist():
        deviation = "deviates from IBSI" if row["ibsi_deviation"] else ""
        known = f"{row['code']}  {row['ibsi_code'] or '----'}  {row['feature']}  [{row['unit']}]"
        click.echo(f"{known}  {deviation}".rstrip())
