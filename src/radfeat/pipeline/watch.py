"""How far a run is, read from the progress files that its chunks write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan, chunk_inputs

Written = Mapping[str, int]
"""When the progress file of a chunk was written (ns), by bucket."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Cases of the whole run; ``failed`` and ``cached`` count among ``done``.

    ``cached`` are those that this run did not measure: from the cache, or in chunks that were done before.
    """

    total: int
    done: int
    failed: int
    cached: int


def list_written(folder: ResultsFolder, plan: Plan) -> Written:
    """When each chunk wrote how far it is; asked before a run, it tells what that run did not touch."""
    paths = {bucket: folder.progress(bucket) for bucket in plan.buckets}
    return {bucket: path.stat().st_mtime_ns for bucket, path in paths.items() if path.is_file()}


def read_progress(folder: ResultsFolder, plan: Plan, before: Written) -> RunProgress:
    """Sum the chunks' progress; a chunk that was started with other inputs counts as not begun.

    Parameters
    ----------
    folder, plan
        The run.
    before
        ``list_written`` from before the run began: what stands in a file that was not written since was done
        by an earlier run.
    """
    now = list_written(folder, plan)
    done = failed = cached = 0
    for bucket in plan.buckets:
        if bucket not in now:
            continue
        chunk = json.loads(folder.progress(bucket).read_text(encoding="utf-8"))
        if chunk["inputs"] != chunk_inputs(plan, bucket):
            continue
        done += chunk["done"]
        failed += chunk["failed"]
        cached += chunk["done"] if before.get(bucket) == now[bucket] else chunk["cached"]
    return RunProgress(plan.cases, done, failed, cached)
