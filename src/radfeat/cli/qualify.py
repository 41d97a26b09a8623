"""``radfeat qualify``: whether this installation works as it should."""

import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER, require_writable
from radfeat.core.errors import GateError, SettingsError

if TYPE_CHECKING:
    from radfeat.core.vocabulary import PhantomSource
    from radfeat.pipeline.ct_phantom import PhantomFiles
    from radfeat.submission.qualification import Check

STAGES = ("installation", "operation", "performance")


@click.command(
    epilog="\b\nExamples:\n  radfeat qualify --stage installation --stage operation\n"
    "  radfeat qualify --phantom data_sets --tests junit.xml --to qualification\n"
    "\b\nExit codes: 0 no check failed, 4 a check failed. What was not run is said and has not passed."
)
@click.option(
    "--stage",
    "stages",
    type=click.Choice(STAGES),
    multiple=True,
    help="Stages to carry out; all by default. Performance runs a trial twice (minutes).",
)
@click.option("--phantom", type=EXISTING_FOLDER, help="Folder of IBSI's CT phantom, or of its data_sets.")
@click.option("--tests", type=ANY_PATH, help="Results of the tests, from `pytest --junit-xml FILE`.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores for the trial; all by default.")
@click.option(
    "--to", type=ANY_PATH, default=Path("qualification"), show_default=True, help="Folder for page and JSON."
)
def qualify(
    stages: tuple[str, ...], phantom: Path | None, tests: Path | None, cores: int | None, to: Path
) -> None:
    """Check installation, operation and performance, and write a page to sign.

    The page lists every requirement with the tests that show it.
    """
    from radfeat.pipeline.qualify import FILES, build_qualification, carry_out, write_qualification
    from radfeat.submission.qualification import Stage
    from radfeat.submission.requirements import Result

    # As with Ctrl-C, the trial that is at work ends with this process.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    require_writable(to)
    ct = _find(phantom) if phantom is not None else {}
    build_qualification((), tests)  # a file of results that cannot be read is said before minutes are spent
    checks = _tell(carry_out([Stage(s) for s in stages or STAGES], ct, cores))
    qualification = build_qualification(checks, tests)
    write_qualification(to, qualification)
    click.echo(f"\n{qualification.sentence}")
    click.echo(f"Written to {to}: {', '.join(FILES)}")
    if qualification.result is Result.FAILED:
        failed = [check.id for check in checks if check.result is Result.FAILED]
        failed += [t.requirement.id for t in qualification.traced if t.result is Result.FAILED]
        raise GateError(
            "this installation is not qualified",
            measured=f"failed: {', '.join(failed)}",
            allowed="none",
            remedy="Install the versions of requirements.lock, and see docs/qualify.md",
        )


def _find(phantom: Path) -> "dict[PhantomSource, PhantomFiles]":
    from radfeat.pipeline.ct_phantom import WHERE_TO_GET_IT, find_ct_phantom

    found = find_ct_phantom(phantom)
    if not found:
        raise SettingsError(
            "the CT phantom of IBSI is not in this folder",
            key=str(phantom),
            remedy=f"Mend --phantom, or leave it out. {WHERE_TO_GET_IT}",
        )
    return dict(found)


def _tell(checks: "Iterable[Check]") -> "list[Check]":
    """Print a line for each check as soon as it is carried out."""
    told = []
    for check in checks:
        click.echo(f"{check.id}  {check.result.value:<7}  {check.asked} {check.found}")
        told.append(check)
    return told
