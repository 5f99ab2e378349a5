"""SegFormer against transformers, an independent implementation, and the paper's Table 1a."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.mix_transformer import PositionalEncoding
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.segformer import SegFormer, segformer
from tests.helpers.segformers import filled, peer_of

NO_DROPOUT: dict[str, Any] = {"drop_path_rate": 0.0, "classifier_dropout_prob": 0.0}


@torch.no_grad()
def randomise(network: nn.Module) -> None:
    """Draw all weights, norms and batch-norm statistics, to make every one of them matter."""
    random = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        drawn = torch.randn(value.shape, generator=random)
        if name.endswith("running_var"):
            value.copy_(drawn.abs() + 0.5)
        elif name.endswith("norm.weight") or "norm_" in name:
            value.copy_(1 + 0.2 * drawn)
        elif value.ndim > 1:
            value.copy_(drawn / value[0].numel() ** 0.5)
        elif value.ndim == 1:
            value.copy_(0.2 * drawn)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, SegFormer]]:
    """Build B0 and B2 by transformers with random weights, and ours from their files."""
    pairs = {}
    for variant in ("b0", "b2"):
        peer = peer_of(variant, **NO_DROPOUT)
        randomise(peer)
        folder = tmp_path_factory.mktemp(variant)
        peer.save_pretrained(folder)
        ours = filled(open_checkpoint(folder))
        ours.decode_head.dropout.p = 0.0
        pairs[variant] = peer, ours
    return pairs


def image(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "height", "width"),
    [
        ("b0", 256, 256),
        ("b0", 128, 512),
        ("b0", 511, 769),
        ("b2", 128, 128),
        ("b2", 64, 256),
        ("b2", 95, 161),
    ],
)
@torch.no_grad()
def test_logits_equal_those_of_transformers(
    pairs: dict[str, tuple[Any, SegFormer]], variant: str, height: int, width: int
) -> None:
    peer, ours = pairs[variant]
    x = image(1, 3, height, width)
    expected, logits = peer(x).logits, ours(x)
    assert logits.shape == expected.shape == (1, 19, -(-height // 4), -(-width // 4))
    assert expected.std() > 0.1
    assert (logits - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.slow
def test_gradients_and_batch_statistics_equal_those_of_transformers(
    pairs: dict[str, tuple[Any, SegFormer]],
) -> None:
    peer, ours = pairs["b0"]
    target = image(2, 19, 16, 24)
    gradients: list[Tensor] = []
    for network in (peer, ours):
        x = image(2, 3, 64, 96).requires_grad_()
        output = network.train()(x)
        loss = F.mse_loss(getattr(output, "logits", output), target)
        # Raises for a parameter on which the loss does not depend.
        gradients.append(torch.autograd.grad(loss, [x, *network.parameters()])[0])
        network.eval()
    variance = ours.get_buffer("decode_head.linear_fuse.bn.running_var")
    expected = peer.get_buffer("decode_head.batch_norm.running_var")
    torch.testing.assert_close(variance, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        gradients[1], gradients[0], rtol=0, atol=1e-4 * float(gradients[0].abs().max())
    )


@pytest.mark.parametrize(
    ("variant", "millions"),
    [
        ("b0", 3.719),
        ("b1", 13.682),
        ("b2", 27.361),
        ("b3", 47.237),
        ("b4", 64.008),
        ("b5", 84.608),
    ],
)
def test_parameters_are_as_many_as_in_transformers(variant: str, millions: float) -> None:
    with torch.device("meta"):
        ours, peer = segformer(variant, 19), peer_of(variant)
    assert count(ours) == count(peer)
    assert count(ours) / 1e6 == pytest.approx(millions, abs=5e-4)


# SegFormer, arXiv 2105.15203v3, Table 1a (150 classes): encoder, decoder, millions of parameters.
TABLE_1A = {
    "b0": (3.4, 0.4),
    "b1": (13.1, 0.6),
    "b2": (24.2, 3.3),
    "b3": (44.0, 3.3),
    "b4": (60.8, 3.3),
    "b5": (81.4, 3.3),
}


@pytest.mark.parametrize("variant", TABLE_1A)
def test_parameters_are_as_many_as_in_the_paper(variant: str) -> None:
    with torch.device("meta"):
        network = segformer(variant, 150)
    encoder, decoder = TABLE_1A[variant]
    assert count(network.backbone) / 1e6 == pytest.approx(encoder, abs=0.1)
    assert count(network.decode_head) / 1e6 == pytest.approx(decoder, abs=0.1)


@torch.no_grad()
def test_a_batch_gives_the_logits_of_its_images(pairs: dict[str, tuple[Any, SegFormer]]) -> None:
    ours = pairs["b0"][1]
    x = image(3, 3, 64, 96)
    together = ours(x)
    singly = torch.cat([ours(x[index : index + 1]) for index in range(3)])
    assert (together - singly).abs().max() < 1e-5 * singly.abs().max()


def test_a_copy_has_stages_of_its_modules() -> None:
    network = segformer("b0-pe", 5)
    backbone = deepcopy(network).half().backbone
    for number, stage in enumerate(backbone.stages, start=1):
        for name, module in stage.named_children():
            assert backbone.get_submodule(f"{name}{number}") is module
            assert module is not network.backbone.get_submodule(f"{name}{number}")
    assert {value.dtype for value in backbone.parameters()} == {torch.float16}


@torch.no_grad()
def test_the_input_is_not_changed(pairs: dict[str, tuple[Any, SegFormer]]) -> None:
    x = image(1, 3, 64, 64)
    before = x.clone()
    pairs["b0"][1](x)
    assert torch.equal(x, before)


def test_initial_weights_have_the_right_standard_deviations() -> None:
    torch.manual_seed(0)
    network = segformer("b0", 19)
    mlp = network.requires_grad_(False).get_submodule("backbone.block4.0.mlp")
    assert mlp.get_parameter("fc1.weight").std() == pytest.approx(0.02, rel=0.02)
    assert mlp.get_parameter("dwconv.dwconv.weight").std() == pytest.approx(
        (2 / 9) ** 0.5, rel=0.05
    )
    assert mlp.get_parameter("fc1.bias").abs().max() == 0


@torch.no_grad()
def test_positions_are_interpolated_only_for_maps_of_other_sizes() -> None:
    encoding = PositionalEncoding(8, 6, 10)
    torch.nn.init.normal_(encoding.map)
    tokens = image(2, 60, 8)
    expected = tokens + encoding.map.flatten(2).transpose(1, 2)
    torch.testing.assert_close(encoding(tokens, (6, 10)), expected)
    for size in ((3, 5), (7, 13), (12, 20)):
        tokens = image(1, size[0] * size[1], 8)
        there = F.interpolate(encoding.map, size, mode="bilinear").flatten(2).transpose(1, 2)
        torch.testing.assert_close(encoding(tokens, size), tokens + there)


@pytest.mark.parametrize(("height", "width"), [(256, 512), (128, 256), (61, 147), (32, 32)])
@torch.no_grad()
def test_the_variant_with_positions_depends_on_them(height: int, width: int) -> None:
    network = segformer("b0-pe", 19).eval()
    assert not [name for name in network.state_dict() if "dwconv" in name]
    shapes = [tuple(network.get_parameter(f"backbone.position{i}.map").shape) for i in range(1, 5)]
    assert shapes == [(1, 32, 64, 128), (1, 64, 32, 64), (1, 160, 16, 32), (1, 256, 8, 16)]
    x = image(1, 3, height, width)
    before = network(x)
    assert before.shape == (1, 19, -(-height // 4), -(-width // 4))
    torch.nn.init.normal_(network.get_parameter("backbone.position4.map"))
    assert (network(x) - before).abs().max() > 1e-3


def test_weights_with_and_without_positions_are_distinguished(tmp_path: Path) -> None:
    classes = [f"class {number}" for number in range(19)]
    pe = load_model("b0-pe", data="streets", classes=classes)
    assert (pe.name, pe.trained_on) == ("b0-pe@streets", "streets")
    assert "3600 + 800 steps" in pe.weights["note"]
    for name, other in (("b0", "b0-pe"), ("b0-pe", "b0")):
        path = tmp_path / f"{name}.pth"
        torch.save(segformer(name, 19).state_dict(), path)
        assert open_checkpoint(path).model == name
        with pytest.raises(InputError, match=f"holds {name}, not {other}; use --model {name}$"):
            load_model(other, data="streets", weights=str(path), classes=classes)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
