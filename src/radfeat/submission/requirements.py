"""What radfeat promises, and which tests show it.

``requirements.csv`` is written by hand. ``requirement_tests.csv`` is made from the markers of the tests by
``tools/requirements.py``, so that an installation without tests knows them as well.
"""

import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from radfeat.core.errors import SubmissionError

MATRIX_COLUMNS = ("requirement", "test")


class Result(StrEnum):
    """What became of a check or a test. What was not run has not passed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One promise."""

    id: str
    area: str
    sentence: str


def read_requirements() -> tuple[Requirement, ...]:
    """All requirements, in their order."""
    rows = csv.DictReader(_read("requirements.csv").splitlines())
    return tuple(Requirement(row["id"], row["area"], row["requirement"]) for row in rows)


def read_matrix() -> Mapping[str, tuple[str, ...]]:
    """By requirement: its tests, as file and function."""
    matrix: dict[str, list[str]] = {}
    for row in csv.DictReader(_read("requirement_tests.csv").splitlines()):
        matrix.setdefault(row["requirement"], []).append(row["test"])
    return {name: tuple(tests) for name, tests in matrix.items()}


def _read(name: str) -> str:
    return files("radfeat.submission").joinpath(name).read_text(encoding="utf-8")


def read_test_results(path: Path) -> Mapping[str, Result]:
    """By test (file and function): what became of it, from a file that ``pytest --junit-xml`` wrote.

    A test with several parameters has passed if at least one case passed and none failed; one of which every
    case was skipped was not run.

    Raises
    ------
    SubmissionError
        If the file is not such a file.
    """
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        raise SubmissionError(
            "the results of the tests cannot be read",
            key=str(path),
            measured=str(error),
            remedy="Write them with `pytest --junit-xml FILE`",
        ) from None
    found: dict[str, list[Result]] = {}
    for case in cases:
        module, function = case.get("classname", ""), case.get("name", "").split("[")[0]
        test = f"{module.replace('.', '/')}.py::{function}"
        found.setdefault(test, []).append(_judge_case(case))
    return {test: combine(results) for test, results in found.items()}


def _judge_case(case: ElementTree.Element) -> Result:
    if case.find("failure") is not None or case.find("error") is not None:
        return Result.FAILED
    return Result.NOT_RUN if case.find("skipped") is not None else Result.PASSED


def combine(results: list[Result]) -> Result:
    """Failed if one failed, else passed if one passed, else not run."""
    return next((r for r in (Result.FAILED, Result.PASSED) if r in results), Result.NOT_RUN)
