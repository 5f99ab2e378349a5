"""DeepLabv3+ on MobileNetV2 against transformers' encoder and mmsegmentation's logits."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import MobileNetV2Config, MobileNetV2Model

from robustbench_seg.errors import InputError
from robustbench_seg.models.deeplab import deeplabv3plus
from robustbench_seg.models.mobilenet import MobileNetV2
from robustbench_seg.models.registry import build, load

GOLDEN = Path(__file__).parent / "golden" / "deeplabv3plus_mmsegmentation.json"
"""Logits of mmsegmentation 1.2.2 (MobileNetV2, DepthwiseSeparableASPPHead) for `weights_of`."""
NAME = "deeplabv3plus-mobilenetv2"
CLASSES = ("road", "sky", "car", "person", "tree")


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return weights that depend on their names alone, of a size that keeps signals alive."""
    weights = {}
    for name, value in network.state_dict().items():
        draws = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(value.shape)
        if value.ndim > 1:
            draws *= np.sqrt(2 / value[0].numel())
        elif name.endswith(("bn.weight", "running_var")):
            draws = 1 + 0.3 * np.tanh(draws)
        else:
            draws = 0.1 * np.asarray(draws)
        weights[name] = torch.tensor(draws).to(value.dtype)
    return weights


def image(height: int, width: int) -> Tensor:
    draws = np.random.default_rng(0).standard_normal((1, 3, height, width))
    return torch.from_numpy(draws).float()


@pytest.mark.parametrize("stride", [8, 16])
@pytest.mark.parametrize("size", [(33, 417), (61, 83)])  # the first wider than all dilations
def test_logits_are_those_of_mmsegmentation(stride: int, size: tuple[int, int]) -> None:
    network = deeplabv3plus(5, width=16, output_stride=stride).eval()
    network.load_state_dict(weights_of(network))
    with torch.inference_mode():
        logits = network(image(*size))[0, :, ::4, ::4]  # of (5, ceil(H / 4), ceil(W / 4))
    golden = torch.tensor(json.loads(GOLDEN.read_text())[f"{stride}: {size[0]}x{size[1]}"])
    assert logits.shape == golden.shape
    assert (logits - golden).abs().max() < 1e-4 * golden.abs().max()


@pytest.mark.parametrize("size", [(64, 96), (61, 83)])
def test_the_encoder_is_that_of_transformers(size: tuple[int, int]) -> None:
    ours = MobileNetV2(output_stride=32).eval()
    ours.load_state_dict(weights_of(ours))
    config = MobileNetV2Config(tf_padding=False, layer_norm_eps=1e-5, finegrained_output=True)
    peer = MobileNetV2Model(config).eval()
    state = peer.state_dict()
    own = list(ours.state_dict().values())
    # Both list their layers from the image on; the peer goes on to a convolution for classifying.
    peer.load_state_dict(dict(zip(list(state)[: len(own)], own, strict=True)), strict=False)
    with torch.inference_mode():
        shallow, deep = ours(image(*size))
        hidden = peer(image(*size), output_hidden_states=True).hidden_states
    for map_, expected in ((shallow, hidden[1]), (deep, hidden[-1])):
        assert map_.shape == expected.shape
        assert (map_ - expected).abs().max() < 1e-4 * expected.abs().max()


def test_parameters_are_as_many_as_published() -> None:
    # mmsegmentation 1.2.2, configs/mobilenet_v2, without the auxiliary head: 15.0 million.
    counts = {
        width: sum(p.numel() for p in deeplabv3plus(19, width=width).parameters())
        for width in (256, 512)
    }
    assert counts == {256: 5_340_739, 512: 15_017_795}


def dilation_of(path: Path) -> object:
    network = load(NAME, data="streets", weights=str(path), classes=CLASSES).network
    return network.get_submodule("decode_head.aspp_modules.1.depthwise_conv.conv").dilation


def test_a_file_tells_width_and_stride(tmp_path: Path) -> None:
    network = deeplabv3plus(5, width=8, output_stride=16)
    path = tmp_path / "ours.safetensors"
    save_file(network.state_dict(), path, network.facts)
    given = load(NAME, data="streets", weights=str(path), classes=CLASSES).network
    assert dilation_of(path) == (6, 6)
    assert all(map(torch.equal, network.parameters(), given.parameters()))
    # mmsegmentation's files say nothing, have stride 8, and a head that acts in training only.
    extra = {"auxiliary_head.convs.0.conv.weight": torch.zeros(4, 96, 3, 3)}
    save_file(network.state_dict() | extra, path)
    assert dilation_of(path) == (12, 12)


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    network = deeplabv3plus(5, width=8)
    path = tmp_path / "odd.safetensors"
    save_file(network.state_dict(), path, {"output_stride": "12"})
    with pytest.raises(InputError, match=r"output stride is '12'; expected 8 or 16"):
        load(NAME, data="streets", weights=str(path), classes=CLASSES)
    with pytest.raises(InputError, match=rf"holds {NAME}, not b0; use --model {NAME}"):
        load("b0", data="streets", weights=str(path), classes=CLASSES)
    state = network.state_dict()
    del state["decode_head.bottleneck.conv.weight"]
    save_file(state, path)
    with pytest.raises(InputError, match=r"bottleneck\.conv\.weight is missing"):
        load(NAME, data="streets", weights=str(path), classes=CLASSES)


def test_what_is_trained_has_the_width_of_the_paper() -> None:
    network = build(NAME, 19)
    assert network.get_submodule("decode_head.conv_seg").weight.shape == (19, 256, 1, 1)
