"""Models of transformers, against transformers' own predictions."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BertConfig, BertModel

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import IMAGENET, Segmenter
from robustbench_seg.models.registry import load_model
from tests.helpers.foreign_models import PEERS, noise, save_peer
from tests.helpers.harm import Harm

CLASSES = tuple(info.name for info in CITYSCAPES)


EDGES = {"size": {"shortest_edge": 70, "longest_edge": 105}}


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("transformers").setLevel(logging.ERROR)


def open_folder(folder: Path | str) -> Segmenter:
    return load_model(f"hf:{folder}", data="streets", classes=CLASSES)


def refusal(folder: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        open_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def by_transformers(model: Any, processor: Any, image: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        output = model(**processor(image, return_tensors="pt"))
        sizes = [image.shape[:2]]
        labels: np.ndarray = processor.post_process_semantic_segmentation(output, sizes)[0].numpy()
    return labels


@pytest.mark.slow
@pytest.mark.parametrize("kind", PEERS)
@pytest.mark.parametrize(
    "options", [{}, {"do_resize": False}, EDGES], ids=["fixed", "native", "edges"]
)
def test_labels_equal_those_of_transformers(
    tmp_path: Path, kind: str, options: dict[str, object]
) -> None:
    model, processor = save_peer(kind, tmp_path, CLASSES, **options)
    segmenter = open_folder(tmp_path)
    assert isinstance(segmenter.network, nn.Module)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    for size in ((64, 96), (101, 67), (200, 320)):
        expected = by_transformers(model, processor, noise(*size))
        assert len(np.unique(expected)) > 2
        pixels = torch.from_numpy(noise(*size)).permute(2, 0, 1)[None]  # (1, 3, H, W)
        with torch.inference_mode():
            logits = segmenter.network(segmenter.preprocessing.normalise(pixels))
        by_torch = F.interpolate(logits, size, mode="bilinear")[0].argmax(0).numpy()
        assert np.mean(by_torch != expected) <= 1e-4
        # Pixels without a mask have scores near zero, where rounding decides.
        labels = predictor.labels(noise(*size)[np.newaxis], size)[0]
        assert np.mean(labels != expected) <= 1e-3


def test_whole_numbers_in_place_of_weights_are_refused(tmp_path: Path) -> None:
    save_peer("segformer", tmp_path / "mine", CLASSES)
    path = tmp_path / "mine" / "model.safetensors"
    tensors = load_file(path)
    name = "decode_head.classifier.weight"
    save_file({**tensors, name: (tensors[name] * 10).long()}, path, {"format": "pt"})
    with pytest.raises(
        InputError, match=rf"model\.safetensors: {name} is int64 instead of float32"
    ):
        open_folder(tmp_path / "mine")


def test_provenance_of_a_folder(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(19)]
    save_peer("segformer", tmp_path / "mine", names)
    segmenter = open_folder(tmp_path / "mine")
    assert (segmenter.name, segmenter.trained_on) == ("hf:mine", "the data of mine")
    assert segmenter.weights["source"] == "mine"
    assert segmenter.weights["note"] == (
        "its class 'class 0' is scored as 'road', and 18 more likewise"
    )
    assert segmenter.classes == CLASSES
    assert segmenter.window.mode == "whole"
    assert segmenter.preprocessing.size == (64, 96)
    digest = segmenter.weights["sha256"]
    assert open_folder(tmp_path / "mine").weights["sha256"] == digest
    path = tmp_path / "mine" / "preprocessor_config.json"
    path.write_text(path.read_text().replace("0.485", "0.5"))
    assert open_folder(tmp_path / "mine").weights["sha256"] != digest
    path.unlink()
    assumed = open_folder(tmp_path / "mine")
    assert assumed.preprocessing == IMAGENET
    assert assumed.weights["note"].endswith(
        "no preprocessor_config.json: ImageNet's mean and std, and images of their own size"
    )


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    save_peer("upernet-swin", tmp_path, ["a", "b"])
    assert refusal(tmp_path) == (
        f"{tmp_path}: a model of 2 classes, where the labels of streets have 19; give weights "
        "that were trained for these classes, or a --class-map"
    )


def test_weights_that_do_not_fit_are_reported(tmp_path: Path) -> None:
    model, _ = save_peer("segformer", tmp_path, CLASSES)
    state = {k: v for k, v in model.state_dict().items() if "classifier" not in k}
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    assert refusal(tmp_path) == (
        f"{tmp_path}: 2 tensors of the model are missing from the weights, or of another shape: "
        "decode_head.classifier.bias, decode_head.classifier.weight"
    )


def test_code_in_weights_is_not_run(tmp_path: Path) -> None:
    save_peer("segformer", tmp_path, CLASSES)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"x": Harm(tmp_path / "harm")}, tmp_path / "pytorch_model.bin")
    assert "transformers cannot read it" in refusal(tmp_path)
    assert not (tmp_path / "harm").exists()


def test_code_in_a_folder_is_not_run(tmp_path: Path) -> None:
    save_peer("segformer", tmp_path, CLASSES)
    config = {
        "model_type": "mine",
        "auto_map": {
            "AutoConfig": "code.Config",
            "AutoModelForSemanticSegmentation": "code.Model",
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "code.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'harm')!r})\n")
    assert "transformers cannot read it" in refusal(tmp_path)
    assert not (tmp_path / "harm").exists()


def test_folders_without_a_supported_model_are_reported(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"--model hf:{tmp_path}: no config.json in this folder; give one that has it"
    )
    assert "no such folder; give a folder, or a repository OWNER/NAME" in refusal("gone")
    (tmp_path / "config.json").write_text("{}")
    assert "no model.safetensors" in refusal(tmp_path)
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9)
    BertModel(config).save_pretrained(tmp_path)
    assert ": bert models are not supported; use a model of" in refusal(tmp_path)
    save_peer("segformer", tmp_path / "cut", CLASSES)
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    assert "transformers cannot read it" in refusal(tmp_path / "cut")


def test_an_uninstalled_transformers_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert refusal(tmp_path) == (
        f"--model hf:{tmp_path}: needs transformers, which is not installed; "
        "pip install 'robustbench-seg[hf]'"
    )


def test_a_repository_is_read_from_the_cache_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    message = refusal("me/tiny")
    assert "not in the cache" in message
    assert message.startswith("--model hf:me/tiny: no such folder, and as a repository it ")

    # The layout of the hub's cache: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    repository = tmp_path / "hub" / "models--me--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    snapshot = repository / "snapshots" / "c0ffee"
    save_peer("segformer", snapshot, CLASSES)
    segmenter = open_folder("me/tiny")
    assert (segmenter.name, segmenter.trained_on) == ("hf:me/tiny", "the data of me/tiny")
    assert segmenter.weights["source"] == "https://huggingface.co/me/tiny at c0ffee"
    assert segmenter.preprocessing.size == (64, 96)

    # A missing processor file is not assumed: the repository may have one.
    (snapshot / "preprocessor_config.json").unlink()
    assert "has no preprocessor_config.json in the cache" in refusal("me/tiny")
    known = repository / ".no_exist" / "c0ffee"
    known.mkdir(parents=True)
    (known / "preprocessor_config.json").touch()
    assert open_folder("me/tiny").preprocessing == IMAGENET
    # A folder of that name takes precedence.
    shutil.copytree(snapshot, tmp_path / "me" / "tiny")
    assert open_folder("me/tiny").name == "hf:tiny"
