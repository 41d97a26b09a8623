"""``radfeat audit show``: the audit trail, a line an event."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from radfeat.cli.options import EXISTING_FOLDER
from radfeat.core.audit import AuditAction, AuditLine, read_trail
from radfeat.core.audit_notes import list_notes
from radfeat.core.errors import TableError
from radfeat.pipeline.folders import ResultsFolder


@click.command(
    epilog="\b\nExamples:\n  radfeat audit show my-study/results\n"
    "  radfeat audit show my-study/results --action arms_read --action gate_overridden\n"
    "  radfeat audit show my-study/results --json"
)
@click.argument("results", type=EXISTING_FOLDER)
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice([a.value for a in AuditAction]),
    help="Only events of this kind; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="A list of events for a program.")
def show(results: Path, actions: tuple[str, ...], as_json: bool) -> None:
    """Show the events of a results folder. Judges nothing: `radfeat audit verify` does."""
    folder = ResultsFolder(results)
    lines = require_trail(folder)
    shown = [line for line in lines if not actions or line.event.action.value in actions]
    if as_json:
        click.echo(json.dumps([asdict(line) for line in shown], indent=1))
        return
    for line in shown:
        click.echo(describe_line(line))
    waiting = len(list_notes(folder.audit_notes))
    if waiting:
        click.echo(f"Events of {waiting} jobs are not taken in yet; the end of the run does that.", err=True)


def require_trail(folder: ResultsFolder) -> tuple[AuditLine, ...]:
    """The lines of the audit trail of a results folder.

    Raises
    ------
    TableError
        There is none.
    """
    if not folder.audit.is_file():
        raise TableError(
            "there is no audit trail here", key=str(folder.audit), remedy="Name the results folder of a run"
        )
    return read_trail(folder.audit)


def describe_line(line: AuditLine) -> str:
    """A line as text: number, time to the second, who, what, the beginning of the digest, why."""
    event = line.event
    when = f"{event.when[:10]} {event.when[11:19]}"
    digest = f" [{event.digest[:12]}]" if event.digest else ""
    reason = f": {event.reason}" if event.reason else ""
    return (
        f"{line.line:>5}  {when}  {event.actor}@{event.host}  {event.action}  {event.subject}{digest}{reason}"
    )
