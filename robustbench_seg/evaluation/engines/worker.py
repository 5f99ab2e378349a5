"""A worker's side: a plan of its own, made from the driver's request, and the units it is sent."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, replace

from ...datasets.adverse import CITYSCAPES_VARIABLE
from ...errors import InputError
from ...inference.devices import resolve_device, select_device
from ...protocol.request import Request
from ...protocol.spec import Spec
from ..plan import Plan, Result, make_plan
from ..work import WorkUnit
from .local import Local


@dataclass(frozen=True)
class WorkerConfig:
    """What a worker must know to do units of a driver's plan; made to be sent."""

    request: Request
    spec: Spec
    """Whatever of it the worker finds to be different, it refuses."""
    cores: int
    """How many cores it may use to make images."""
    folder: str
    """The driver's working folder, which relative paths mean."""
    cityscapes: str | None
    """The driver's variable for the dataset."""

    @classmethod
    def of(cls, plan: Plan, cores: int) -> WorkerConfig:
        """Return what the workers of a plan must know."""
        request = replace(
            plan.request, engine="local", address=None, devices=None, shard=None, out=None
        )
        folder, cityscapes = os.getcwd(), os.environ.get(CITYSCAPES_VARIABLE)  # noqa: PTH109
        return cls(request, plan.spec, cores, folder, cityscapes)


class WorkerRuntime:
    """What does units in a worker's process."""

    def __init__(self, order: WorkerConfig, device: str | None = None):
        """Load the models on a device, by default the first; InputError where the specs differ."""
        # Where folders are not shared, absolute paths may still be.
        with suppress(OSError):
            os.chdir(order.folder)
        if order.cityscapes is not None:
            os.environ[CITYSCAPES_VARIABLE] = order.cityscapes
        if device is not None:
            select_device(device)
        try:
            self._engine = Local(resolve_device(order.spec.device), order.spec.threads, order.cores)
            self._plan = make_plan(order.request, self._engine, driver=order.spec)
        except InputError as error:
            raise InputError(f"worker on {socket.gethostname()}: {error}") from error

    def do(self, unit: WorkUnit) -> Result:
        """Return the results of a unit as one: every commit keeps the driver from other workers."""
        whole = Result({}, [], [])
        for part in self._engine.results(self._plan, [unit]):
            whole.cells.update(part.cells)
            whole.pictures.extend(part.pictures)
            whole.failures.extend(part.failures)
        return whole
