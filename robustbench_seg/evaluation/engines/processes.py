"""Worker processes, one for each device of this machine (`--devices`)."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

from ...errors import InputError
from ...inference.devices import default_threads, device_kind, resolve_device
from ...processes import available_cores, interrupts_held_back, stand_by_parent
from ...protocol.request import Request
from ..plan import Plan
from ..work import Result, WorkUnit
from .worker import WorkerConfig, WorkerRuntime
from .worker_pool import LostError, run_on_workers


@dataclass(frozen=True)
class Processes:
    """A worker process for each of several devices of one kind."""

    devices: tuple[str, ...]
    threads: int

    @classmethod
    def find(cls, request: Request) -> Processes:
        """Return the processes for the devices of a request; InputError for an unusable device.

        Processes on the CPU share its threads, unless the request sets the threads of each.
        """
        devices = tuple(map(resolve_device, request.devices or ()))
        kinds = sorted(set(map(device_kind, devices)))
        if len(kinds) > 1:
            raise InputError(
                f"--devices {','.join(devices)}: {kinds[0]} and {kinds[1]} give different numbers; "
                "use devices of one kind"
            )
        threads = default_threads()
        if kinds == ["cpu"]:
            threads = max(1, threads // len(devices))
        return cls(devices, request.threads or threads)

    @property
    def device(self) -> str:
        """Kind of the devices; numbers do not depend on which of them evaluates a frame."""
        return device_kind(self.devices[0])

    def results(self, plan: Plan, units: Sequence[WorkUnit]) -> Generator[Result]:
        """Yield the results of the units in the order in which processes finish them."""
        order = WorkerConfig.of(plan, available_cores() // len(self.devices))
        workers = [_Process(order, device) for device in self.devices[: len(units)]]
        yield from run_on_workers(workers, units)


class _Process:
    """A worker in a process of this machine."""

    def __init__(self, order: WorkerConfig, device: str):
        self._order = order
        self._device = device

    def start(self) -> None:
        # Spawned, not forked: a fork copies the locks of whatever threads the caller runs.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._order, self._device)
        with interrupts_held_back():
            self._process = context.Process(target=_serve, args=arguments, daemon=True)
            self._process.start()
        theirs.close()  # so that its end is seen here when the process is gone

    def begin(self) -> None:
        self._answer()

    def do(self, unit: WorkUnit) -> Result:
        try:
            self._pipe.send(unit)
        except OSError as error:
            raise self._lost() from error
        return cast(Result, self._answer())

    def stop(self) -> None:
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
        self._process.join()
        return LostError(f"{self._device}: its process ended with code {self._process.exitcode}")


def _serve(pipe: Connection, order: WorkerConfig, device: str) -> None:
    stand_by_parent()
    try:
        hands = WorkerRuntime(order, device)
        pipe.send(None)
        while True:
            pipe.send(hands.do(pipe.recv()))
    except Exception as error:
        error.add_note(f"In the worker of {device}:\n{traceback.format_exc()}")
        pipe.send(error)
