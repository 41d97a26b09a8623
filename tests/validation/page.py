"""The table of `docs/validation.md`: every check with its number, error, bound and verdict."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from validation.measures import Bound, Check, Measured, Verdict
from validation.scenarios import SCENARIOS, Record

BEGIN = "<!-- begin: written by make validate-statistics -->"
END = "<!-- end -->"

_KINDS = {"time_to_event": "time to event", "binary": "binary", "continuous": "continuous"}


@dataclass(frozen=True, slots=True)
class Run:
    """What was run: how, when, with which version; ``trials`` by scenario and kind of endpoint."""

    command: str
    date: str
    version: str
    commit: str
    trials: Mapping[str, Mapping[str, int]]


def write_table(checks: Sequence[Check], run: Run) -> str:
    """The run in one paragraph, and one table for each scenario."""
    failed = sum(check.verdict is Verdict.FAILED for check in checks)
    asserted = sum(check.verdict is not Verdict.NOT_ASSERTED for check in checks)
    head = (
        f"`{run.command}` on {run.date}, radfeat {run.version} ({run.commit}): **{asserted - failed} of "
        f"{asserted} bounds kept{f', {failed} FAILED' if failed else ''}**."
    )
    return "\n".join([head, *(line for name in SCENARIOS for line in _write_scenario(name, checks, run))])


def replace_table(page: str, table: str) -> str:
    """The page with another table between its two marks; ValueError where it has no such marks."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the page lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def count_trials(records: Sequence[Record]) -> Mapping[str, Mapping[str, int]]:
    """Trials by scenario and kind of endpoint."""
    found: dict[str, dict[str, int]] = {}
    for record in records:
        kinds = found.setdefault(record.scenario, {})
        kinds[record.kind] = kinds.get(record.kind, 0) + 1
    return found


def _write_scenario(name: str, checks: Sequence[Check], run: Run) -> Iterator[str]:
    own = [check for check in checks if check.scenario == name]
    if not own:
        return
    seeds = ", ".join(f"{_KINDS[kind]} 1 to {count}" for kind, count in run.trials[name].items())
    yield from ("", f"### {SCENARIOS[name].title}", f"{SCENARIOS[name].planted} Seeds: {seeds}.", "")
    yield from ("| Endpoint | What | Trials | Found | Standard error | Bound | Verdict |", "|---" * 7 + "|")
    for check in own:
        measured = check.measured
        cells = (
            _KINDS[check.kind],
            check.what,
            str(measured.trials),
            write_number(measured.estimate),
            "" if measured.error is None else write_number(measured.error),
            write_bound(check.bound),
            check.verdict.value,
        )
        yield f"| {' | '.join(cells)} |"


def write_number(value: float) -> str:
    """Three decimals, or what the page shows where there is no number."""
    return "none" if math.isnan(value) else f"{value:.3f}"


def write_bound(bound: Bound | None) -> str:
    """The bound in words."""
    if bound is None:
        return ""
    lo, hi = write_number(bound.lo), write_number(bound.hi)
    if math.isinf(bound.lo) or math.isinf(bound.hi):
        return f"at most {hi}" if math.isinf(bound.lo) else f"at least {lo}"
    return lo if bound.lo == bound.hi else f"{lo} to {hi}"


def write_line(check: Check) -> str:
    """A check as a line for the terminal."""
    where = f"{check.scenario}, {_KINDS[check.kind]}"
    found = f"{_join(check.measured)}  [{write_bound(check.bound)}]"
    return f"{check.verdict.value:12}  {where}: {check.what}: {found}"


def _join(measured: Measured) -> str:
    error = "" if measured.error is None else f" (SE {write_number(measured.error)})"
    return f"{write_number(measured.estimate)}{error} of {measured.trials}"
