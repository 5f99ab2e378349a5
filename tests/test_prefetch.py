"""Prefetching: in order, bounded, and without threads left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import pytest

from robustbench_seg.prefetch import cached_once, end_if_closed, prefetch


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_and_few_wait(threads: int) -> None:
    begun: list[int] = []

    def job(number: int) -> int:
        begun.append(number)
        time.sleep(0.002 * (number % 3))  # later jobs finish before earlier ones
        return number

    asked = 0
    for number in prefetch((partial(job, number) for number in range(40)), threads):
        assert number == asked
        asked += 1
        assert len(begun) <= asked + threads
    assert asked == 40


def test_the_next_job_runs_while_a_result_is_used() -> None:
    second = threading.Event()
    jobs: list[Callable[[], bool | None]] = [lambda: None, lambda: second.set()]
    results = prefetch(jobs, 1)
    next(results)
    assert second.wait(timeout=30)


def test_a_failure_raises_in_its_turn_and_stops_the_rest() -> None:
    begun = []

    def job(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("the fourth")
        return number

    results = prefetch((partial(job, number) for number in range(100)), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the fourth"):
        next(results)
    assert len(begun) < 10


def test_stopping_early_leaves_no_thread() -> None:
    def jobs() -> Iterator[Callable[[], int]]:
        while True:
            yield lambda: 1

    with closing(prefetch(jobs(), 3)) as results:
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_a_job_ends_early_once_nobody_waits_for_it() -> None:
    begun = threading.Event()

    def endless() -> None:
        begun.set()
        while True:
            end_if_closed()
            time.sleep(0.001)

    end_if_closed()  # not in a job
    with closing(prefetch([lambda: None, endless], 1)) as results:
        next(results)
        begun.wait()


def test_threads_share_one_call() -> None:
    calls = []

    def slow() -> int:
        calls.append(1)
        time.sleep(0.05)
        return 7

    shared = cached_once(slow)
    assert list(prefetch([shared] * 8, 8)) == [7] * 8
    assert len(calls) == 1
