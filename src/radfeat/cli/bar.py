"""Counts of what is done: a bar in a terminal, now and then a line in a log. Never a path, never a name."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

SAY_SECONDS = 15.0
"""How often a line is printed where there is no terminal to draw a bar in."""

Tell = Callable[[str, int, int], None]
"""Is told the stage, how much is done, and of how much."""


@contextmanager
def show_progress(unit: str = "") -> Iterator[Tell]:
    """Show the stages of a command that counts in ``unit`` (files, cases; empty where the stage says it)."""
    if sys.stderr.isatty():
        with _draw(unit) as tell:
            yield tell
    else:
        yield _say(unit)


@contextmanager
def _draw(unit: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(str(stage))
            bar.update(tasks[stage], completed=done, total=total)

        yield tell


def _say(unit: str) -> Tell:
    said = time.monotonic()

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= SAY_SECONDS:
            said = time.monotonic()
            click.echo(f"  {stage}: {done} of {total} {unit}".rstrip(), err=True)

    return tell
