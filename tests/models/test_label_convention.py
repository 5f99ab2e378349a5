"""Conventions of labels that a checkpoint declares are honoured, or the model is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.opening import load_segmenters, open_data
from robustbench_seg.models.registry import build_model
from robustbench_seg.protocol.request import Request
from tests.helpers.segformers import peer_of

Load = Callable[..., Any]
NAMES = ("grass", "path", "sky")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that loads a model for labels of three values and returns its classes."""
    for folder in ("img", "mask"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "img/a.png")

    def run(choice: str, first: int, **options: Any) -> Any:
        label = (np.arange(64 * 64) % 3 + first).astype(np.uint8).reshape(64, 64)
        Image.fromarray(label).save(tmp_path / "mask/a.png")
        classes = ", ".join(f'{{ name = "{name}" }}' for name in NAMES)
        values = [first, first + 1, first + 2]
        (tmp_path / "yard.toml").write_text(f"classes = [{classes}]\nvalues = {values}\n")
        request = Request(
            models=(choice,),
            images=tmp_path / "img",
            labels=tmp_path / "mask",
            classes=tmp_path / "yard.toml",
            **options,
        )
        dataset, mapping = open_data(request)
        (segmenter,) = load_segmenters(request, dataset, mapping)
        return segmenter.classes

    return run


def folder_of(
    root: Path, processor: dict[str, Any], names: tuple[str, ...] | None = None, **config: Any
) -> Path:
    """Write a SegFormer with a processor and a configuration."""
    torch.manual_seed(0)
    peer = peer_of("b0", names or 3, **config)
    peer.save_pretrained(root / "net")
    (root / "net/preprocessor_config.json").write_text(json.dumps(processor))
    return root / "net"


@pytest.mark.parametrize("choice", ["hf:{}", "b0@{}"])
@pytest.mark.parametrize("key", ["do_reduce_labels", "reduce_labels"])
def test_outputs_of_reduced_labels_begin_with_value_1(
    tmp_path: Path, load: Load, choice: str, key: str
) -> None:
    model = choice.format(folder_of(tmp_path, {key: True, "do_resize": False}))
    with pytest.raises(InputError, match=r"its first output is the value 1 of .* of grass is 0"):
        load(model, 0)
    if key == "do_reduce_labels":
        assert load(model, 1) == NAMES
        assert load(model, 0, class_order="as-is") == NAMES


def test_names_of_classes_tell_more_than_the_numbers(tmp_path: Path, load: Load) -> None:
    folder = folder_of(tmp_path, {"do_reduce_labels": True, "do_resize": False}, NAMES)
    assert load(f"hf:{folder}", 0) == NAMES


@pytest.mark.parametrize(("names", "scored"), [(None, "grass"), (NAMES[::-1], "sky")])
def test_a_class_without_training_is_not_scored(
    tmp_path: Path, load: Load, names: tuple[str, ...] | None, scored: str
) -> None:
    folder = folder_of(tmp_path, {"do_resize": False}, names, semantic_loss_ignore_index=0)
    with pytest.raises(InputError, match=rf"its output \d was left out of .* it as {scored}"):
        load(f"hf:{folder}", 0)


def test_the_configuration_of_mmsegmentation_reduces_labels(tmp_path: Path, load: Load) -> None:
    tensors = build_model("b0", 3).state_dict()
    text = "dataset_type = 'Mine'\ntrain = [dict(type='LoadAnnotations', reduce_zero_label=True)]"
    save_file(tensors, tmp_path / "net.safetensors", {"config": text})
    with pytest.raises(InputError, match="was trained with 0 left out"):
        load(f"b0@{tmp_path / 'net.safetensors'}", 0)
