"""Which engine does the units of a plan: this process, or workers that it sends them to."""

from __future__ import annotations

import os

from ...inference.devices import default_threads, resolve_device
from ...protocol.request import Request
from ..plan import Engine
from .cluster import Cluster
from .local import Local
from .processes import Processes


def find_engine(request: Request) -> Engine:
    """Return the engine that a request asks for; InputError where it cannot be had."""
    if request.engine == "ray":
        return Cluster.find(request)
    if request.devices:
        return Processes.find(request)
    return Local(
        resolve_device(request.device),
        request.threads or default_threads(),
        os.cpu_count() or 1,
    )
