"""``radfeat verify``: whether a package is as it was written, and gives the same numbers again."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER
from radfeat.cli.verdict_output import (
    EXIT_CODES,
    key_option,
    level_option,
    out_option,
    read_tolerances,
    show_verdict,
    tolerances_option,
)
from radfeat.core.errors import SettingsError, SubmissionError

if TYPE_CHECKING:
    from radfeat.pipeline.package_source import Source


@click.command(
    epilog="\b\nExamples:\n  radfeat verify results-package                     # is every file as it was?\n"
    "  radfeat verify results-package --rerun --inputs my-study --cores 4\n"
    "  radfeat verify results-package --against second/results --out verdict\n"
    f"{EXIT_CODES}"
)
@click.argument("package", type=EXISTING_FOLDER)
@click.option("--rerun", is_flag=True, help="Run the package again in a fresh folder, and compare.")
@click.option(
    "--against", type=EXISTING_FOLDER, help="Compare with these results, of a rerun made elsewhere."
)
@click.option(
    "--inputs",
    type=EXISTING_FOLDER,
    help="Folder of the study, where the package does not hold images and masks.",
)
@click.option("--folder", type=ANY_PATH, help="Folder of the rerun, kept; a temporary one by default.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores of the rerun; all by default.")
@level_option
@tolerances_option
@key_option
@out_option
def verify(
    package: Path,
    rerun: bool,
    against: Path | None,
    inputs: Path | None,
    folder: Path | None,
    cores: int | None,
    level: str,
    tolerances: Path | None,
    keys: tuple[Path, ...],
    out: Path | None,
) -> None:
    """Check every file of a package, offline; with --rerun run it again and say to what degree it agrees.

    With --key the package has to be signed by one of the keys.
    """
    from radfeat.pipeline.package_check import check_package
    from radfeat.pipeline.package_source import find_source
    from radfeat.pipeline.verifying import judge_package
    from radfeat.submission.levels import Level, Outcome
    from radfeat.submission.signature import load_public_key

    if rerun and against:
        raise SettingsError("--rerun and --against exclude each other", key="radfeat verify")
    known = tuple(load_public_key(key) for key in keys)
    limits, required = read_tolerances(tolerances, known), Level(int(level[1]))
    checks = check_package(package, known)
    whole = not any(check.outcome is Outcome.FAILS for check in checks)
    source = find_source(package, inputs) if whole else None
    if not rerun or not whole:
        verdict = judge_package(package, checks, source, against if whole else None, limits, required)
        raise click.exceptions.Exit(show_verdict(verdict, out))
    if source is None:
        raise SubmissionError(
            "the package does not hold the images",
            key=str(package),
            remedy="Name the study's folder with --inputs",
        )
    with tempfile.TemporaryDirectory(prefix="radfeat-rerun-") as temporary:
        results = run_again(package, source, folder or Path(temporary), cores)
        verdict = judge_package(package, checks, source, results, limits, required)
    raise click.exceptions.Exit(show_verdict(verdict, out))


def run_again(package: Path, source: "Source", root: Path, cores: int | None) -> Path:
    """Lay a package out in a folder, run it, and return the results folder."""
    from radfeat.pipeline.rerun import RESULTS, lay_out

    config = lay_out(package, source, root)
    click.echo(f"running again in {config.parent} ...", err=True)
    command = [sys.executable, "-m", "radfeat", "run", str(config)]
    done = subprocess.run(
        [*command, *(["--cores", str(cores)] if cores else [])], check=False, stdout=sys.stderr
    )
    if done.returncode:
        raise SubmissionError(
            "the rerun did not come to its end",
            key=str(config.parent),
            measured=f"exit code {done.returncode}",
            remedy="Keep its folder with --folder, and see its logs",
        )
    return config.parent / RESULTS
