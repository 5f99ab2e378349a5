"""Worker processes: the only place that spawns them, and that handles Ctrl-C and killed workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

from .errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Spawned, not forked: a fork copies the locks of all threads that the caller runs.
_CONTEXT = multiprocessing.get_context("spawn")
_stop: Event | None = None  # in a worker of a pool: set when the user has pressed Ctrl-C


class LostError(Exception):
    """A worker has died, and the item that it was working on is lost."""


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def stopped() -> bool:
    """Return whether this worker should end its current item early."""
    return _stop is not None and _stop.is_set()


class WorkerProcess(Generic[Item, Result]):
    """A process that handles one item at a time; it ends when its parent does.

    `make` is called in the process and returns the function that handles items; it must be
    picklable. A worker whose process has died can be started again.
    """

    def __init__(
        self, make: Callable[[], Callable[[Item], Result]], name: str, stop: Event | None = None
    ):
        self._arguments = (make, name, stop)
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Spawn the process without waiting for it."""
        self._pipe, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        with _interrupts_deferred():
            process.start()
        self._process = process
        theirs.close()  # else the pipe would stay open when the process is gone

    def begin(self) -> None:
        """Wait until `make` has returned; raise what it raises, or LostError."""
        self._answer()

    def do(self, item: Item) -> Result:
        """Return the result of an item; raise what the function raises, or LostError."""
        try:
            self._pipe.send(item)
        except OSError as error:
            raise self._lost() from error
        return cast(Result, self._answer())

    def stop(self) -> None:
        """Kill the process; a thread that waits for it gets LostError."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def _answer(self) -> Any:
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _lost(self) -> LostError:
        assert self._process is not None
        self._process.join()
        code = self._process.exitcode
        return LostError(f"{self._arguments[1]}: its process ended with code {code}")


class ProcessPool:
    """Worker processes that share the items of each `run`."""

    def __init__(self, workers: Sequence[WorkerProcess[Any, Any]], stop: Event):
        self._stop = stop
        self._idle = SimpleQueue[WorkerProcess[Any, Any]]()
        for worker in workers:
            self._idle.put(worker)
        # A thread for each worker does nothing but wait for it.
        self._threads = ThreadPoolExecutor(max(1, len(workers)), thread_name_prefix="worker")

    @classmethod
    @contextmanager
    def of(cls, count: int) -> Iterator[ProcessPool]:
        """Hold a number of workers for the block; a single one is this process itself."""
        stop = _CONTEXT.Event()
        workers: list[WorkerProcess[Any, Any]] = [
            WorkerProcess(_applier, f"worker {number}", stop)
            for number in range(count if count > 1 else 0)
        ]
        pool = cls(workers, stop)
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.begin()
        except LostError as error:
            raise InputError(
                f"worker processes do not start ({error}); use one worker, or guard the script by "
                'if __name__ == "__main__"'
            ) from error
        else:
            yield pool
        finally:
            for worker in workers:
                worker.stop()
            pool._threads.shutdown(cancel_futures=True)

    def run(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        done: Callable[[Result], None],
    ) -> None:
        """Call a function on every item, and `done` in this process on each result as it comes.

        On Ctrl-C and on an error, workers find that they are `stopped`; `done` still gets the
        results of the items in work. Raises InputError if a worker is killed.
        """
        if self._idle.empty():
            for item in items:
                done(function(item))
            return
        waiting = {self._threads.submit(self._do, function, item) for item in items}
        try:
            for future in as_completed(waiting.copy()):
                done(future.result())
                waiting.remove(future)
        except BaseException as error:
            self._stop.set()
            for future in [future for future in waiting if not future.cancel()]:
                if future.exception() is None:
                    done(future.result())
            if isinstance(error, LostError):
                raise InputError(
                    "a worker process was killed, perhaps because memory ran out; finished images "
                    "are kept; run the same command again, with fewer --workers to need less memory"
                ) from error
            raise

    def _do(self, function: Callable[[Item], Result], item: Item) -> Result:
        worker: WorkerProcess[Any, Result] = self._idle.get()
        try:
            return worker.do((function, item))
        finally:
            self._idle.put(worker)


def _applier() -> Callable[[tuple[Callable[[Item], Result], Item]], Result]:
    return lambda call: call[0](call[1])


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Deliver a Ctrl-C of the block after it; a process that is started in it never gets one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    pipe: Connection, make: Callable[[], Callable[[Any], Any]], name: str, stop: Event | None
) -> None:
    """Answer the parent: once when `make` has returned, then for each item, until an error."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
