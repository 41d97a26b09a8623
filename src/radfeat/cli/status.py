"""``radfeat status``: how a run stands, from another terminal."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from radfeat.cli.options import config_argument, resolve_config
from radfeat.pipeline.status import RunStatus, State, read_status


@click.command(
    epilog="\b\nExamples:\n  radfeat status my-study\n  watch -n 10 radfeat status my-study\n"
    "  radfeat status my-study --json"
)
@config_argument
@click.option("--json", "as_json", is_flag=True, help="The same for a program.")
def status(config: Path, as_json: bool) -> None:
    """Say how a run stands: done, at work, failed by reason, pace, time left. Reads only."""
    from radfeat.cli.run_parts import find_results

    found = read_status(find_results(resolve_config(config)))
    click.echo(json.dumps(asdict(found), indent=1) if as_json else "\n".join(list_lines(found)))


def list_lines(found: RunStatus) -> list[str]:
    """A status as lines of text."""
    holder = f" ({found.holder.name})" if found.holder else ""
    hint = "; run it again to go on" if found.state is State.KILLED else ""
    share = f"{100 * found.done // found.cases} %" if found.cases else "none to do"
    lines = [
        f"  run      {found.state.value}{holder}{hint}",
        f"  cases    {found.done} of {found.cases} ({share}), {found.before} of them before this run",
        f"  chunks   {found.chunks_done} of {found.chunks} done, {found.chunks_at_work} at work",
        f"  failed   {_word_failed(found)}",
    ]
    if found.pace is not None and found.seconds_left is not None:
        left = format_seconds(found.seconds_left)
        lines.append(f"  pace     {found.pace:.3g} cases a minute, {left} left for measuring")
    if found.models[1]:
        lines.append(f"  models   {found.models[0]} of {found.models[1]} done")
    lines.append(f"  report   {'written' if found.has_report else 'not yet'}")
    return lines


def _word_failed(found: RunStatus) -> str:
    total = sum(found.failed.values())
    reasons = ", ".join(f"{n} {reason}" for reason, n in found.failed.items())
    return f"{total} ROIs: {reasons}" if total else "0 ROIs"


def format_seconds(seconds: float) -> str:
    """Hours, minutes and seconds as ``h:mm:ss``."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
