"""Engines run the work units of a plan: this process, processes by device, or a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from ...inference.devices import default_threads, resolve_device
from ...protocol.request import Request
from ..plan import Plan
from ..work import Result, WorkUnit
from .cluster import Cluster
from .local import Local
from .processes import Processes


class Engine(Protocol):
    """Runs work units. Device and threads are part of what numbers depend on."""

    @property
    def device(self) -> str:
        """Device of the models."""
        ...

    @property
    def threads(self) -> int:
        """CPU threads of each model."""
        ...

    def results(
        self, plan: Plan, units: Sequence[WorkUnit], more: Callable[[], Sequence[WorkUnit]]
    ) -> Generator[Result]:
        """Yield the results of the units as they come, in any order.

        When all are done, `more` is asked for further units, until it has none.
        """
        ...


def find_engine(request: Request) -> Engine:
    """Return the engine that a request asks for; InputError where it is not available."""
    if request.engine == "ray":
        return Cluster.find(request)
    if request.devices:
        return Processes.find(request)
    threads = request.threads or default_threads()
    return Local(resolve_device(request.device), threads, os.cpu_count() or 1)
