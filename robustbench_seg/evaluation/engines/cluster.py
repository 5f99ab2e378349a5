"""Workers on a Ray cluster (`--engine ray`): an actor for each GPU, or for every few cores."""

from __future__ import annotations

import socket
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...errors import InputError
from ...inference.devices import DEVICES, default_threads
from ...processes import LostError
from ...protocol.request import Request
from ..plan import Plan
from ..work import Result, WorkUnit
from .worker import WorkerConfig, WorkerRuntime
from .worker_pool import run_on_workers

_ENVIRONMENT = {"env_vars": {"OMP_WAIT_POLICY": "PASSIVE"}}
"""As in the command line: it must be set before torch is loaded."""


@dataclass(frozen=True)
class Cluster:
    """Places for workers, as many as the nodes had when they were counted."""

    device: str
    threads: int
    places: int
    cores: int
    """Of each place."""

    @classmethod
    def find(cls, request: Request) -> Cluster:
        """Connect to a cluster and count its places; InputError where there are none.

        Models are on the GPUs, if there are any and nothing else is asked. On processors, a place
        is as many cores of a node as there are threads.
        """
        nodes = _connect(request.address)
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        device = request.device or ("cuda" if gpus else "cpu")
        if device not in DEVICES:
            raise InputError(
                f"--device {device}: with --engine ray, use cpu or cuda; which GPU is Ray's choice"
            )
        threads = request.threads or default_threads()
        if device == "cuda":
            shares = [int(node.get("CPU", 0) // node["GPU"]) for node in nodes if node.get("GPU")]
            places, cores = gpus, min(shares, default=0)
        else:
            places = sum(int(node.get("CPU", 0) // threads) for node in nodes)
            cores = threads
        if not places:
            what = "a GPU" if device == "cuda" else f"{threads} cores; use fewer --threads"
            raise InputError(f"--engine ray: no node of the cluster has {what}")
        return cls(device, threads, places, cores)

    def results(self, plan: Plan, units: Sequence[WorkUnit]) -> Generator[Result]:
        """Yield the results of the units as the actors give them."""
        import ray

        order = ray.put(WorkerConfig.of(plan, self.cores))
        actor = ray.remote(
            num_cpus=self.cores, num_gpus=int(self.device == "cuda"), runtime_env=_ENVIRONMENT
        )(_Actor)
        workers = [_Worker(actor, order) for _ in range(min(self.places, len(units)))]
        yield from run_on_workers(workers, units)


def _connect(address: str | None) -> list[dict[str, float]]:
    """Return what each node that is alive has."""
    try:
        import ray
    except ImportError as error:
        raise InputError(
            '--engine ray: Ray is not installed; pip install "robustbench-seg[ray]"'
        ) from error

    if not ray.is_initialized():
        try:
            if address is not None and ":" in address:
                # Ray tries for minutes where nobody listens.
                host, port = address.rsplit(":", 1)
                socket.create_connection((host, int(port)), timeout=10).close()
            ray.init(address or "auto", logging_level="ERROR", log_to_driver=False)
        except (OSError, RuntimeError, ValueError) as error:
            said = str(error).strip().splitlines()[0]
            raise InputError(
                f"--address {address or 'auto'}: no Ray cluster there ({said}); start one on this "
                "machine with ray start --head, or use its devices with --devices"
            ) from error
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


class _Actor:
    """What runs on the nodes."""

    def begin(self, order: WorkerConfig) -> None:
        self._hands = WorkerRuntime(order)

    def do(self, unit: WorkUnit) -> Result:
        return self._hands.do(unit)


class _Worker:
    """A worker in an actor."""

    def __init__(self, actor: Any, order: Any):
        self._class = actor
        self._order = order

    def start(self) -> None:
        self._actor = self._class.remote()

    def begin(self) -> None:
        self._result(self._actor.begin.remote(self._order))

    def do(self, unit: WorkUnit) -> Result:
        return cast(Result, self._result(self._actor.do.remote(unit)))

    def stop(self) -> None:
        import ray

        ray.kill(self._actor)

    @staticmethod
    def _result(reference: Any) -> Any:
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            return ray.get(reference)
        except RayTaskError as error:
            raise error.cause from error  # what the worker raised
        except RayError as error:  # the actor, its node or what it had made is gone
            raise LostError(str(error).strip().splitlines()[0]) from error
