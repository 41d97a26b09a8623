"""How a run stands: asked from another terminal, answered from the files that its jobs write."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from radfeat.core.errors import SettingsError
from radfeat.pipeline.folders import ARM_TABLES, CHUNK_TABLES, ResultsFolder
from radfeat.pipeline.plan import AnalysisPlan, Plan, chunk_inputs, read_analysis_plan, read_plan
from radfeat.pipeline.run_lock import Holder, read_holder, require_free


class State(StrEnum):
    """Whether a run is at work in a results folder."""

    AT_WORK = "at work"
    KILLED = "killed"
    """A lock lies there, and its holder is dead."""
    NOT_AT_WORK = "not at work"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What there is to do and what is done; ``failed`` counts ROIs by reason.

    ``before`` are cases that were measured before this run, or taken from the cache; ``pace`` (cases a
    minute) and ``seconds_left`` (of measuring) are those of this run, None where it has measured nothing yet
    or is not at work. ``models`` counts models and their total, none where nothing is stratified.
    """

    state: State
    holder: Holder | None
    cases: int
    done: int
    before: int
    chunks: int
    chunks_done: int
    chunks_at_work: int
    failed: Mapping[str, int]
    pace: float | None
    seconds_left: float | None
    models: tuple[int, int]
    has_report: bool


def read_status(folder: ResultsFolder, now: float | None = None) -> RunStatus:
    """Read how a run stands; ``now`` is the time (s) to reckon with, the present one by default.

    Raises
    ------
    TableError
        If the folder has no plan, or that of another version.
    """
    plan, holder = read_plan(folder), read_holder(folder.run_lock)
    state = _judge(folder, holder)
    progress = _read_chunks(folder, plan)
    since = holder.since if holder is not None else 0.0
    fresh = {b for b in progress if folder.progress(b).stat().st_mtime >= since} if holder else set()
    done = sum(chunk["done"] for chunk in progress.values())
    measured = sum(progress[b]["done"] - progress[b]["cached"] for b in fresh)
    finished = {b for b in progress if _is_finished(folder, b, progress[b])}
    pace = None
    if state is State.AT_WORK and measured:
        pace = 60.0 * measured / max((now or time.time()) - since, 1.0)
    return RunStatus(
        state=state,
        holder=holder,
        cases=plan.cases,
        done=done,
        before=done - measured,
        chunks=len(plan.buckets),
        chunks_done=len(finished),
        chunks_at_work=len(fresh - finished) if state is State.AT_WORK else 0,
        failed=_count_reasons(progress),
        pace=pace,
        seconds_left=60.0 * (plan.cases - done) / pace if pace else None,
        models=_count_models(folder, read_analysis_plan(folder)),
        has_report=folder.report.is_file(),
    )


def _judge(folder: ResultsFolder, holder: Holder | None) -> State:
    if holder is None:
        return State.NOT_AT_WORK
    try:
        dead = require_free(folder.run_lock)
    except SettingsError:
        return State.AT_WORK
    return State.KILLED if dead is not None else State.NOT_AT_WORK


def _read_chunks(folder: ResultsFolder, plan: Plan) -> dict[str, dict[str, Any]]:
    """Progress by bucket, of chunks that were started with the inputs of the plan."""
    found = {}
    for bucket in plan.buckets:
        path = folder.progress(bucket)
        if path.is_file():
            chunk = json.loads(path.read_text(encoding="utf-8"))
            if chunk["inputs"] == chunk_inputs(plan, bucket):
                found[bucket] = chunk
    return found


def _is_finished(folder: ResultsFolder, bucket: str, chunk: Mapping[str, Any]) -> bool:
    written = all((folder.work(bucket) / f"{name}.parquet").is_file() for name in CHUNK_TABLES)
    return bool(chunk["done"] == chunk["total"] and written)


def _count_reasons(progress: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for chunk in progress.values():
        reasons.update(chunk.get("reasons", {}))
    return dict(sorted(reasons.items()))


def _count_models(folder: ResultsFolder, analysis: AnalysisPlan | None) -> tuple[int, int]:
    """Models of endpoints and arms whose tables are all written, and how many there are to be."""
    if analysis is None:
        return 0, 0
    folders = [folder.model(e.slug, a.slug) for e in analysis.endpoints for a in analysis.arms]
    done = [f for f in folders if all((f / f"{name}.parquet").is_file() for name in ARM_TABLES)]
    return len(done), len(folders)
