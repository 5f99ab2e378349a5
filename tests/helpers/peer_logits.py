"""Golden logits of mmsegmentation's networks, whose weights come from a formula.

A golden file holds, by case, `shapes`, the names and shapes of the network's tensors, and `logits`,
by size of the image (HEIGHTxWIDTH), every `step`-th row and column from `step` // 2 on; and, under
`networks`, what `summary` gives of networks of published sizes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_seg.inference.runtimes import openvino
from robustbench_seg.inference.runtimes.runtime import Run
from robustbench_seg.models.base import LabelFunction, Segmenter
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.models.registry import load_model

from .formula import image, weights_of
from .paths import GOLDEN

CLASSES = ("road", "sky", "car")
AUXILIARY = {"auxiliary_head.conv_seg.weight": torch.zeros(3, 8, 1, 1)}
"""A tensor of a head for training, as all of mmsegmentation's checkpoints have."""


def read_golden(name: str) -> Mapping[str, Any]:
    """Return the content of a golden file."""
    content: Mapping[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return content


def load_case(path: Path, model: str, shapes: Mapping[str, Any], config: str) -> Segmenter:
    """Write a checkpoint as mmsegmentation's, with weights of the formula, and load it."""
    meta = {"CLASSES": CLASSES, "config": config}
    torch.save({"meta": meta, "state_dict": weights_of(shapes) | AUXILIARY}, path)
    return load_model(model, data="streets", weights=str(path), classes=CLASSES)


def fill_case(path: Path, model: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Write tensors, and load them as a model of any sizes, also of those it has no name for."""
    torch.save({"state_dict": {**tensors, **AUXILIARY}}, path)
    checkpoint, build = open_checkpoint(path), MODELS[model].build_for
    assert build is not None
    network = build(checkpoint)
    fill(network, checkpoint)
    return network.eval()


def difference(network: nn.Module | LabelFunction, case: Mapping[str, Any], size: str) -> float:
    """Return the largest difference to the golden logits, relative to the largest of them."""
    golden, step = torch.tensor(case["logits"][size]), case["step"]
    assert isinstance(network, nn.Module)
    with torch.inference_mode():
        logits = network(image(*map(int, size.split("x"))))  # (1, 3, h, w)
    given = logits[0, :, step // 2 :: step, step // 2 :: step]
    assert given.shape == golden.shape
    return float((given - golden).abs().max() / golden.abs().max())


def openvino_difference(
    network: nn.Module | LabelFunction, case: Mapping[str, Any], size: str
) -> float:
    """Return `difference` of the logits that OpenVINO computes."""
    assert isinstance(network, nn.Module)
    return difference(_Run(openvino.load(network, "float32")), case, size)


class _Run(nn.Module):
    """A network of a runtime."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def forward(self, image: Tensor) -> Tensor:
        return self.run(image)


def summary(name: str) -> dict[str, Any]:
    """Return the number of parameters of a model, and a digest of its tensors' names and shapes."""
    with torch.device("meta"):
        network = MODELS[name].build(19)
    return summary_of(network)


def summary_of(network: nn.Module) -> dict[str, Any]:
    """Return `summary` of a network, without heads that act in training only."""
    state = {
        name: value
        for name, value in network.state_dict().items()
        if not name.endswith(("num_batches_tracked", "relative_position_index"))
        and not name.startswith("auxiliary_head.")
    }
    lines = sorted(f"{name} {list(value.shape)}\n" for name, value in state.items())
    trained = (value for name, value in network.named_parameters() if name in state)
    return {
        "parameters": sum(parameter.numel() for parameter in trained),
        "digest": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }
