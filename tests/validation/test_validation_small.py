"""A few trials of every scenario: what `make validate-statistics` runs hundreds of (docs/validation.md).

The bounds are as wide as so few trials need: they notice what is grossly wrong, and that the suite runs.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from radfeat.core.vocabulary import EndpointKind
from validation.measures import Check, Verdict
from validation.page import BEGIN, END
from validation.run import Task, judge, run_trials, write_records
from validation.scenarios import SCENARIOS, Record

TIME, BINARY, CONTINUOUS = EndpointKind.TIME_TO_EVENT, EndpointKind.BINARY, EndpointKind.CONTINUOUS

TRIALS = {
    "null": {TIME: 4, BINARY: 2, CONTINUOUS: 6},
    "gate": {TIME: 2, BINARY: 2, CONTINUOUS: 2},
    "prognostic": {TIME: 4},
    "predictive": {TIME: 5, CONTINUOUS: 5},
    "leak_selection": {BINARY: 5},
    "leak_cut": {TIME: 60},
    "leak_combat": {BINARY: 10},
}


@pytest.fixture(scope="module")
def records() -> Sequence[Record]:
    tasks = [
        Task(name, kind, seed)
        for name, kinds in TRIALS.items()
        for kind, trials in kinds.items()
        for seed in range(1, trials + 1)
    ]
    return run_trials(tasks, workers=1)


@pytest.fixture(scope="module")
def checks(records: Sequence[Record]) -> Sequence[Check]:
    return judge(records, large=4000)


@pytest.mark.parametrize("name", list(TRIALS))
def test_few_trials_keep_the_bounds_of_so_few(name: str, checks: Sequence[Check]) -> None:
    own = [check for check in checks if check.scenario == name]
    assert [check for check in own if check.verdict is Verdict.FAILED] == []
    assert any(check.verdict is Verdict.PASSED for check in own)


def test_every_scenario_is_tried() -> None:
    assert list(TRIALS) == list(SCENARIOS)


def test_records_are_kept_one_row_for_each_trial(records: Sequence[Record], tmp_path: Path) -> None:
    paths = write_records(tmp_path, records)
    assert [path.stem for path in paths] == list(TRIALS)
    null = pq.read_table(tmp_path / "null.parquet")
    assert null.num_rows == sum(TRIALS["null"].values())
    assert {"seed", "kind", "p_predictive", "permutation_p"} <= set(null.column_names)


def test_page_has_the_marks_that_the_command_writes_between() -> None:
    page = (Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    for scenario in SCENARIOS.values():
        assert f"### {scenario.title}" in page
