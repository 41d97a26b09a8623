"""The command behind `make validate-statistics`.

PYTHONPATH=tests .venv/bin/python -m validation --workers 2 --page docs/validation.md
"""

import argparse
import datetime
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from radfeat.core.version import VERSION
from validation.limits import SUBJECTS
from validation.measures import Verdict
from validation.page import Run, count_trials, replace_table, write_line, write_table
from validation.run import judge, list_tasks, run_trials, write_records
from validation.scenarios import SCENARIOS, Record

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the trials, print the checks, write the page; 1 where a bound is not kept."""
    given = _parse()
    start = time.perf_counter()
    tasks = list_tasks(given.scenario or list(SCENARIOS), given.share)
    print(f"{len(tasks)} trials", flush=True)
    records = run_trials(tasks, given.workers, lambda done, of: _tell(done, of, start))
    paths = write_records(given.records, records)
    checks = judge(records, max(4000, round(given.share * SUBJECTS)))
    for check in checks:
        print(write_line(check))
    if given.page:
        run = _describe_run(given, records)
        page = given.page.read_text(encoding="utf-8")
        given.page.write_text(replace_table(page, write_table(checks, run)), encoding="utf-8")
    failed = sum(check.verdict is Verdict.FAILED for check in checks)
    print(f"{failed} of {len(checks)} checks failed; trials: {', '.join(map(str, paths))}")
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="Processes; the numbers do not depend on it.")
    parser.add_argument("--share", type=float, default=1.0, help="Share of the trials of each scenario.")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="These only; all.")
    parser.add_argument("--page", type=Path, help="Page whose table is written anew.")
    parser.add_argument("--records", type=Path, default=ROOT / "build" / "validation")
    return parser.parse_args()


def _tell(done: int, of: int, start: float) -> None:
    if done % 100 < 4 or done == of:
        print(f"{done} of {of} trials, {(time.perf_counter() - start) / 60:.1f} min", flush=True)


def _describe_run(given: argparse.Namespace, records: Sequence[Record]) -> Run:
    command = ["make validate-statistics"]
    if given.share != 1.0 or given.scenario:
        command = ["PYTHONPATH=tests python -m validation", f"--share {given.share:g}"]
        command += [f"--scenario {name}" for name in given.scenario or ()]
    return Run(
        command=" ".join(command),
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        version=VERSION,
        commit=_read_commit(),
        trials=count_trials(records),
    )


def _read_commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"


if __name__ == "__main__":
    sys.exit(main())
