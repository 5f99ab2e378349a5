"""Weights from the Hugging Face hub: its real client, against a local server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants, file_download

from robustbench_seg.errors import InputError
from robustbench_seg.models.hub_files import NotFetchedError, fetch_repository
from robustbench_seg.models.named_weights import find_weights
from robustbench_seg.models.registry import build_model, load_model
from tests.helpers.hub_server import COMMIT, Hub

CLASSES = [f"class {index}" for index in range(5)]
REPOSITORY = "someone/segformer-b0"
WEIGHTS = bytes(range(256)) * 100


def two_files() -> dict[str, bytes]:
    return {"config.json": b"{}", "model.safetensors": WEIGHTS}


def in_shards(name: str = "pytorch_model-1-of-1.bin") -> dict[str, bytes]:
    index = json.dumps({"weight_map": {"weight": name}}).encode()
    return {"config.json": b"{}", "pytorch_model.bin.index.json": index, name: b"weights"}


def refusal(repository: str = REPOSITORY) -> str:
    with pytest.raises(NotFetchedError) as caught:
        fetch_repository(repository)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("files", [two_files(), in_shards()])
def test_a_downloaded_repository_is_read_from_the_cache(hub: Hub, files: dict[str, bytes]) -> None:
    hub.repositories[REPOSITORY] = files | {"README.md": b"not needed"}
    folder = fetch_repository(REPOSITORY)
    assert folder.name == COMMIT
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert hub.requests
    hub.requests.clear()
    assert fetch_repository(REPOSITORY) == folder
    assert not hub.requests


@pytest.mark.slow
def test_the_endpoint_comes_from_the_environment(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[REPOSITORY] = two_files()
    module = "robustbench_seg.models.hub_files"
    program = f"from {module} import fetch_repository as fetch; print(fetch({REPOSITORY!r}))"
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_CACHE": str(tmp_path / "other"),
        "HF_HUB_OFFLINE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    folder = Path(done.stdout.strip())
    assert folder.is_relative_to(tmp_path / "other")
    assert (folder / "model.safetensors").read_bytes() == two_files()["model.safetensors"]


def test_an_interrupted_download_resumes(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    hub.repositories[REPOSITORY] = two_files()
    hub.breaking["model.safetensors"] = 1
    assert (fetch_repository(REPOSITORY) / "model.safetensors").read_bytes() == bytes(
        range(256)
    ) * 100


def test_a_truncated_download_is_not_used(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    hub.repositories[REPOSITORY] = two_files()
    expected = "could not be downloaded (model.safetensors: the download broke off); try again"
    hub.breaking["model.safetensors"] = 99
    assert refusal() == expected
    hub.breaking.clear()
    hub.short.add("model.safetensors")
    assert refusal() == expected
    hub.short.clear()
    assert (fetch_repository(REPOSITORY) / "model.safetensors").read_bytes() == bytes(
        range(256)
    ) * 100


def test_a_download_is_checked_without_links(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the cache often has none, whose names are the digests."""
    monkeypatch.setattr(file_download, "are_symlinks_supported", lambda _: False)
    hub.repositories[REPOSITORY] = two_files()
    hub.stated["model.safetensors"] = "0" * 64
    assert "whose SHA-256 is not the one that the hub states" in refusal()
    hub.stated.clear()
    path = fetch_repository(REPOSITORY) / "model.safetensors"
    assert path.is_file()
    assert not path.is_symlink()


@pytest.mark.parametrize("files", [two_files(), in_shards()])
def test_a_file_of_another_digest_is_deleted(hub: Hub, files: dict[str, bytes]) -> None:
    hub.repositories[REPOSITORY] = files
    large = list(files)[-1]
    hub.stated[large] = "0" * 64
    expected = (
        f"holds a {large} whose SHA-256 is not the one that the hub states; it was deleted; "
        "try again"
    )
    assert refusal() == expected
    hub.stated.clear()
    folder = fetch_repository(REPOSITORY)
    assert (folder / large).read_bytes() == files[large]
    # The same for a file that changes in the cache.
    (folder / large).resolve().write_bytes(b"other")
    assert refusal() == expected
    assert (fetch_repository(REPOSITORY) / large).read_bytes() == files[large]


def test_unavailable_repositories_are_reported(hub: Hub) -> None:
    assert refusal("someone/nothing") == (
        "is not on the Hugging Face hub, or is private; check its name, or log in with "
        "`hf auth login`"
    )
    assert refusal("some..one/x--y").startswith("is not on the Hugging Face hub")
    hub.repositories["someone/gated"] = two_files()
    hub.gated.add("someone/gated")
    assert refusal("someone/gated") == (
        "is gated on the Hugging Face hub; accept its licence at "
        "https://huggingface.co/someone/gated and log in with `hf auth login`"
    )
    hub.repositories["someone/text"] = {"README.md": b"", "config.json": b"{}"}
    expected = (
        "has no model.safetensors or pytorch_model.bin; see https://huggingface.co/someone/text"
    )
    assert refusal("someone/text") == expected
    hub.repositories["someone/text"] = {"model.safetensors": b""}
    assert refusal("someone/text").startswith("has no config.json; see")


def test_an_index_leads_to_no_other_folder(hub: Hub) -> None:
    hub.repositories[REPOSITORY] = in_shards("../../../etc/passwd.bin")
    with pytest.raises(InputError, match=r"index\.json: refused: it names '\.\./\.\./"):
        fetch_repository(REPOSITORY)
    assert not any("passwd" in request for request in hub.requests)


def test_a_missing_network_is_reported_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waits"))
    nobody = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(hub.url, "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nobody)
    expected = (
        "is not in the cache of the Hugging Face hub, and could not be downloaded; "
        "connect to the network once"
    )
    assert refusal() == expected
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert refusal() == expected


def test_a_repository_can_be_chosen_as_weights(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save(build_model("b0", 5).state_dict(), path)
    files = {"config.json": b'{"id2label": {}}', "pytorch_model.bin": path.read_bytes()}
    hub.repositories[REPOSITORY] = files
    segmenter = load_model(f"b0@{REPOSITORY}", data="camvid", classes=CLASSES)
    assert segmenter.name == "b0@segformer-b0"
    assert segmenter.trained_on == f"the data of {REPOSITORY}"
    assert segmenter.weights["source"] == f"https://huggingface.co/{REPOSITORY} at {COMMIT}"
    # The repository's name of published weights means those weights.
    known = "nvidia/segformer-b0-finetuned-cityscapes-1024-1024"
    hub.repositories[known] = files
    found = find_weights("b0", known, "camvid")
    assert (found.label, found.trained_on) == ("cityscapes", "cityscapes")
    assert "non-commercial" in found.licence
    # A folder of that name takes precedence.
    monkeypatch.chdir(tmp_path)
    (tmp_path / REPOSITORY).mkdir(parents=True)
    assert find_weights("b0", REPOSITORY, "camvid").path == Path(REPOSITORY)


def test_neither_a_file_nor_a_repository_is_reported(hub: Hub) -> None:
    for wanted, reason in {
        "runs/b0": "no such file, and as a repository it is not on the Hugging Face hub, or is",
        "runs/b0.pth": "no such file; b0 has weights by name",
        "../b0": "no such file; b0 has weights by name",
        "a/b/c": "no such file; b0 has weights by name",
    }.items():
        with pytest.raises(InputError) as caught:
            find_weights("b0", wanted, "camvid")
        assert str(caught.value).startswith(f"--weights {wanted}: {reason}")
        assert "\n" not in str(caught.value)
