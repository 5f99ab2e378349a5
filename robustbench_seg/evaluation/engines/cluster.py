"""Workers on a Ray cluster (`--engine ray`): an actor for each GPU, or for every few cores."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...inference.devices import DEVICES, default_threads
from ...processes import POLL
from ...protocol.request import Request
from ...worker_pool import LostError
from ..plan import Plan
from ..work import Result, WorkUnit
from .worker import WorkerConfig, WorkerRuntime, run_units

_ENVIRONMENT = {"env_vars": {"OMP_WAIT_POLICY": "PASSIVE"}}
"""As in the command line; read when torch is loaded."""


@dataclass(frozen=True)
class Cluster:
    """Slots for workers, as the nodes offered them when they were counted."""

    device: str
    threads: int
    slots: int
    cores: int
    """CPU cores of each slot."""

    @classmethod
    def find(cls, request: Request) -> Cluster:
        """Connect to a cluster and count its slots; InputError if there are none.

        Models run on the GPUs by default, if the cluster has any. On CPUs, a slot takes one core
        per thread.
        """
        nodes = _connect(request.address)
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        device = request.device or ("cuda" if gpus else "cpu")
        if device not in DEVICES:
            raise InputError(
                f"--device {device}: use cpu or cuda with --engine ray, which chooses the GPU"
            )
        threads = request.threads or default_threads()
        if device == "cuda":
            shares = [int(node.get("CPU", 0) // node["GPU"]) for node in nodes if node.get("GPU")]
            slots, cores = gpus, min(shares, default=0)
        else:
            slots = sum(int(node.get("CPU", 0) // threads) for node in nodes)
            cores = threads
        if not slots:
            what = "a GPU" if device == "cuda" else f"{threads} cores; use fewer --threads"
            raise InputError(f"--engine ray: no node of the cluster has {what}")
        return cls(device, threads, slots, cores)

    def results(
        self, plan: Plan, units: Sequence[WorkUnit], more: Callable[[], Sequence[WorkUnit]]
    ) -> Generator[Result]:
        """Yield the results of the units in the order in which actors finish them."""
        import ray

        config = ray.put(WorkerConfig.of(plan, self.cores))
        actor = ray.remote(
            num_cpus=self.cores, num_gpus=int(self.device == "cuda"), runtime_env=_ENVIRONMENT
        )(_Actor)
        workers = [_Worker(actor, config) for _ in range(self.slots)]
        yield from run_units(workers, plan, units, more)


def _connect(address: str | None) -> list[dict[str, float]]:
    """Return the resources of each live node."""
    try:
        import ray
    except ImportError as error:
        raise InputError(
            '--engine ray: Ray is not installed; pip install "robustbench-seg[ray]"'
        ) from error

    if not ray.is_initialized():
        try:
            if address is not None and ":" in address:
                # Ray would try for minutes if nothing listens there.
                host, port = address.rsplit(":", 1)
                socket.create_connection((host, int(port)), timeout=10).close()
            ray.init(address or "auto", logging_level="ERROR", log_to_driver=False)
        except (OSError, RuntimeError, ValueError) as error:
            said = str(error).strip().splitlines()[0]
            raise InputError(
                f"--address {address or 'auto'}: no Ray cluster there ({said}); start one with "
                "ray start --head, or use this machine's devices with --devices"
            ) from error
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


class _Actor:
    """A worker's process on a node."""

    def begin(self, config: WorkerConfig) -> None:
        self._runtime = WorkerRuntime(config)

    def do(self, unit: WorkUnit) -> Generator[Result]:
        """Yield the result of a unit in parts, each of which shows that the worker goes on."""
        yield from self._runtime.parts(unit)


class _Worker:
    """A worker that is an actor."""

    def __init__(self, actor: Any, config: Any):
        self._class = actor
        self._config = config
        self._heard = time.monotonic()
        self._abandoned: Any = None

    def __str__(self) -> str:
        return "a worker of the cluster"

    @property
    def silence(self) -> float:
        return time.monotonic() - self._heard

    def start(self) -> None:
        self._heard = time.monotonic()
        self._actor = self._class.remote()

    def begin(self) -> None:
        self._result(self._actor.begin.remote(self._config))

    def do(self, unit: WorkUnit) -> Result:
        self._heard = time.monotonic()
        whole, parts = Result.empty(), self._actor.do.remote(unit)
        while (part := self._result(parts)) is not None:
            whole.add(part)
        return whole

    def stop(self) -> None:
        import ray

        self._abandoned = self._actor
        ray.kill(self._actor)

    def _result(self, reference: Any) -> Any:
        """Return a result, or the next of a generator, None after the last."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        actor = self._actor
        try:
            # ray.get alone would wait for the node of an actor that was killed.
            while not ray.wait([reference], timeout=POLL, fetch_local=False)[0]:
                if actor is self._abandoned:
                    raise LostError("it was stopped")
            self._heard = time.monotonic()
            if isinstance(reference, ray.ObjectRefGenerator):
                reference = next(reference)
            return ray.get(reference)
        except StopIteration:
            return None
        except RayTaskError as error:
            raise error.cause from error  # the worker's own exception
        except RayError as error:  # the actor, its node or its result is gone
            raise LostError(str(error).strip().splitlines()[0]) from error
