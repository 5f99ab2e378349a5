"""Pools of worker processes: errors, and workers that are killed."""

from __future__ import annotations

import os

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.processes import ProcessPool


def end_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise InputError("seven")
    return number


def test_a_killed_worker_is_a_one_line_error() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match="a worker process was killed"), ProcessPool.of(2) as pool:
        pool.run(end_at_seven, range(20), done.append)


def test_an_error_in_a_worker_ends_the_work_and_keeps_finished_items() -> None:
    done: list[int] = []
    with pytest.raises(InputError, match="seven"), ProcessPool.of(2) as pool:
        pool.run(fail_at_seven, range(200), done.append)
    assert set(range(7)) <= set(done) < set(range(200))
    assert len(done) == len(set(done))
