"""The worker's side: plans the driver's request itself, and runs the units it is sent."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ...datasets.cityscapes import CITYSCAPES_VARIABLE
from ...errors import InputError
from ...inference.devices import resolve_device, select_device
from ...processes import report_progress
from ...protocol.request import Request
from ...protocol.spec import Spec
from ...worker_pool import Worker, run_on_workers
from ..plan import Plan, make_plan
from ..predictors import load_predictors
from ..work import Result, WorkUnit
from .local import label_units


@dataclass(frozen=True)
class WorkerConfig:
    """Configuration of a worker, sent by the driver."""

    request: Request
    spec: Spec
    """A worker whose own specification differs refuses to start."""
    cores: int
    """CPU cores that may make images."""
    folder: str
    """The driver's working folder, to which paths are relative."""
    cityscapes: str | None
    """The driver's environment variable for the dataset."""

    @classmethod
    def of(cls, plan: Plan, cores: int) -> WorkerConfig:
        """Return the configuration of a plan's workers."""
        request = replace(
            plan.request, engine="local", address=None, devices=None, shard=None, out=None
        )
        folder, cityscapes = os.getcwd(), os.environ.get(CITYSCAPES_VARIABLE)  # noqa: PTH109
        return cls(request, plan.spec, cores, folder, cityscapes)


def run_units(
    workers: Sequence[Worker[WorkUnit, Result]],
    plan: Plan,
    units: Sequence[WorkUnit],
    more: Callable[[], Sequence[WorkUnit]],
) -> Generator[Result]:
    """Yield the results of the units of a plan in the order in which workers finish them."""
    yield from run_on_workers(
        workers,
        units,
        saving="--batch 1 or fewer workers",
        timeout=plan.request.worker_timeout,
        describe=plan.frame_name,
        more=more,
    )


class WorkerRuntime:
    """Runs work units in a worker's process."""

    def __init__(self, config: WorkerConfig, device: str | None = None):
        """Load the models on a device, by default the first; InputError if the specs differ."""
        self._cores = config.cores
        # Without a shared folder, absolute paths may still be valid.
        with suppress(OSError):
            os.chdir(config.folder)
        if config.cityscapes is not None:
            os.environ[CITYSCAPES_VARIABLE] = config.cityscapes
        if device is not None:
            select_device(device)
        try:
            found = resolve_device(config.spec.device)
            self._plan = make_plan(config.request, found, config.spec.threads, driver=config.spec)
            self._predictors = load_predictors(self._plan, found)
        except InputError as error:
            raise InputError(f"worker on {socket.gethostname()}: {error}") from error

    def do(self, unit: WorkUnit) -> Result:
        """Return all results of a unit as one, since each commit blocks the driver."""
        whole = Result.empty()
        for part in self.parts(unit):
            report_progress()
            whole.add(part)
        return whole

    def parts(self, unit: WorkUnit) -> Generator[Result]:
        """Yield the results of a unit, group by group of its conditions."""
        return label_units(self._plan, self._predictors, [unit], self._cores)
