"""Performance checks: the trial of the demonstration from scans to report, against its planted truth."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from radfeat.core.audit import AuditAction, read_trail
from radfeat.core.audit_check import check_trail
from radfeat.core.errors import TableError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.package_check import check_package
from radfeat.submission.bag import check_bag
from radfeat.submission.levels import Outcome
from radfeat.submission.qualification import Check, Stage
from radfeat.submission.requirements import Result
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import ROIS, TABLES

ASKED = {
    "PQ-1": "Does the simulated trial of the demonstration run from scans to report?",
    "PQ-2": "Is every broken input a row with the reason that was planted, and every other ROI measured?",
    "PQ-3": "Has every table the logical digest that it states?",
    "PQ-4": "Does a second run of the finished trial do nothing?",
    "PQ-5": "Does the trial, run again elsewhere on one core, give the same tables?",
    "PQ-6": "Is the audit trail of the finished trial whole, from its beginning to its end?",
    "PQ-7": "Does a package of the trial verify, and is a file of it that was altered by one bit named?",
}
REQUIREMENTS = {
    "PQ-1": ("R-REP-1",),
    "PQ-2": ("R-QC-1", "R-TAB-3"),
    "PQ-3": ("R-TAB-1",),
    "PQ-4": ("R-DET-3",),
    "PQ-5": ("R-DET-1",),
    "PQ-6": ("R-AUD-1",),
    "PQ-7": ("R-PACK-1",),
}
_NOTHING = "nothing to do"
_ALTERED = "data/outputs/blinded/features.parquet"


def check_performance(folder: Path, cores: int | None) -> Iterator[Check]:
    """Run the trial twice in new folders below ``folder``, the second time on one core."""
    first, again = folder / "first", folder / "again"
    done = _run("demo", "--folder", str(first), *_cores(cores))
    if done.returncode:
        yield _say("PQ-1", Result.FAILED, f"Exit code {done.returncode}: {_last(done.stderr or done.stdout)}")
        for name in list(ASKED)[1:]:
            yield _say(name, Result.NOT_RUN, "The trial did not run to its end.")
        return
    results = ResultsFolder(first / "trial" / "results")
    yield check_report(results)
    yield check_broken(first / "trial" / "truth.json", results)
    yield check_digests(results)
    second = _run("run", str(first / "trial"), *_cores(cores))
    nothing = second.returncode == 0 and _NOTHING in second.stdout
    yield _say(
        "PQ-4", _judge(nothing), _last(second.stdout.splitlines()[0] if second.stdout else second.stderr)
    )
    _run("demo", "--folder", str(again), "--cores", "1")
    yield check_same(results, ResultsFolder(again / "trial" / "results"))
    yield check_audit(results)
    packed = _run("package", str(results.root), "--out", str(folder / "package"))
    if packed.returncode:
        yield _say("PQ-7", Result.FAILED, f"Exit code {packed.returncode}: {_last(packed.stderr)}")
    else:
        yield check_packed(folder / "package")


def _say(name: str, result: Result, found: str) -> Check:
    return Check(name, Stage.PERFORMANCE, ASKED[name], result, found, REQUIREMENTS[name])


def _judge(passed: bool) -> Result:
    return Result.PASSED if passed else Result.FAILED


def _cores(cores: int | None) -> tuple[str, ...]:
    return () if cores is None else ("--cores", str(cores))


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one command; where this process is ended, the command is told, so that its workflow ends too."""
    command = [sys.executable, "-m", "radfeat", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _last(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "nothing was said"


def check_report(results: ResultsFolder) -> Check:
    """The page is there, and so is the blinded one."""
    there = results.report.is_file() and results.unblinded.is_dir()
    return _say("PQ-1", _judge(there), "Report and unblinded tables written." if there else "No report.")


def check_broken(truth: Path, results: ResultsFolder) -> Check:
    """Each ROI of the table against what was planted."""
    broken = json.loads(truth.read_text(encoding="utf-8"))["broken"]
    expected = {roi: one["expected_reason"] for one in broken for roi in one["roi_ids"]}
    rows = {row["roi_id"]: row for row in read_table(results.blinded / "rois.parquet", ROIS).to_pylist()}
    wrong = [roi for roi, row in rows.items() if row["reason"] != expected.get(roi)]
    absent = [roi for roi in expected if roi not in rows]
    found = (
        f"{len(rows)} ROIs, {len(expected)} broken; {len(wrong)} with another reason, {len(absent)} absent."
    )
    return _say("PQ-2", _judge(bool(expected) and not wrong and not absent), found)


def check_digests(results: ResultsFolder) -> Check:
    """Every table, its digest computed anew."""
    faults, checked = [], 0
    for path, name in list_tables(results):
        checked += 1
        try:
            read_table(path, TABLES[name], verify=True)
        except TableError as error:
            faults.append(error.sentence)
    found = f"{checked} tables." if not faults else faults[0]
    return _say("PQ-3", _judge(checked > 0 and not faults), found)


def check_same(results: ResultsFolder, again: ResultsFolder) -> Check:
    """The digests of two runs of the same trial."""
    first, second = _list_digests(results), _list_digests(again)
    different = sorted(n for n in first.keys() | second.keys() if first.get(n) != second.get(n))
    found = f"{len(first)} tables equal." if not different else f"Different: {', '.join(different[:5])}."
    return _say("PQ-5", _judge(bool(first) and not different), found)


def check_audit(results: ResultsFolder) -> Check:
    """Every line vouches for the one before; the first says that a run began, the last that one ended."""
    lines, faults = read_trail(results.audit), check_trail(results.audit)
    if faults:
        return _say("PQ-6", Result.FAILED, f"Line {faults[0].line}: {faults[0].fault}.")
    ends = [line.event.action for line in (*lines[:1], *lines[-1:])]
    whole = ends == [AuditAction.RUN_STARTED, AuditAction.RUN_ENDED]
    return _say("PQ-6", _judge(whole), f"{len(lines)} lines." if whole else "Beginning or end is missing.")


def check_packed(package: Path) -> Check:
    """The package as it was written, and with one bit of its table of features altered."""
    checks = check_package(package)
    faults = [check.sentence for check in checks if check.outcome is Outcome.FAILS]
    if faults:
        return _say("PQ-7", Result.FAILED, f"As it was written: {faults[0]}.")
    altered = package / _ALTERED
    content = bytearray(altered.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(bytes(content))
    named = [fault.path for fault in check_bag(package)]
    found = f"It verifies; altered {_ALTERED}, named {', '.join(named) or 'nothing'}."
    return _say("PQ-7", _judge(named == [_ALTERED]), found)


def list_tables(results: ResultsFolder) -> Iterator[tuple[Path, str]]:
    """Path and name of every table of the two halves."""
    for half in (results.blinded, results.unblinded):
        for name in sorted(TABLES):
            path = half / f"{name}.parquet"
            if is_table(path):
                yield path, name


def _list_digests(results: ResultsFolder) -> dict[str, str]:
    return {name: read_identity(path).logical_digest for path, name in list_tables(results)}
