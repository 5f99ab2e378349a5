"""`robustseg eval --model b1` on the embedded scenes, with the weights published for Cityscapes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import save

from robustbench_seg import cli
from robustbench_seg.cli import console
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.models.registry import build_model
from tests.helpers.hub_server import COMMIT, Hub

REPOSITORY = "nvidia/segformer-b1-finetuned-cityscapes-1024-1024"
WEIGHTS = "model.safetensors"
OFFLINE = (
    "error: --model b1: no weights for streets; use --data PATH or CITYSCAPES_DATASET for "
    "Cityscapes, which it has weights for, --weights FILE, --model b0 on streets, or --weights "
    "random, which stamps UNTRAINED on every output; "
    f"{REPOSITORY}, trained on cityscapes, "
)


@pytest.fixture(scope="module")
def published() -> dict[str, bytes]:
    """Return a B1 of random weights as its repository holds it."""
    names = {number: info.name for number, info in enumerate(CITYSCAPES)}
    return {
        "config.json": json.dumps({"id2label": names}).encode(),
        WEIGHTS: save(
            {name: value.half() for name, value in build_model("b1", 19).state_dict().items()}
        ),
    }


def evaluate(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    monkeypatch.setattr(console.console, "width", 120)
    monkeypatch.setattr(time, "sleep", lambda _: None)  # the hub's client waits before it retries
    monkeypatch.chdir(folder)
    few = ("--limit", "1", "--corruptions", "fog", "--severities", "1", "--out", "run")
    command = ["robustseg", "eval", "--model", "b1", "--suite", "cityscapes-c", *few, *options]
    monkeypatch.setattr(sys, "argv", command)
    return cli.run()


@pytest.mark.slow
def test_published_weights_are_fetched_where_none_are_for_the_data(
    hub: Hub,
    published: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stamp = "OTHER DATA: SegFormer-B1: trained on Cityscapes, evaluated on streets"
    hub.repositories[REPOSITORY] = published
    # The connection breaks in the middle of the file, then it holds another file than it states.
    hub.breaking[WEIGHTS] = 99
    assert evaluate(tmp_path, monkeypatch) == 2
    reason = f"could not be downloaded ({WEIGHTS}: the download broke off); try again"
    assert f"{OFFLINE}{reason}" in capsys.readouterr().err.splitlines()
    hub.breaking.clear()
    hub.stated[WEIGHTS] = "0" * 64
    assert evaluate(tmp_path, monkeypatch) == 2
    assert f"{OFFLINE}holds a {WEIGHTS} whose SHA-256" in capsys.readouterr().err
    hub.stated.clear()
    assert not (tmp_path / "run").exists()

    assert evaluate(tmp_path, monkeypatch) == 0
    assert stamp in capsys.readouterr().out
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert stamp.partition(": ")[2] in page
    assert f"{REPOSITORY} at {COMMIT}" in page

    hub.requests.clear()  # again, from the cache: the run is finished already
    assert evaluate(tmp_path, monkeypatch, "--format", "md") == 0
    assert stamp in capsys.readouterr().out
    assert not [request for request in hub.requests if "nvidia" in request]


def test_without_a_hub_the_alternatives_are_listed(
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del hub.repositories  # an error in the hub's thread is a connection that breaks
    monkeypatch.setattr(type(hub), "handle_error", lambda *_: None)
    assert evaluate(tmp_path, monkeypatch) == 2
    reason = (
        "is not in the cache of the Hugging Face hub, and could not be downloaded; connect to the "
        "network once"
    )
    assert f"{OFFLINE}{reason}" in capsys.readouterr().err.splitlines()
