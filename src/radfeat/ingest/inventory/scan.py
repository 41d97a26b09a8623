"""Work on many files side by side, in batches; the answer does not depend on how many work."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEW = 400
"""Up to this weight, starting workers takes longer than the work."""

OnProgress = Callable[[int, int], None]


def map_in_batches(
    work: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    *,
    workers: int,
    weigh: Callable[[Item], int] = lambda _: 1,
    limit: int = 200,
    on_progress: OnProgress | None = None,
) -> list[Result]:
    """Apply a function of the top level of a module to batches of items; results in the order of the items.

    Parameters
    ----------
    work
        Gives one result for each item of a batch.
    items
        What is worked on.
    workers
        Worker processes; 1, or a weight of no more than ``FEW`` in all, means this process.
    weigh, limit
        Weight of an item, and the weight at which a batch is full.
    on_progress
        Is told after each batch which weight of which is done.
    """
    batches = list(_deal(items, weigh, limit))
    weights = [sum(map(weigh, batch)) for batch in batches]
    alone = workers == 1 or sum(weights) <= FEW
    results: dict[int, Sequence[Result]] = {}
    for number, result in _run_here(work, batches) if alone else _run_beside(work, batches, workers):
        results[number] = result
        if on_progress is not None:
            on_progress(sum(weights[done] for done in results), sum(weights))
    return [result for number in range(len(batches)) for result in results[number]]


def _deal(items: Sequence[Item], weigh: Callable[[Item], int], limit: int) -> Iterator[Sequence[Item]]:
    batch: list[Item] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += weigh(item)
        if weight >= limit:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _run_here(
    work: Callable[[Sequence[Item]], Sequence[Result]], batches: Sequence[Sequence[Item]]
) -> Iterator[tuple[int, Sequence[Result]]]:
    for number, batch in enumerate(batches):
        yield number, work(batch)


def _run_beside(
    work: Callable[[Sequence[Item]], Sequence[Result]], batches: Sequence[Sequence[Item]], workers: int
) -> Iterator[tuple[int, Sequence[Result]]]:
    pool = _start(min(workers, len(batches)))
    waiting = list(enumerate(batches))[::-1]
    running: dict[Future[Sequence[Result]], int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                number, batch = waiting.pop()
                running[pool.submit(work, batch)] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(workers: int) -> ProcessPoolExecutor:
    # forkserver: each worker starts from a clean process that has the libraries loaded already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["radfeat.ingest.inventory.header_reader"])
    return ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_leave_stopping_to_parent)


def _leave_stopping_to_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the first one stops the others, without tracebacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
