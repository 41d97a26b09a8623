"""Carrying out a qualification, and writing it down."""

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from radfeat.core.files import write_text
from radfeat.core.provenance import compute_file_sha256
from radfeat.core.vocabulary import PhantomSource
from radfeat.pipeline.code import describe_installation
from radfeat.pipeline.ct_phantom import PhantomFiles
from radfeat.pipeline.qualify_installation import check_installation
from radfeat.pipeline.qualify_operation import check_operation
from radfeat.pipeline.qualify_performance import check_performance
from radfeat.report.style import read_style
from radfeat.submission.qualification import Check, Qualification, Stage, build_json, trace
from radfeat.submission.qualification_page import render_qualification
from radfeat.submission.requirements import Result, read_matrix, read_requirements, read_test_results

FILES = ("qualification.html", "qualification.json")


def carry_out(
    stages: Collection[Stage], ct: Mapping[PhantomSource, PhantomFiles], cores: int | None
) -> Iterator[Check]:
    """The checks of some stages, one after the other; a stage that was not asked for is told as not run."""
    for stage in Stage:
        if stage in stages:
            yield from _carry_out_one(stage, ct, cores)
        else:
            yield skip(stage)


def _carry_out_one(
    stage: Stage, ct: Mapping[PhantomSource, PhantomFiles], cores: int | None
) -> Iterator[Check]:
    if stage is Stage.INSTALLATION:
        yield from check_installation()
    elif stage is Stage.OPERATION:
        yield from check_operation(ct)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield from check_performance(Path(folder), cores)


def skip(stage: Stage) -> Check:
    """A stage that was not asked for, as one check that was not run."""
    found = f"Not asked for (--stage {stage.value})."
    return Check(f"{stage.value[0].upper()}Q", stage, f"All checks of {stage.value}.", Result.NOT_RUN, found)


def build_qualification(checks: Collection[Check], tests: Path | None) -> Qualification:
    """Checks, and every requirement with its tests and their results, if a file of results is given.

    Raises
    ------
    SubmissionError
        If the file of results cannot be read.
    """
    results = {} if tests is None else read_test_results(tests)
    source = "none were given, so no test counts as run"
    if tests is not None:
        source = f"{tests.name}, SHA-256 {compute_file_sha256(tests)}"
    traced = trace(read_requirements(), read_matrix(), results, tuple(checks))
    return Qualification(describe_installation(), tuple(checks), traced, source)


def write_qualification(folder: Path, qualification: Qualification) -> None:
    """Write page and JSON; the same qualification gives the same bytes."""
    page, data = FILES
    write_text(folder / page, render_qualification(qualification, read_style()))
    write_text(folder / data, json.dumps(build_json(qualification), indent=1, ensure_ascii=False) + "\n")
