"""The verdict on a package, or on two runs: everything that was found, put together."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from radfeat.core.version import VERSION
from radfeat.pipeline.installation import list_installed
from radfeat.pipeline.package_check import read_facts
from radfeat.pipeline.package_source import Source, check_inputs
from radfeat.pipeline.rerun import read_packaged_settings
from radfeat.pipeline.run_pairs import find_results, pair_runs
from radfeat.submission.bag import compute_seal
from radfeat.submission.comparison import compare_runs
from radfeat.submission.levels import Check, Level, LevelVerdict, Outcome, Verdict
from radfeat.submission.lock_file import canonical_name
from radfeat.submission.tolerance import Tolerances

NOT_RUN = "nothing was computed again; see --rerun and --against"


def compare_folders(first: Path, second: Path, tolerances: Tolerances, required: Level) -> Verdict:
    """Compare two results folders or packages.

    Raises
    ------
    SubmissionError
        One of them holds no results.
    """
    levels = compare_runs(*pair_runs(find_results(first), find_results(second)), tolerances)
    facts = (("First", str(first)), ("Second", str(second)), ("radfeat", VERSION))
    return Verdict("Two runs compared", facts, (), levels, required, tolerances.sentences)


def judge_package(
    package: Path,
    checks: Sequence[Check],
    source: Source | None,
    results: Path | None,
    tolerances: Tolerances,
    required: Level,
) -> Verdict:
    """Judge a package by its own checks, the inputs at hand, and results to compare with.

    Parameters
    ----------
    package, checks
        The package, and what its own checks found. Where one failed, nothing else is looked at.
    source
        The inputs at hand; None: none are.
    results
        Results to compare with; None: none are.
    tolerances, required
        How far numbers may lie apart, and how equal tables have to be.
    """
    if any(check.outcome is Outcome.FAILS for check in checks):
        levels = _leave_unchecked("the package is not as it was written")
        return Verdict(_TITLE, (("Package", package.name),), tuple(checks), levels, required)
    levels = _leave_unchecked(NOT_RUN)
    if results is not None:
        levels = compare_runs(*pair_runs(find_results(package), find_results(results)), tolerances)
    given = check_inputs(source, read_packaged_settings(package).ingest)
    first = given if results is None else _join_inputs(given, levels[0])
    facts = read_facts(package)
    shown = (
        ("Package", package.name),
        ("Seal", compute_seal(package)),
        ("Run", facts["run_id"]),
        ("Written by radfeat", facts["radfeat"]),
        ("Verified by radfeat", VERSION),
        ("Versions here that differ", list_other_versions(package)),
    )
    judged = (first, *levels[1:])
    return Verdict(_TITLE, shown, tuple(checks), judged, required, tolerances.sentences, ("package", "rerun"))


_TITLE = "A package verified"


def list_other_versions(package: Path) -> str:
    """What the bill of materials of a package has in another version than this installation, in words."""
    path = package / "data" / "env" / "sbom.cdx.json"
    components = json.loads(path.read_text(encoding="utf-8"))["components"]
    there = {canonical_name(c["name"]): c["version"] for c in components}
    here = {canonical_name(p.name): p.version for p in list_installed()}
    differ = [
        f"{name} {here[name]} (package {there[name]})"
        for name in sorted(there.keys() & here.keys())
        if there[name] != here[name]
    ]
    return ", ".join(differ) or "none"


def _leave_unchecked(sentence: str) -> tuple[LevelVerdict, ...]:
    return tuple(LevelVerdict(level, Outcome.NOT_CHECKED, sentence) for level in Level)


def _join_inputs(given: LevelVerdict, read: LevelVerdict) -> LevelVerdict:
    """V0 by the files at hand and by what both runs read: it holds where neither says otherwise."""
    if given.outcome is Outcome.NOT_CHECKED:
        return read
    outcomes = {given.outcome, read.outcome}
    return replace(
        given,
        outcome=Outcome.FAILS if Outcome.FAILS in outcomes else Outcome.HOLDS,
        sentence=f"{given.sentence}; as read by both runs: {read.sentence}",
        differences=(*given.differences, *read.differences),
        remarks=(*given.remarks, *read.remarks),
    )
