"""Multiply-adds against counts by hand, torch's counter on real tensors, and published numbers."""

from __future__ import annotations

from typing import cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.counting import multiply_adds, parameters, published_multiply_adds
from robustbench_seg.models.mix_transformer import REDUCTIONS
from robustbench_seg.models.segformer import VARIANTS, SegFormer, segformer
from robustbench_seg.models.segformer_decoders import CommutedAllMLPDecoder
from tests.helpers.segformers import peer_of

CITYSCAPES, ADE20K = (1024, 2048), (512, 512)

# SegFormer, arXiv 2105.15203v3, Table 1a: GFLOPs on Cityscapes and on ADE20K, with 150 classes.
TABLE_1A = {
    "b0": (125.5, 8.4),
    "b1": (243.7, 15.9),
    "b2": (717.1, 62.4),
    "b3": (962.9, 79.0),
    "b4": (1240.6, 95.7),
    "b5": (1460.4, 183.3),
}
# Its Table 2: GFLOPs on Cityscapes.
TABLE_2 = {
    "fcn-resnet101": 2203.3,
    "pspnet-resnet101": 2048.9,
    "deeplabv3plus-resnet101": 2032.3,
}


def on_meta(name: str, classes: int = 19) -> nn.Module:
    with torch.device("meta"):
        return MODELS[name].build(classes + MODELS[name].spare_outputs)


class Tokens(nn.Module):
    """A linear layer on the pixels of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, H * W, 7)."""
        tokens: Tensor = self.linear(x.flatten(2).transpose(1, 2))
        return tokens


class Attention(nn.Module):
    """Attention of two heads from all pixels to a map of a quarter of each side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = (1, channels // 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2, H * W, channels / 2)."""
        x = x.repeat(self.expand)  # (N, channels, H, W)
        q, k = (y.flatten(2).unflatten(1, (2, -1)).transpose(2, 3) for y in (x, F.avg_pool2d(x, 4)))
        return F.scaled_dot_product_attention(q, k, k)


@pytest.mark.parametrize(
    ("network", "products", "ones"),
    [
        (nn.Conv2d(3, 8, 3, stride=2, padding=1), 16 * 32 * 8 * 3 * 9, 16 * 32 * 8),
        (nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), 16 * 32 * 8 * 3 * 9, 0),
        (nn.Conv2d(3, 6, 5, padding=2, groups=3, bias=False), 32 * 64 * 6 * 25, 0),
        (nn.Conv2d(3, 4, 3, padding=4, dilation=4, bias=False), 32 * 64 * 4 * 3 * 9, 0),
        (nn.ConvTranspose2d(3, 5, 2, stride=2), 32 * 64 * 3 * 5 * 4, 0),
        (Tokens(), 32 * 64 * 3 * 7, 0),
        (Attention(12), 2 * (32 * 64) * (8 * 16) * 12, 0),
        (nn.Sequential(nn.BatchNorm2d(3), nn.GELU(), nn.Upsample(scale_factor=2)), 0, 0),
        (nn.Sequential(nn.ReLU(), nn.ReLU(inplace=True)), 0, 2 * 32 * 64 * 3),
        (nn.Sequential(nn.ReLU6(), nn.ReLU6(inplace=True)), 0, 2 * 32 * 64 * 3),
        (nn.PReLU(3), 0, 32 * 64 * 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_layers_cost_as_counted_by_hand(network: nn.Module, products: int, ones: int) -> None:
    assert multiply_adds(network, (32, 64)) == products
    assert published_multiply_adds(network, (32, 64)) == products + ones


@pytest.mark.slow
@pytest.mark.parametrize("variant", TABLE_1A)
def test_segformer_costs_as_printed_in_its_paper(variant: str) -> None:
    network = on_meta(variant, 150)
    cityscapes, ade20k = TABLE_1A[variant]
    found = published_multiply_adds(network, CITYSCAPES) / 1e9
    assert found == pytest.approx(cityscapes, abs=0.05)
    assert found == pytest.approx(cityscapes, rel=1e-3)
    # B5 takes images of 640x640 there, and of 512x512 in COCO-Stuff, with 111.6 in the table.
    size = (640, 640) if variant == "b5" else ADE20K
    assert published_multiply_adds(network, size) / 1e9 == pytest.approx(ade20k, abs=0.05)


@pytest.mark.slow
def test_b5_of_19_classes_costs_as_printed_in_its_paper() -> None:
    found = published_multiply_adds(on_meta("b5"), CITYSCAPES) / 1e9
    assert found == pytest.approx(1447.6, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE_2)
def test_baselines_cost_as_printed_in_the_paper(name: str) -> None:
    found = published_multiply_adds(on_meta(name), CITYSCAPES) / 1e9
    assert found == pytest.approx(TABLE_2[name], rel=1e-3)


@torch.inference_mode()
def test_the_commuted_decoder_computes_equation_4() -> None:
    torch.manual_seed(0)
    decoder = cast(CommutedAllMLPDecoder, segformer("b0", 19).eval().decode_head)
    widths = VARIANTS["b0"].widths
    maps = [
        torch.randn(1, width, 32 // 2**stage, 48 // 2**stage) for stage, width in enumerate(widths)
    ]
    expected, found = decoder.forward_as_published(maps), decoder(maps)
    assert expected.std() > 0.01
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["b0", "b4"])
def test_transformers_costs_as_much_as_the_published_form(variant: str) -> None:
    with torch.device("meta"):
        peer = peer_of(variant)
    count = published_multiply_adds(on_meta(variant), (256, 480))
    assert count == published_multiply_adds(peer, (256, 480))


def counted_by_torch(network: nn.Module, size: tuple[int, int]) -> int:
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        network.eval()(torch.zeros(1, 3, *size))
    return counter.get_total_flops() // 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["espnet", "fcn-mobilenetv2", "pspnet-resnet50", "deeplabv3plus-mobilenetv2"]
)
def test_convolutional_networks_cost_as_counted_by_torch(name: str) -> None:
    network = MODELS[name].build(19)
    count = multiply_adds(network, (64, 128))
    assert count == counted_by_torch(network, (64, 128)) > 1e7


def test_costs_on_the_meta_device_equal_those_on_a_cpu() -> None:
    size = (128, 256)
    variant = VARIANTS["b0"]
    # torch does not count attention on a CPU.
    attention = sum(
        2 * depth * width * (pixels := size[0] * size[1] // 4 ** (stage + 2)) * pixels // side**2
        for stage, (depth, width, side) in enumerate(
            zip(variant.depths, variant.widths, REDUCTIONS, strict=True)
        )
    )
    network = segformer("b0", 19)
    count = multiply_adds(network, size)
    assert count == counted_by_torch(network, size) + attention
    assert count == multiply_adds(on_meta("b0"), size)


def test_counting_does_not_change_the_network() -> None:
    network: SegFormer = segformer("b0", 5).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    multiply_adds(network, (64, 64))
    published_multiply_adds(network, (64, 64))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert "forward" not in vars(network.decode_head)


def test_parameters_are_the_trained_values() -> None:
    assert parameters(nn.Conv2d(3, 8, 3)) == 8 * 3 * 9 + 8
    assert parameters(nn.BatchNorm2d(8)) == 16
    # 0.36 million, ESPNet (arXiv 1803.06815).
    assert parameters(on_meta("espnet")) / 1e6 == pytest.approx(0.36, abs=5e-3)
