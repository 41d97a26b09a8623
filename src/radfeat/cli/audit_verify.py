"""``radfeat audit verify``: whether a line of the audit trail was edited, put in, moved or taken away."""

from pathlib import Path

import click

from radfeat.cli.audit_show import require_trail
from radfeat.cli.options import EXISTING_FOLDER
from radfeat.core.audit_check import check_trail, find_line
from radfeat.core.audit_notes import list_notes
from radfeat.core.errors import TableError
from radfeat.pipeline.folders import ResultsFolder


@click.command(
    epilog="\b\nExamples:\n  radfeat audit verify my-study/results\n"
    "  radfeat audit verify my-study/results --hash 5d4c...  # as noted in a protocol or a package"
)
@click.argument("results", type=EXISTING_FOLDER)
@click.option("--hash", "noted", help="Hash of a line, as it was noted elsewhere: is that line still there?")
def verify(results: Path, noted: str | None) -> None:
    """Check every line of the audit trail; exit with 3 where one is not as it was written.

    A trail that was written anew as a whole is whole in itself: only the hash of a line that is kept
    elsewhere shows it.
    """
    folder = ResultsFolder(results)
    lines = require_trail(folder)
    findings = check_trail(folder.audit)
    for finding in findings:
        click.echo(f"{folder.audit.name}, line {finding.line}: {finding.fault}. {finding.sentence}", err=True)
    if findings:
        count = "1 line" if len(findings) == 1 else f"{len(findings)} lines"
        raise TableError(
            f"the audit trail is not as it was written, at {count} (listed above)",
            key=folder.audit.name,
            remedy="Compare it with a copy; nothing mends it, and what follows stays on record",
        )
    if noted is not None:
        click.echo(f"The hash is that of line {_require_noted(folder, noted)}.")
    waiting = len(list_notes(folder.audit_notes))
    more = f" Events of {waiting} jobs are not taken in yet." if waiting else ""
    click.echo(
        f"{len(lines)} lines, all as they were written.{more} The hash of the last, to be noted elsewhere:"
    )
    click.echo(lines[-1].hash if lines else "none")


def _require_noted(folder: ResultsFolder, noted: str) -> int:
    line = find_line(folder.audit, noted)
    if line is None:
        raise TableError(
            "no line of the audit trail has the hash that was noted",
            key=folder.audit.name,
            measured=noted,
            remedy="The trail is another, or was written anew; compare it with a copy",
        )
    return line
