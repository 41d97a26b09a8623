"""What a run shows while it is at work: a bar in a terminal, now and then a line in a log."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from radfeat.cli.bar import SAY_SECONDS
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan
from radfeat.pipeline.watch import Written, read_progress

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """What is shown at one moment: while images are measured the bar counts cases, afterwards steps."""

    stage: str
    done: int
    total: int
    unit: str
    note: str

    @property
    def line(self) -> str:
        """The view as a line of text."""
        return f"  {self.stage}: {self.done} of {self.total} {self.unit} ({self.note})"


def look(folder: ResultsFolder, plan: Plan, log: Path, before: Written) -> View:
    """Where the run is: cases from the chunks' progress files, stage and steps from Snakemake's log."""
    now = read_progress(folder, plan, before)
    note = f"{now.failed} failed, {now.cached} cached"
    text = log.read_text(encoding="utf-8")
    stages = re.findall(r"^(?:local)?rule (\w+):", text, flags=re.MULTILINE)
    if now.done < now.total:
        return View("extract" if stages else "plan", now.done, now.total, "cases", note)
    steps = re.findall(r"^(\d+) of (\d+) steps", text, flags=re.MULTILINE)
    done, total = (int(n) for n in (steps[-1] if steps else (0, 1)))
    return View(stages[-1] if stages else "plan", done, total, "steps", f"{now.total} cases, {note}")


def watch(process: subprocess.Popen[bytes], look_now: Callable[[], View]) -> None:
    """Show where a run is until its process ends."""
    show = _draw if sys.stderr.isatty() else _say
    show(process, look_now)


def _say(process: subprocess.Popen[bytes], look_now: Callable[[], View]) -> None:
    said, last = time.monotonic(), ""
    while process.poll() is None:
        _pause(process)
        if time.monotonic() - said < SAY_SECONDS:
            continue
        line = look_now().line
        if line != last:
            said, last = time.monotonic(), line
            click.echo(line, err=True)


def _pause(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment, or until the process ends."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(POLL_SECONDS)


def _draw(process: subprocess.Popen[bytes], look_now: Callable[[], View]) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}  [dim]{task.fields[note]}[/dim]  {task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        first = look_now()
        task = bar.add_task(first.stage, completed=first.done, total=first.total, unit="", note="", left="")
        begun, before = time.monotonic(), first.done if first.unit == "cases" else 0
        while process.poll() is None:
            now = look_now()
            left = _estimate_left(now, before, time.monotonic() - begun)
            bar.update(
                task,
                description=now.stage,
                completed=now.done,
                total=now.total,
                unit=now.unit,
                note=now.note,
                left=left,
            )
            _pause(process)


def _estimate_left(now: View, before: int, seconds: float) -> str:
    """Time left for the cases, from the pace of this run; nothing where there is no pace to go by."""
    done = now.done - before
    if now.unit != "cases" or done <= 0:
        return ""
    left = round(seconds / done * (now.total - now.done))
    hours, rest = divmod(left, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d} left"
