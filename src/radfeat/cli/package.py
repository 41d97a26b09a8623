"""``radfeat package``: a finished run as one folder that can be verified and run again."""

import os
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER, require_writable

THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "OPENBLAS_CORETYPE", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"),
)


@click.command(
    epilog="\b\nExamples:\n  radfeat package my-study/results\n"
    "  radfeat package my-study/results --with-inputs --out package-2026-11"
)
@click.argument("results", type=EXISTING_FOLDER)
@click.option("--out", type=ANY_PATH, help="Folder to write; RESULTS-package by default.")
@click.option(
    "--with-inputs", is_flag=True, help="Copy images and masks as well, not only their names and hashes."
)
def package(results: Path, out: Path | None, with_inputs: bool) -> None:
    """Put a finished run into one folder: inputs, settings, code, environment, results, audit trail.

    The package holds the sheets as they are, the clinical one among them: whoever has it is unblinded.
    """
    from radfeat.pipeline.folders import ResultsFolder
    from radfeat.pipeline.package import write_package
    from radfeat.submission.bag import compute_seal

    place = out or results.absolute().with_name(f"{results.absolute().name}-package")
    require_writable(place.parent)
    threads = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    made = write_package(ResultsFolder(results), place, threads, copy_inputs=with_inputs)
    copied = f"{made.copied_bytes / 1e6:.1f} MB copied" if with_inputs else "by reference"
    click.echo(f"{made.study}: {made.tables} tables, {made.inputs} input files ({copied})")
    click.echo(f"  package  {place}")
    click.echo(f"  seal     {compute_seal(place)}")
    for fault in made.trail_faults:
        click.echo(f"  {fault}: it was so before, and `radfeat verify` will say so too", err=True)
    click.echo("Keep the seal elsewhere, or sign the package: radfeat sign PACKAGE --key KEY")
