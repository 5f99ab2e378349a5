"""EfficientViT against its formulas, step by step, and the sizes of its variants."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.errors import InputError
from robustbench_seg.inference.runtimes import openvino
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.efficientvit import Attention
from robustbench_seg.models.registry import load_model
from tests.helpers.efficientvit import Restated
from tests.helpers.formula import image, weights_of

CLASSES = ("road", "sky", "car")
SIZES = {"b0": (0.7, 0.05), "b1": (4.8, 0.05), "b2": (15, 0.5), "b3": (40, 0.5)}
"""Millions of parameters that the authors give for segmentation, and half the last digit."""


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        state = MODELS["efficientvit-b0"].build(3).state_dict()
    return weights_of({name: value.shape for name, value in state.items()})


@pytest.mark.slow
@torch.inference_mode()
def test_logits_equal_those_of_the_formulas(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "efficientvit_b0.pt"
    torch.save({"state_dict": tensors}, path)
    segmenter = load_model("efficientvit-b0", data="mine", weights=str(path), classes=CLASSES)
    assert segmenter.preprocessing.size is None
    network = segmenter.network
    assert isinstance(network, nn.Module)
    x = image(64, 96)
    expected = Restated(tensors)(x)
    assert expected.shape == (1, 3, 8, 12)
    tolerance = 1e-5 * expected.abs().max()
    assert (network(x) - expected).abs().max() < tolerance
    assert (openvino.load(network, "float32")(x) - expected).abs().max() < 10 * tolerance
    assert network(image(65, 47)).shape == (1, 3, 9, 6)


@torch.inference_mode()
def test_sums_of_attention_do_not_overflow_in_half_precision() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 16).eval()
    x = 100 * torch.randn(1, 16, 48, 48)
    expected = attention(x)
    with torch.autocast("cpu", torch.float16):
        given = attention(x)
    assert (given - expected).abs().max() < 0.01 * expected.abs().max()


@pytest.mark.parametrize("variant", SIZES)
def test_variants_have_the_published_sizes_and_are_recognised(variant: str) -> None:
    with torch.device("meta"):
        network = MODELS[f"efficientvit-{variant}"].build(19)
    expected, half = SIZES[variant]
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters / 1e6 == pytest.approx(expected, abs=half)
    state = network.state_dict()
    assert [n for n in MODELS if n.startswith("efficientvit") and MODELS[n].has_sizes(state)] == [
        f"efficientvit-{variant}"
    ]


def test_weights_of_another_variant_are_refused(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "b0.pt"
    torch.save(tensors, path)
    assert open_checkpoint(path).models == ("efficientvit-b0",)
    with pytest.raises(InputError, match="holds efficientvit-b0, not efficientvit-b1; use --model"):
        load_model("efficientvit-b1", data="mine", weights=str(path), classes=CLASSES)
