"""A run on a real Ray cluster of two nodes: nodes, workers and the driver are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.engines import cluster as ours
from robustbench_seg.runs.store import Store
from robustbench_seg.worker_pool import LostError
from tests.helpers.cells import cells_of
from tests.helpers.frames import write_tree

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip("ray", reason="needs Ray: nox -s ray")

# Ray's own, of its own threads and files.
pytestmark = pytest.mark.filterwarnings("ignore::Warning")

FEW: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3]}
NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 128 * 2**20,
    "include_dashboard": False,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args=NODE)
    started.add_node(**NODE)
    yield started
    ray.shutdown()
    started.shutdown()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 8)


@pytest.fixture(scope="module")
def local(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local") / "run"
    robustbench_seg.evaluate("b0@random", data=str(tree), out=out, threads=1, **FEW)
    return out


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Return the list of the workers that are lost from now on."""
    seen: list[BaseException] = []

    class WatchedError(LostError):
        def __init__(self, message: str) -> None:
            super().__init__(message)
            seen.append(self)

    monkeypatch.setattr(ours, "LostError", WatchedError)
    return seen


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Return what can be acquired once for each worker that has begun."""
    semaphore = threading.Semaphore(0)
    begin = ours._Worker.begin

    def tell(worker: Any) -> None:
        begin(worker)
        semaphore.release()

    monkeypatch.setattr(ours._Worker, "begin", tell)
    return semaphore


def wait_for_both(begun: threading.Semaphore) -> None:
    """Wait until two workers have begun: for one that has not, Ray just finds another place."""
    for _ in range(2):
        assert begun.acquire(timeout=120)


def evaluate(cluster: Any, tree: Path, out: Path, **options: Any) -> robustbench_seg.Run:
    options = {"engine": "ray", "address": cluster.address, "threads": 1, **FEW, **options}
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **options)


def test_the_numbers_are_those_of_a_local_run(
    cluster: Any, tree: Path, local: Path, tmp_path: Path
) -> None:
    run = evaluate(cluster, tree, tmp_path / "run")
    assert run.complete
    assert cells_of(tmp_path / "run") == cells_of(local)
    assert run.spec == robustbench_seg.Run.open(local).spec
    assert run.sessions[0]["division"] == {"engine": "ray"}


@pytest.mark.posix
def test_a_worker_that_is_killed_is_started_anew(
    cluster: Any,
    tree: Path,
    local: Path,
    tmp_path: Path,
    lost: list[BaseException],
    begun: threading.Semaphore,
) -> None:
    processes: set[int] = set()

    def kill(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and not processes:
            wait_for_both(begun)
            processes.update(_actors())
            for process in processes:
                os.kill(process, signal.SIGKILL)

    run = evaluate(cluster, tree, tmp_path / "run", progress=kill)
    assert len(processes) == 2
    assert len(lost) >= 1
    assert run.complete
    assert cells_of(tmp_path / "run") == cells_of(local)


@pytest.mark.posix
def test_the_work_of_a_worker_that_is_stuck_is_done_once_by_another(
    cluster: Any,
    tree: Path,
    local: Path,
    tmp_path: Path,
    begun: threading.Semaphore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    halted: list[int] = []

    def halt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and not halted:
            wait_for_both(begun)
            halted.extend(_actors())
            os.kill(halted[0], signal.SIGSTOP)

    run = evaluate(cluster, tree, tmp_path / "run", progress=halt, worker_timeout=30)
    assert "no progress for" in caplog.text
    assert run.complete
    assert cells_of(tmp_path / "run") == cells_of(local)


def test_a_driver_that_is_killed_goes_on(
    cluster: Any, tree: Path, local: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "robustbench_seg", "eval", "--model", "b0@random"]
    command += ["--data", str(tree), "--corruptions", "fog", "--severities", "1,3"]
    command += ["--engine", "ray", "--address", cluster.address, "--threads", "1"]
    command += ["--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        while not (before := _stored(tmp_path / "run")):
            assert driver.poll() is None
            time.sleep(0.05)
        driver.kill()
    assert before < len(cells_of(local))
    steps: list[int] = []

    def note(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating":
            steps.append(done)

    run = evaluate(cluster, tree, tmp_path / "run", progress=note)
    assert steps[0] > before
    assert len(run.sessions) == 2
    assert cells_of(tmp_path / "run") == cells_of(local)


def test_what_workers_refuse_is_said_in_one_line(
    cluster: Any, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The driver takes its packages for others than the workers'.
    monkeypatch.setattr("robustbench_seg.evaluation.plan.versions", lambda _: {"torch": "1.0"})
    with pytest.raises(InputError, match=r"^worker on .*: differs from the driver in ") as caught:
        evaluate(cluster, tree, tmp_path / "run")
    assert type(caught.value) is InputError
    assert "\n" not in str(caught.value)


def test_what_the_cluster_lacks_is_said_early(cluster: Any, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no node of the cluster has 2 cores"):
        evaluate(cluster, tree, tmp_path / "run", threads=2)
    with pytest.raises(InputError, match="no node of the cluster has a GPU"):
        evaluate(cluster, tree, tmp_path / "run", device="cuda")
    with pytest.raises(InputError, match="with --engine ray, which chooses the GPU"):
        evaluate(cluster, tree, tmp_path / "run", device="cuda:1")
    code = (
        "import robustbench_seg as r\n"
        "try: r.evaluate('b0@random', engine='ray', address='127.0.0.1:1', out='run')\n"
        "except r.InputError as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert "--address 127.0.0.1:1: no Ray cluster there" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_driver_without_a_gpu_sends_units_to_those_that_nodes_claim(
    cluster: Any, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    remote = ray.remote

    def ask(**options: Any) -> Any:
        asked.append(options)
        return remote(**options)

    monkeypatch.setattr(ray, "remote", ask)
    node = cluster.add_node(num_gpus=1, **NODE)
    try:
        with pytest.raises(InputError, match=r"^worker on .*: --device cuda: not usable") as caught:
            evaluate(cluster, tree, tmp_path / "run")
    finally:
        cluster.remove_node(node)
    assert type(caught.value) is InputError
    assert [(each["num_cpus"], each["num_gpus"]) for each in asked] == [(1, 1)]


# Last, as it leaves one node.
def test_a_node_that_is_killed_costs_no_cell(
    cluster: Any,
    tree: Path,
    local: Path,
    tmp_path: Path,
    lost: list[BaseException],
    begun: threading.Semaphore,
) -> None:
    nodes = list(cluster.worker_nodes)

    def kill(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and nodes:
            wait_for_both(begun)
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            while len(_actors()) > 1:  # which notice it only when they look for their node
                time.sleep(0.05)

    run = evaluate(cluster, tree, tmp_path / "run", progress=kill)
    assert not nodes
    assert len(lost) >= 1
    assert run.complete
    assert cells_of(tmp_path / "run") == cells_of(local)


def _actors() -> list[int]:
    """Return the processes of the workers."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::_Actor"):
            found.append(int(folder.name))
    return found


def _stored(folder: Path) -> int:
    try:
        with Store.open(folder) as store:
            return len(store.stored())
    except InputError:
        return 0
