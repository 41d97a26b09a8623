"""The qualification of an installation: checks of three stages, and each requirement with what shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from radfeat.submission.requirements import Requirement, Result


class Stage(StrEnum):
    """The stages, in the words of computer system validation: IQ, OQ, PQ."""

    INSTALLATION = "installation"
    OPERATION = "operation"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was asked, what became of it, what was found, and the requirements it bears on."""

    id: str
    stage: Stage
    asked: str
    result: Result
    found: str
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traced:
    """A requirement with its tests, and the checks of this qualification that bear on it."""

    requirement: Requirement
    tests: tuple[tuple[str, Result], ...]
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        """Failed if a test or check failed, not run if any test was not; passed only if all tests passed."""
        results = [result for _, result in self.tests] + [check.result for check in self.checks]
        if Result.FAILED in results:
            return Result.FAILED
        tested = all(result is Result.PASSED for _, result in self.tests)
        return Result.PASSED if self.tests and tested else Result.NOT_RUN


@dataclass(frozen=True, slots=True)
class Qualification:
    """All checks and requirements; ``installation`` is name and version of what was qualified."""

    installation: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    traced: tuple[Traced, ...]
    test_source: str

    def count(self, stage: Stage) -> dict[Result, int]:
        """How many checks of a stage have each result."""
        own = [check.result for check in self.checks if check.stage is stage]
        return {result: own.count(result) for result in Result}

    @property
    def result(self) -> Result:
        """Of the checks: failed if one failed, passed if all were run and passed, else not run."""
        results = {check.result for check in self.checks}
        if Result.FAILED in results or any(t.result is Result.FAILED for t in self.traced):
            return Result.FAILED
        return Result.PASSED if results == {Result.PASSED} else Result.NOT_RUN

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        counts = {r: sum(check.result is r for check in self.checks) for r in Result}
        tested = sum(t.result is Result.PASSED for t in self.traced)
        words = {
            Result.PASSED: "Every check passed",
            Result.FAILED: f"{counts[Result.FAILED]} of {len(self.checks)} checks failed",
            Result.NOT_RUN: (
                f"No check failed; of {len(self.checks)} checks {counts[Result.NOT_RUN]} not run"
            ),
        }
        return f"{words[self.result]}; of {len(self.traced)} requirements {tested} shown by their tests."


def trace(
    requirements: Sequence[Requirement],
    matrix: Mapping[str, Sequence[str]],
    results: Mapping[str, Result],
    checks: Sequence[Check],
) -> tuple[Traced, ...]:
    """Each requirement with its tests and checks; a test without a result was not run."""
    return tuple(
        Traced(
            requirement,
            tuple((test, results.get(test, Result.NOT_RUN)) for test in matrix.get(requirement.id, ())),
            tuple(check for check in checks if requirement.id in check.requirements),
        )
        for requirement in requirements
    )


def build_json(qualification: Qualification) -> dict[str, object]:
    """The same for programs."""
    return {
        "result": qualification.result.value,
        "sentence": qualification.sentence,
        "installation": dict(qualification.installation),
        "tests": qualification.test_source,
        "checks": [
            {
                "id": check.id,
                "stage": check.stage.value,
                "asked": check.asked,
                "result": check.result.value,
                "found": check.found,
                "requirements": list(check.requirements),
            }
            for check in qualification.checks
        ],
        "requirements": [
            {
                "id": traced.requirement.id,
                "area": traced.requirement.area,
                "requirement": traced.requirement.sentence,
                "result": traced.result.value,
                "tests": {test: result.value for test, result in traced.tests},
                "checks": [check.id for check in traced.checks],
            }
            for traced in qualification.traced
        ],
    }
