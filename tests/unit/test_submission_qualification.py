"""The qualification: what failed, what was not run, and what shows a requirement."""

from pathlib import Path

import pytest

from radfeat.core.errors import SubmissionError
from radfeat.submission.qualification import Check, Qualification, Stage, build_json, trace
from radfeat.submission.qualification_page import render_qualification
from radfeat.submission.requirements import (
    Requirement,
    Result,
    read_matrix,
    read_requirements,
    read_test_results,
)

PASSED, FAILED, NOT_RUN = Result.PASSED, Result.FAILED, Result.NOT_RUN
ONE, TWO = Requirement("R-1", "First", "It works."), Requirement("R-2", "Second", "It holds.")
MATRIX = {"R-1": ("tests/unit/test_a.py::test_x", "tests/unit/test_a.py::test_y")}
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_x[1]"/>
<testcase classname="tests.unit.test_a" name="test_x[2]"><skipped/></testcase>
<testcase classname="tests.unit.test_a" name="test_y"><failure>no</failure></testcase>
<testcase classname="tests.unit.test_a" name="test_z"><skipped/></testcase>
</testsuite></testsuites>"""


def check(result: Result, *requirements: str) -> Check:
    return Check("OQ-1", Stage.OPERATION, "Does it?", result, "Found.", requirements)


def qualify(*checks: Check, results: dict[str, Result] | None = None) -> Qualification:
    traced = trace((ONE, TWO), MATRIX, results or {}, checks)
    return Qualification((("radfeat", "0.1.0"),), tuple(checks), traced, "none")


def test_results_of_tests_are_read_by_function_over_all_cases(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT, encoding="utf-8")
    assert read_test_results(path) == {
        "tests/unit/test_a.py::test_x": PASSED,
        "tests/unit/test_a.py::test_y": FAILED,
        "tests/unit/test_a.py::test_z": NOT_RUN,
    }


@pytest.mark.parametrize("content", [None, "", "<testsuites>"])
def test_a_file_of_results_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "junit.xml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SubmissionError, match="cannot be read"):
        read_test_results(path)


@pytest.mark.requirement("R-SUB-3")
@pytest.mark.parametrize(
    ("results", "of_check", "expected"),
    [
        ((PASSED, PASSED), PASSED, PASSED),
        ((PASSED, PASSED), NOT_RUN, PASSED),
        ((PASSED, NOT_RUN), PASSED, NOT_RUN),
        ((NOT_RUN, NOT_RUN), PASSED, NOT_RUN),
        ((PASSED, FAILED), PASSED, FAILED),
        ((PASSED, PASSED), FAILED, FAILED),
    ],
)
def test_a_requirement_has_passed_only_if_all_its_tests_were_run_and_passed(
    results: tuple[Result, Result], of_check: Result, expected: Result
) -> None:
    known = dict(zip(MATRIX["R-1"], results, strict=True))
    first, second = qualify(check(of_check, "R-1"), results=known).traced
    assert first.result is expected
    assert second.result is NOT_RUN  # it has no test at all


@pytest.mark.requirement("R-SUB-3")
def test_what_was_not_run_has_not_passed() -> None:
    assert qualify(check(PASSED), check(PASSED)).result is PASSED
    assert qualify(check(PASSED), check(NOT_RUN)).result is NOT_RUN
    assert qualify(check(FAILED), check(NOT_RUN)).result is FAILED
    assert qualify().result is NOT_RUN
    assert "of 2 checks 1 not run" in qualify(check(PASSED), check(NOT_RUN)).sentence


def test_page_and_json_say_the_same_and_leave_room_for_signatures() -> None:
    made = qualify(check(PASSED, "R-1"), check(NOT_RUN), results={MATRIX["R-1"][0]: FAILED})
    page, data = render_qualification(made, ""), build_json(made)
    assert data["result"] == "failed"
    assert "<wbr>" in page
    assert data["requirements"][0]["tests"] == {MATRIX["R-1"][0]: "failed", MATRIX["R-1"][1]: "not run"}  # type: ignore[index]
    for text in ("Performed by", "Reviewed by", "Approved by", "R-2", "Failed"):
        assert text in page


@pytest.mark.requirement("R-SUB-3")
def test_matrix_of_the_package_has_tests_for_every_requirement() -> None:
    matrix = read_matrix()
    assert [r.id for r in read_requirements() if not matrix.get(r.id)] == []
