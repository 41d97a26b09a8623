"""How far a run is, read from the progress files that its chunks write."""

import json
from dataclasses import dataclass

from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan, chunk_inputs


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Cases of the whole run; ``failed`` and ``cached`` count among ``done``."""

    total: int
    done: int
    failed: int
    cached: int


def read_progress(folder: ResultsFolder, plan: Plan) -> RunProgress:
    """Sum the chunks' progress; a chunk that was started with other inputs counts as not begun."""
    done = failed = cached = 0
    for bucket in plan.buckets:
        path = folder.progress(bucket)
        if not path.is_file():
            continue
        chunk = json.loads(path.read_text(encoding="utf-8"))
        if chunk["inputs"] != chunk_inputs(plan, bucket):
            continue
        done += chunk["done"]
        failed += chunk["failed"]
        cached += chunk["cached"]
    return RunProgress(plan.cases, done, failed, cached)
