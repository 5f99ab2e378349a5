"""The engine of `--devices`: a worker process for each device of this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

from ...errors import InputError
from ...inference.devices import default_threads, device_kind, resolve_device
from ...processes import WorkerProcess, available_cores
from ...protocol.request import Request
from ..plan import Plan
from ..work import Result, WorkUnit
from .worker import WorkerConfig, WorkerRuntime, run_units


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

    def results(
        self, plan: Plan, units: Sequence[WorkUnit], more: Callable[[], Sequence[WorkUnit]]
    ) -> Generator[Result]:
        """Yield the results of the units in the order in which processes finish them."""
        config = WorkerConfig.of(plan, available_cores() // len(self.devices))
        workers = [
            WorkerProcess(partial(_unit_runner, config, device), f"the worker of {device}")
            for device in self.devices
        ]
        yield from run_units(workers, plan, units, more)


def _unit_runner(config: WorkerConfig, device: str) -> Callable[[WorkUnit], Result]:
    return WorkerRuntime(config, device).do
