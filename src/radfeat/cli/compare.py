"""``radfeat compare``: two runs, and to what degree they are the same."""

from pathlib import Path

import click

from radfeat.cli.options import EXISTING_FOLDER
from radfeat.cli.verdict_output import (
    EXIT_CODES,
    key_option,
    level_option,
    out_option,
    read_tolerances,
    show_verdict,
    tolerances_option,
)


@click.command(
    epilog="\b\nExamples:\n  radfeat compare first/results second/results\n"
    f"  radfeat compare results-package second/results --level V2 --out verdict\n{EXIT_CODES}"
)
@click.argument("first", type=EXISTING_FOLDER)
@click.argument("second", type=EXISTING_FOLDER)
@level_option
@tolerances_option
@key_option
@out_option
def compare(
    first: Path, second: Path, level: str, tolerances: Path | None, keys: tuple[Path, ...], out: Path | None
) -> None:
    """Compare two results folders, or packages, and name every difference.

    V0 inputs, V1 bytes, V2 content, V3 values within tolerance, V4 conclusions. V0 and V4 have to hold in
    any case.
    """
    from radfeat.pipeline.verifying import compare_folders
    from radfeat.submission.levels import Level
    from radfeat.submission.signature import load_public_key

    known = tuple(load_public_key(key) for key in keys)
    verdict = compare_folders(first, second, read_tolerances(tolerances, known), Level(int(level[1])))
    raise click.exceptions.Exit(show_verdict(verdict, out))
