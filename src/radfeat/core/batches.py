"""Work on many items side by side, in batches; the answer does not depend on how many processes work."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from radfeat.core.errors import WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

OnProgress = Callable[[int, int], None]
"""Is told which weight of which is done."""


def map_in_batches(
    work: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    *,
    workers: int,
    preload: str,
    weigh: Callable[[Item], int] = lambda _: 1,
    limit: int = 200,
    few: int = 0,
    on_progress: OnProgress | None = None,
    kept: dict[int, Sequence[Result]] | None = None,
) -> list[Result]:
    """Apply a function of the top level of a module to batches of items; results in the order of the items.

    Parameters
    ----------
    work
        Gives one result for each item of a batch.
    items
        What is worked on.
    workers
        Worker processes; 1, or a weight of no more than ``few`` in all, means this process.
    preload
        The module that workers need; it is imported once for all of them.
    weigh, limit
        Weight of an item, and the weight at which a batch is full.
    few
        Up to this weight, starting workers takes longer than the work.
    on_progress
        Is told after each batch which weight of which is done.
    kept
        Is filled with the results of each batch, by its number: what was done stands there also where the
        rest is stopped.

    Raises
    ------
    WorkerError
        If a worker was killed. Then, and where the user stops the work, batches under way come to their end.
    """
    batches = list(_deal(items, weigh, limit))
    weights = [sum(map(weigh, batch)) for batch in batches]
    results: dict[int, Sequence[Result]] = {} if kept is None else kept
    if min(workers, len(batches)) <= 1 or sum(weights) <= few:
        numbers = _run_here(work, batches, results)
    else:
        numbers = _run_beside(work, batches, min(workers, len(batches)), preload, results)
    done = 0
    for number in numbers:
        done += weights[number]
        if on_progress is not None:
            on_progress(done, sum(weights))
    return join_batches(results)


def join_batches(results: dict[int, Sequence[Result]]) -> list[Result]:
    """The results of batches in the order of the items."""
    return [result for _, batch in sorted(results.items(), key=lambda entry: entry[0]) for result in batch]


@dataclass(frozen=True, slots=True)
class Each(Generic[Item, Result]):
    """The work on one item as the work on a batch of them."""

    work: Callable[[Item], Result]

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        """One result for each item."""
        return [self.work(item) for item in items]


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
    work: Callable[[Sequence[Item]], Sequence[Result]],
    batches: Sequence[Sequence[Item]],
    results: dict[int, Sequence[Result]],
) -> Iterator[int]:
    for number, batch in enumerate(batches):
        results[number] = work(batch)
        yield number


def _run_beside(
    work: Callable[[Sequence[Item]], Sequence[Result]],
    batches: Sequence[Sequence[Item]],
    workers: int,
    preload: str,
    results: dict[int, Sequence[Result]],
) -> Iterator[int]:
    pool = _start(workers, preload)
    waiting = list(enumerate(batches))[::-1]
    running: dict[Future[Sequence[Result]], int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                number, batch = waiting.pop()
                running[pool.submit(work, batch)] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                results[running[future]] = future.result()
                yield running.pop(future)
    except BrokenProcessPool:
        raise WorkerError(
            "a worker process was killed, perhaps for want of memory",
            remedy="Run again with fewer --workers; what is written stays",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        results.update({number: future.result() for future, number in running.items() if _is_sound(future)})


def _is_sound(future: Future[Sequence[Result]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _start(workers: int, preload: str) -> ProcessPoolExecutor:
    # forkserver: each worker starts from a clean process that has the libraries loaded already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_leave_stopping_to_parent)


def _leave_stopping_to_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the first one stops the others, without tracebacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
