"""Batches: the order of the answers, what is kept where work is stopped, and a worker that is killed."""

import os
import signal
from collections.abc import Sequence

import pytest

from radfeat.core.batches import Each, join_batches, map_in_batches
from radfeat.core.errors import WorkerError


def double(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def die_of_seven(item: int) -> int:
    if item == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def read_handler(item: int) -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items_and_progress_reaches_the_whole(workers: int) -> None:
    seen: list[tuple[int, int]] = []
    items = list(range(1000))
    result = map_in_batches(
        double,
        items,
        workers=workers,
        preload=__name__,
        limit=70,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert result == [2 * item for item in items]
    assert seen[-1] == (1000, 1000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_nothing_to_do_is_done() -> None:
    assert map_in_batches(double, [], workers=2, preload=__name__) == []


def test_worker_that_is_killed_is_one_sentence() -> None:
    with pytest.raises(WorkerError, match="a worker process was killed") as caught:
        map_in_batches(Each(die_of_seven), range(9), workers=2, preload=__name__, limit=1)
    assert caught.value.__suppress_context__


def test_workers_leave_ctrl_c_to_the_first_process() -> None:
    assert map_in_batches(Each(read_handler), range(4), workers=2, preload=__name__, limit=1) == [True] * 4


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_done_is_kept_where_the_rest_is_stopped(workers: int) -> None:
    kept: dict[int, Sequence[int]] = {}

    def stop(done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        map_in_batches(
            double,
            range(1000),
            workers=workers,
            preload=__name__,
            limit=10,
            on_progress=stop,
            kept=kept,
        )
    done = join_batches(kept)
    assert set(done) >= set(range(0, 40, 2)) if workers == 1 else len(done) >= 20
    assert len(done) < 1000
    assert set(done) <= {2 * item for item in range(1000)}
