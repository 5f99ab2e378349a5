"""Worker processes: the only module that spawns processes, and keeps signals from them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any, Generic, TypeVar, cast

from .errors import InputError
from .worker_pool import LostError, run_on_workers

Item = TypeVar("Item")
Result = TypeVar("Result")

# Spawned, not forked: a fork copies the locks of all threads that the caller runs.
_CONTEXT = multiprocessing.get_context("spawn")
UNGUARDED = 77
"""Exit code of a worker whose script starts workers itself."""
KILLED = -9
"""Exit code of a process after SIGKILL, by which Linux ends one that takes too much memory."""
HEARTBEAT = "heartbeat"
"""Message of a worker that its item makes progress."""
POLL, STOPPING = 1.0, 5.0
"""Seconds between two looks for an answer, and for a killed process to end."""
_STOPS = frozenset({signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGINT)})
"""Signals that stop a command."""
_to_parent: Connection | None = None  # in a worker
_drain: Event | None = None  # in a worker: set when its current item should end early


def end_if_unguarded() -> None:
    """End a worker that runs the caller's script again, since nothing in the script prevents it."""
    # Python sets this while a new process imports the script.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(UNGUARDED)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def stopped() -> bool:
    """Return whether this process is a worker that should end its current item early."""
    return _drain is not None and _drain.is_set()


def report_progress() -> None:
    """Tell the parent of this process, if it is a worker, that its item makes progress."""
    if _to_parent is not None:
        _to_parent.send(HEARTBEAT)


def run_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[Result]:
    """Yield the results of a function in the order in which worker processes finish the items.

    A single worker is this process itself. On an error or Ctrl-C the workers find that they are
    `stopped`, and the results of the items in work are yielded first. See `run_on_workers`.
    """
    if workers == 1:
        yield from map(function, items)
        return
    drain = _CONTEXT.Event()
    processes = [
        WorkerProcess(partial(_itself, function), f"worker {number}", drain)
        for number in range(min(workers, len(items)))
    ]
    yield from run_on_workers(processes, items, saving="fewer --workers", drain=drain)


def _itself(function: Callable[[Item], Result]) -> Callable[[Item], Result]:
    return function


class WorkerProcess(Generic[Item, Result]):
    """A process that handles one item at a time; it ends when its parent does.

    `make` is called in the process and returns the function that handles items; it must be
    picklable. A worker whose process has died can be started again.
    """

    def __init__(
        self, make: Callable[[], Callable[[Item], Result]], name: str, drain: Event | None = None
    ):
        self._arguments = (make, name, drain)
        self._process: BaseProcess | None = None
        self._heard = time.monotonic()
        self._abandoned: Connection | None = None

    def __str__(self) -> str:
        return self._arguments[1]

    @property
    def silence(self) -> float:
        """Seconds since the process last said that it is making progress, or got its item."""
        return time.monotonic() - self._heard

    def start(self) -> None:
        """Spawn the process without waiting for it."""
        end_if_unguarded()
        self._pipe, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        with _interrupts_deferred():
            process.start()
        self._process = process
        self._heard = time.monotonic()
        theirs.close()  # else the pipe would stay open when the process is gone

    def begin(self) -> None:
        """Wait until `make` has returned; raise what it raises, or LostError."""
        try:
            self._answer()
        except LostError as error:
            if self._process is None or self._process.exitcode != UNGUARDED:
                raise
            raise InputError(
                "a script that starts worker processes is run by each of them: guard its code by "
                'if __name__ == "__main__":'
            ) from error

    def do(self, item: Item) -> Result:
        """Return the result of an item; raise what the function raises, or LostError."""
        self._heard = time.monotonic()
        try:
            self._pipe.send(item)
        except OSError as error:
            raise self._lost() from error
        return cast(Result, self._answer())

    def stop(self) -> None:
        """Kill the process; a thread that waits for it gets LostError."""
        if self._process is not None:
            self._abandoned = self._pipe
            self._process.kill()
            self._process.join(STOPPING)  # one that waits for a lost file server cannot be killed

    def _answer(self) -> Any:
        pipe = self._pipe
        try:
            answer: Any = HEARTBEAT
            while isinstance(answer, str) and answer == HEARTBEAT:
                while not pipe.poll(POLL):
                    if pipe is self._abandoned:
                        raise LostError("it was stopped")
                answer = pipe.recv()
                self._heard = time.monotonic()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _lost(self) -> LostError:
        assert self._process is not None
        self._process.join(STOPPING)
        code = self._process.exitcode
        if code == KILLED:
            return LostError("its process was killed, perhaps by the system for lack of memory")
        return LostError(f"its process ended with code {code}")


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Deliver signals of the block that stop a command after it.

    A process that is started in it never gets any, unless it unblocks them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Python starts this with the first process, and then unblocks what is blocked here.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    pipe: Connection, make: Callable[[], Callable[[Any], Any]], name: str, drain: Event | None
) -> None:
    """Answer the parent: once when `make` has returned, then for each item, until an error."""
    global _drain, _to_parent
    _drain, _to_parent = drain, pipe
    for number in _STOPS - {signal.SIGTERM}:  # a closed terminal sends SIGHUP to all its processes
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # multiprocessing ends daemons by SIGTERM
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function = make()
        pipe.send(None)
        while True:
            pipe.send(function(pipe.recv()))
    except Exception as error:
        error.add_note(f"In {name}:\n{traceback.format_exc()}")
        with suppress(OSError):  # the parent is gone
            pipe.send(error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
