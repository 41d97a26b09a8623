"""Cases side by side, each in a worker that can die alone, each resumed from the cache."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.cache import CaseCache
from radfeat.pipeline.records import CaseRecord

Case = tuple[ImageRow, ...]
Fingerprints = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CaseTask:
    """What is done with a case: ``work`` in a worker, ``bury`` where its worker died twice.

    Beside the record ``work`` gives the fingerprints that the case's files had before they were read.
    """

    work: Callable[[Case], tuple[CaseRecord, Fingerprints]]
    bury: Callable[[Case], CaseRecord]


def compute_records(
    cases: Sequence[Case], cache: CaseCache, task: CaseTask, *, workers: int, retry_failed: bool
) -> Iterator[tuple[CaseRecord, bool]]:
    """The record of each case, and whether it is from the cache; the order of cases is not kept."""
    missing: list[Case] = []
    for case in cases:
        record = cache.load(case)
        if record is None or (retry_failed and record.failed):
            missing.append(case)
        else:
            yield record, True
    for case, record, files in _compute(missing, task, workers):
        if files and not record.is_passing:
            cache.store(case, record, files)
        yield record, False


def _compute(
    cases: Sequence[Case], task: CaseTask, workers: int
) -> Iterator[tuple[Case, CaseRecord, Fingerprints]]:
    """Compute cases side by side; those in flight when a worker dies are tried once more, each alone.

    Beside each record stand the fingerprints of its files; none where the worker died: nothing is kept then.
    """
    queue = list(cases)
    suspects: list[Case] = []
    while queue:
        in_flight: dict[Future[Any], Case] = {}
        with _pool(min(workers, len(queue))) as pool:
            try:
                while queue or in_flight:
                    while queue and len(in_flight) < workers:
                        in_flight[pool.submit(task.work, queue[0])] = queue[0]
                        del queue[0]
                    for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                        record, files = future.result()
                        yield in_flight.pop(future), record, files
            except BrokenProcessPool:
                suspects.extend(in_flight.values())
    for case in suspects:
        yield _compute_alone(case, task)


def _compute_alone(case: Case, task: CaseTask) -> tuple[Case, CaseRecord, Fingerprints]:
    with _pool(1) as pool:
        try:
            return (case, *pool.submit(task.work, case).result())
        except BrokenProcessPool:
            return case, task.bury(case), []


def _pool(workers: int) -> ProcessPoolExecutor:
    # forkserver: each worker starts from a clean process that has the libraries loaded already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["radfeat.pipeline.case"])
    return ProcessPoolExecutor(max_workers=workers, mp_context=context)
