"""One run by several processes: the same numbers as in one, whatever happens to a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.engines import cluster
from robustbench_seg.evaluation.engines.worker import WorkerConfig, WorkerRuntime
from robustbench_seg.evaluation.evaluate import prepare
from robustbench_seg.protocol.request import Request
from tests.helpers.cells import cells_of
from tests.helpers.frames import write_tree

FEW: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 5)


@pytest.fixture(scope="module")
def local(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local") / "run"
    robustbench_seg.evaluate("b0@random", data=str(tree), out=out, threads=1, **FEW)
    return out


@pytest.mark.posix
@pytest.mark.slow
def test_two_processes_give_what_one_gives_though_one_is_killed(
    tree: Path, local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []

    def kill(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and not killed:
            # The youngest: it has a frame in work, or is about to have one.
            process = max(multiprocessing.active_children(), key=lambda child: child.pid or 0)
            assert process.pid is not None
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    monkeypatch.chdir(tree.parent)  # workers know what a relative path means
    run = robustbench_seg.evaluate(
        "b0@random",
        data=tree.name,
        out=tmp_path / "run",
        devices=["cpu", "cpu"],
        threads=1,
        progress=kill,
        **FEW,
    )
    assert killed
    assert run.complete
    assert cells_of(tmp_path / "run") == cells_of(local)
    assert run.sessions[0]["division"] == {"engine": "local", "devices": "cpu, cpu"}
    assert not multiprocessing.active_children()


def test_a_worker_refuses_what_is_not_the_drivers(tree: Path, tmp_path: Path) -> None:
    request = Request(
        models=("b0@random",), data=str(tree), out=tmp_path / "run", devices=["cpu"], **FEW
    )
    plan, _ = prepare(request)
    order = WorkerConfig.of(plan, 1)
    spec = plan.spec
    weights = replace(spec.models[0], weights={"sha256": "0" * 64})
    for other, words in (
        ({"seed": 3}, r"seed \(3, 0\)"),
        ({"batch": 7}, r"batch \(7, "),
        ({"versions": {**spec.versions, "torch": "1.0"}}, r"versions torch \(1.0, "),
        ({"models": (weights,)}, "models b0@random weights"),
    ):
        with pytest.raises(InputError, match=f"worker on .*: differs from the driver in {words}"):
            WorkerRuntime(replace(order, spec=replace(spec, **other)))
    with pytest.raises(InputError, match="has other frames here"):
        WorkerRuntime(replace(order, spec=replace(spec, frames=spec.frames[1:])))
    result = WorkerRuntime(order).do(plan.missing(plan.steps, ())[0])
    assert result.cells.keys() == plan.spec.cells(spec.frames[0])


def test_options_that_do_not_go_together_are_refused(tree: Path, tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        "--device and --devices are mutually exclusive": {"device": "cpu", "devices": ["cpu"]},
        "--devices and --engine ray are mutually exclusive": {"engine": "ray", "devices": ["cpu"]},
        "--address: needs --engine ray": {"address": "auto"},
        "--device cuda:99: not usable": {"devices": ["cuda:99"]},
        "--threads 0": {"threads": 0},
        "--engine dask": {"engine": "dask"},
    }
    for words, options in cases.items():
        with pytest.raises(InputError, match=words):
            robustbench_seg.evaluate("b0@random", data=str(tree), out=tmp_path / "no", **options)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("nodes", "options", "expected"),
    [
        ([{"CPU": 5.0}, {"CPU": 3.0}], {"threads": 2}, ("cpu", 3, 2)),
        ([{"CPU": 16.0}, {"CPU": 32.0, "GPU": 4.0}], {"threads": 2}, ("cuda", 4, 8)),
        ([{"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0, "GPU": 2.0}], {}, ("cuda", 4, 2)),
        ([{"CPU": 8.0, "GPU": 2.0}], {"device": "cpu", "threads": 4}, ("cpu", 2, 4)),
        ([{"GPU": 2.0}], {}, ("cuda", 2, 0)),  # ray start --num-cpus 0
    ],
)
def test_a_cluster_has_a_place_for_each_gpu_or_every_few_cores(
    monkeypatch: pytest.MonkeyPatch,
    nodes: list[dict[str, float]],
    options: dict[str, Any],
    expected: tuple[str, int, int],
) -> None:
    monkeypatch.setattr(cluster, "_connect", lambda _: nodes)
    found = cluster.Cluster.find(Request(models=("b0",), engine="ray", **options))
    assert (found.device, found.slots, found.cores) == expected


def test_ray_is_asked_for_where_it_is_missing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install \"robustbench-seg\[ray\]\""):
        robustbench_seg.evaluate("b0@random", data=str(tree), out=tmp_path / "no", engine="ray")
