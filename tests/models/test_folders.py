"""Hugging Face folders: untrusted contents, reported by file name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.models.registry import build_model
from robustbench_seg.models.segformer import segformer

INDEX = "model.safetensors.index.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.fixture(scope="module")
def halves() -> list[dict[str, Tensor]]:
    tensors = list(build_model("b0", 5).state_dict().items())
    return [dict(tensors[:90]), dict(tensors[90:])]


@pytest.fixture
def sharded(tmp_path: Path, halves: list[dict[str, Tensor]]) -> Path:
    weight_map: dict[str, str] = {}
    for shard, half in zip(SHARDS, halves, strict=True):
        save_file(half, tmp_path / shard)
        weight_map |= dict.fromkeys(half, shard)
    write_index(tmp_path, weight_map)
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def write_index(folder: Path, weight_map: Any) -> None:
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def weight_map_of(folder: Path) -> dict[str, str]:
    weight_map: dict[str, str] = json.loads((folder / INDEX).read_text())["weight_map"]
    return weight_map


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_checkpoint(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_shards_are_one_checkpoint(sharded: Path, halves: list[dict[str, Tensor]]) -> None:
    checkpoint = open_checkpoint(sharded)
    network = segformer("b0", 5)
    fill(network, checkpoint)
    given = network.state_dict()
    assert all(torch.equal(given[name], value) for half in halves for name, value in half.items())
    assert checkpoint.path == sharded / INDEX
    # The output of `sha256sum model-*.safetensors | sha256sum`.
    lines = "".join(
        f"{hashlib.sha256((sharded / shard).read_bytes()).hexdigest()}  {shard}\n"
        for shard in SHARDS
    )
    assert checkpoint.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_a_single_file_takes_precedence_over_shards(sharded: Path) -> None:
    save_file(build_model("b0", 7).state_dict(), sharded / "model.safetensors")
    assert open_checkpoint(sharded).outputs == 7


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd.safetensors",
        "../model.safetensors",
        "more/model.safetensors",
        "..\\model.safetensors",
        "C:model.safetensors",
        "evil.bin",
        "..",
        "",
        7,
        None,
    ],
)
def test_an_index_may_name_only_files_of_its_folder(sharded: Path, name: Any) -> None:
    (sharded.parent / "model.safetensors").write_bytes(b"elsewhere")
    write_index(sharded, weight_map_of(sharded) | {"decode_head.linear_pred.bias": name})
    assert refusal(sharded).startswith(f"{sharded / INDEX}: refused: it names {name!r}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "missing or not JSON; download it again"),
        ("[" * 100_000, "missing or not JSON; download it again"),
        ("[]", "not an index of weights; download it again"),
        ("{}", "names no weights files; download it again"),
        ('{"weight_map": {}}', "names no weights files; download it again"),
        ('{"weight_map": ["a"]}', "names no weights files; download it again"),
    ],
)
def test_damaged_indices_are_reported(sharded: Path, content: str, reason: str) -> None:
    (sharded / INDEX).write_text(content)
    assert refusal(sharded) == f"{sharded / INDEX}: {reason}"


def test_shards_that_do_not_fit_the_index_are_reported(
    sharded: Path, halves: list[dict[str, Tensor]]
) -> None:
    weight_map = weight_map_of(sharded)
    write_index(sharded, weight_map | {"decode_head.more": SHARDS[0]})
    assert "decode_head.more is in only one of them" in refusal(sharded)
    first = next(iter(halves[0]))
    write_index(sharded, {name: shard for name, shard in weight_map.items() if name != first})
    assert f"{first} is in only one of them" in refusal(sharded)
    write_index(sharded, weight_map)
    save_file(halves[1] | {first: halves[0][first]}, sharded / SHARDS[1])
    assert refusal(sharded).startswith(f"{sharded / SHARDS[1]}: {first} is in another shard too")
    (sharded / SHARDS[1]).write_bytes(b"truncated")
    assert "not a safetensors file, or truncated" in refusal(sharded)
    (sharded / SHARDS[1]).unlink()
    assert refusal(sharded).startswith(f"{sharded / SHARDS[1]}: no such file")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("", "missing or not JSON"),
        ("[]", "not a model's configuration"),
        ('{"num_attention_heads": [1, 2, 4, 8]}', "num_attention_heads is [1, 2, 4, 8], not"),
        ('{"sr_ratios": [4, 4, 2, 1]}', "sr_ratios is"),
        ('{"strides": [2, 2, 2, 2], "model_type": "segformer"}', "strides is"),
        ('{"hidden_act": "relu"}', "hidden_act is relu, not gelu"),
    ],
)
def test_other_configurations_are_reported(sharded: Path, config: str, reason: str) -> None:
    (sharded / "config.json").write_text(config)
    assert refusal(sharded).startswith(f"{sharded / 'config.json'}: {reason}")


def test_a_folder_without_weights_is_reported(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"{tmp_path}: no model.safetensors or pytorch_model.bin in this folder; give one that has "
        "weights"
    )


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ({"0": "road", "1": "sky"}, ("road", "sky")),
        ({"1": "sky", "0": "road"}, ("road", "sky")),
        ({"0": "LABEL_0", "1": "LABEL_1"}, None),  # transformers' default for classes without names
        ({"1": "road", "2": "sky"}, None),
        ({}, None),
        (7, None),
    ],
)
def test_the_classes_come_from_the_configuration(sharded: Path, labels: Any, classes: Any) -> None:
    (sharded / "config.json").write_text(json.dumps({"id2label": labels}))
    assert open_checkpoint(sharded).classes == classes
