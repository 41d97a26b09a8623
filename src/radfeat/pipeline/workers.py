"""Cases side by side, each in a worker that can die alone, each resumed from the cache."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

from radfeat.core.errors import WorkerError
from radfeat.core.late_call import LateCall
from radfeat.core.memory import limit_own_memory
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.cache import CaseCache, Fingerprints
from radfeat.pipeline.records import CaseRecord

_START_MB = 450.0
"""Memory of the job's own process and of one worker, both with their libraries, before any image is read."""

_LEAST_MB = 50.0

Case = tuple[ImageRow, ...]


@dataclass(frozen=True, slots=True)
class CaseTask:
    """What is done with a case: ``work`` in a worker, ``bury`` where its worker died twice.

    ``work`` is given the case; its result is the record, and the fingerprints that the case's files had
    before they were read. ``bury`` is given the case and the worker's exit code, or less than zero the signal
    that killed it; its result is the record. Both are named rather than loaded: what reads and measures
    images is loaded in the workers alone.
    """

    work: LateCall
    bury: LateCall


@dataclass(frozen=True, slots=True)
class Crew:
    """How many worker processes there are, and the memory (MB) for them all; None: no limit is set."""

    workers: int = 1
    memory_mb: float | None = None

    @property
    def share_mb(self) -> float | None:
        """What one worker beside the others may take beyond its own start."""
        return None if self.whole_mb is None else self.whole_mb / self.workers

    @property
    def whole_mb(self) -> float | None:
        """What one worker alone may take beyond its own start."""
        return None if self.memory_mb is None else max(self.memory_mb - _START_MB, _LEAST_MB)


ALONE = Crew()
"""One worker, and no limit to its memory."""


def require_memory(records: Sequence[CaseRecord], crew: Crew, bucket: str) -> None:
    """Refuse to end a job in which memory did not suffice, so that it is tried again with more.

    Raises
    ------
    WorkerError
        If a case failed for memory.
    """
    short = sum(record.is_passing for record in records)
    if short:
        raise WorkerError(
            f"memory did not suffice for {short} of {len(records)} cases; the others are done",
            key=f"chunk {bucket}",
            measured="" if crew.memory_mb is None else f"{crew.memory_mb:.0f} MB for {crew.workers} workers",
            remedy="The workflow tries again with more",
        )


def compute_records(
    cases: Sequence[Case], cache: CaseCache, task: CaseTask, *, crew: Crew, retry_failed: bool
) -> Iterator[tuple[CaseRecord, bool]]:
    """The record of each case, and whether it is from the cache; the order of cases is not kept."""
    missing: list[Case] = []
    for case in cases:
        record = cache.load(case)
        if record is None or (retry_failed and record.failed):
            missing.append(case)
        else:
            yield record, True
    for case, record, files in _compute(missing, task, crew):
        if files and not record.is_passing:
            cache.store(case, record, files)
        yield record, False


def _compute(
    cases: Sequence[Case], task: CaseTask, crew: Crew
) -> Iterator[tuple[Case, CaseRecord, Fingerprints]]:
    """Compute cases side by side; what memory did not suffice for, or died, is tried again, each case alone.

    Beside each record stand the fingerprints of its files; none where the worker died: nothing is kept then.
    """
    queue = list(cases)
    suspects: list[Case] = []
    while queue:
        in_flight: dict[Future[Any], Case] = {}
        with _pool(min(crew.workers, len(queue)), crew.share_mb, task.work.module) as pool:
            try:
                while queue or in_flight:
                    while queue and len(in_flight) < crew.workers:
                        in_flight[pool.submit(task.work, queue[0])] = queue[0]
                        del queue[0]
                    for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                        record, files = future.result()
                        case = in_flight.pop(future)
                        if record.is_passing:
                            suspects.append(case)
                        else:
                            yield case, record, files
            except BrokenProcessPool:
                suspects.extend(in_flight.values())
    for case in suspects:
        yield _compute_alone(case, task, crew.whole_mb)


def _compute_alone(
    case: Case, task: CaseTask, whole_mb: float | None
) -> tuple[Case, CaseRecord, Fingerprints]:
    """Compute one case in a process of its own, of which it is known how it ended."""
    context = _context(task.work.module)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work_and_send, args=(sender, task.work, case, whole_mb))
    process.start()
    sender.close()
    try:
        record, files = receiver.recv()
    except EOFError:
        process.join()
        record = task.bury(case, _require_dead(process.exitcode))
        return case, record, []
    finally:
        receiver.close()
    process.join()
    return case, record, files


def _require_dead(exit_code: int | None) -> int:
    """How the case ended its worker; an exception, or no start at all, is no fault of the case."""
    if exit_code in (None, 0, 1):
        raise WorkerError(
            "a worker process ended before it had a result; what it said stands above",
            measured=f"exit code {exit_code}",
            remedy="Run it again; if that does not help, report what it said",
        )
    return exit_code or 0


def _work_and_send(
    sender: Connection,
    work: LateCall,
    case: Case,
    whole_mb: float | None,
) -> None:
    _begin(whole_mb, work.module)
    sender.send(work(case))


def _begin(budget_mb: float | None, module: str) -> None:
    # What the libraries take is no part of the budget.
    import_module(module)
    if budget_mb is not None:
        limit_own_memory(budget_mb)


def _pool(workers: int, share_mb: float | None, module: str) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=workers, mp_context=_context(module), initializer=_begin, initargs=(share_mb, module)
    )


def _context(module: str) -> ForkServerContext:
    # forkserver: each worker starts from a clean process that has the libraries loaded already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    return context
