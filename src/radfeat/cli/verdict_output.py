"""A verdict shown in a terminal and written as page and JSON."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from radfeat.submission.levels import Verdict
    from radfeat.submission.tolerance import Tolerances

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EXIT_CODES = (
    "\b\nExit codes: 0 all that is required holds, 2 usage, 3 the package is damaged or cannot be read,\n"
    "10 inputs differ (V0), 14 conclusions differ (V4), 13 values differ beyond tolerance (V3),\n"
    "12 content differs (V2) and 11 bytes differ (V1) where --level asks for that; the gravest counts."
)
level_option = click.option(
    "--level",
    type=click.Choice(["V1", "V2", "V3"]),
    default="V3",
    show_default=True,
    help="How equal the tables have to be for exit code 0.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for verdict.html and verdict.json; none are written if not given.",
)
key_option = click.option(
    "--key", "keys", type=FILE, multiple=True, help="Public key of a signer you know; repeatable."
)
tolerances_option = click.option(
    "--tolerances", type=FILE, help="Signed table of looser tolerances: name, rtol, atol, reason."
)


def read_tolerances(path: Path | None, known: tuple[str, ...]) -> "Tolerances":
    """The tolerances: the default, or those of a table that a known key signed."""
    from radfeat.core.provenance import compute_file_sha256
    from radfeat.submission.signature import require_signed
    from radfeat.submission.tolerance import Tolerances, parse_tolerances

    if path is None:
        return Tolerances()
    require_signed(path, compute_file_sha256(path), known)
    return parse_tolerances(path.read_text(encoding="utf-8"), path.name)


def show_verdict(verdict: "Verdict", out: Path | None) -> int:
    """Print a verdict, write it where that is wanted, and return its exit code."""
    from radfeat.core.files import write_text
    from radfeat.report.style import read_style
    from radfeat.submission.verdict_text import build_json, list_lines, render_verdict

    click.echo(verdict.title)
    width = max(len(name) for name, _ in verdict.facts)
    for name, value in verdict.facts:
        click.echo(f"  {name.lower():<{width}}  {value}")
    click.echo("")
    _print_table(verdict)
    for line in list_lines(verdict):
        click.echo(line)
    click.echo(f"\n{verdict.sentence}")
    if out is not None:
        write_text(out / "verdict.html", render_verdict(verdict, read_style()))
        write_text(out / "verdict.json", build_json(verdict))
        click.echo(f"Written to {out}: verdict.html, verdict.json")
    return verdict.exit_code


def _print_table(verdict: "Verdict") -> None:
    from radfeat.submission.levels import Outcome
    from radfeat.submission.verdict_text import LEVEL_WORDS

    colours = {Outcome.HOLDS: "green", Outcome.FAILS: "red", Outcome.NOT_CHECKED: "yellow"}
    table = Table(box=None, pad_edge=False)
    for head in ("", "what", "outcome", "found"):
        table.add_column(head, overflow="fold")
    for check in verdict.checks:
        table.add_row("", check.name, f"[{colours[check.outcome]}]{check.outcome.value}[/]", check.sentence)
    for level in verdict.levels:
        state = f"[{colours[level.outcome]}]{level.outcome.value}[/]"
        table.add_row(level.level.code, LEVEL_WORDS[level.level].lower(), state, level.sentence)
    Console(soft_wrap=False, highlight=False).print(table)
