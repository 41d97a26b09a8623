"""Run the scenarios: trials side by side, their records to Parquet files, the checks of all."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.core.batches import Each, OnProgress, map_in_batches
from radfeat.core.vocabulary import EndpointKind
from validation.criteria import check_limit, check_scenario
from validation.limits import find_limits
from validation.measures import Check
from validation.scenarios import SCENARIOS, Record


@dataclass(frozen=True, slots=True)
class Task:
    """One trial: scenario, kind of endpoint, seed."""

    scenario: str
    kind: EndpointKind
    seed: int


def list_tasks(names: Sequence[str], share: float) -> list[Task]:
    """The trials of some scenarios; of each its share."""
    return [
        Task(name, kind, seed)
        for name in names
        for kind, trials in SCENARIOS[name].take(share).items()
        for seed in range(1, trials + 1)
    ]


def run_task(task: Task) -> Record:
    """One trial."""
    return SCENARIOS[task.scenario].run(task.kind, task.seed)


def run_trials(tasks: Sequence[Task], workers: int, on_progress: OnProgress | None = None) -> list[Record]:
    """The records of trials, in the order of the tasks; the same on any number of workers."""
    return map_in_batches(
        Each(run_task), tasks, workers=workers, preload=__name__, limit=4, on_progress=on_progress
    )


def judge(records: Sequence[Record], large: int) -> list[Check]:
    """The checks of all scenarios that have records; ``large`` subjects show what the estimates aim at."""
    names = [name for name in SCENARIOS if any(record.scenario == name for record in records)]
    limits = find_limits(large) if "predictive" in names else {}
    checks = [check for kind, limit in limits.items() for check in check_limit(kind, limit)]
    for name in names:
        checks += check_scenario(name, [record for record in records if record.scenario == name], limits)
    return checks


def write_records(folder: Path, records: Sequence[Record]) -> list[Path]:
    """One Parquet file for each scenario, one row for each trial and kind of endpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in SCENARIOS:
        rows = [asdict(record) for record in records if record.scenario == name]
        if rows:
            paths.append(folder / f"{name}.parquet")
            pq.write_table(pa.Table.from_pylist(rows), paths[-1])
    return paths
