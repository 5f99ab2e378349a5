"""FCN, PSPNet and DeepLabv3+ on their encoders, against mmsegmentation and transformers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import MobileNetV2Config, MobileNetV2Model

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, Window
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.deeplab import DeepLabV3PlusHead
from robustbench_seg.models.encoder_decoder import EncoderDecoder, Form
from robustbench_seg.models.encoders import ENCODERS
from robustbench_seg.models.fcn import FCNHead
from robustbench_seg.models.mobilenet import MobileNetV2
from robustbench_seg.models.pspnet import PSPHead
from robustbench_seg.models.registry import build_model, load_model
from tests.helpers.formula import image, weights_of
from tests.helpers.paths import GOLDEN as GOLDEN_FOLDER

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (GOLDEN_FOLDER / "cnns_mmsegmentation.json").read_text()
)
"""Values from mmsegmentation 1.2.2, built from its configurations "d8 ... cityscapes-512x1024".

networks: parameters without the auxiliary head, and a digest of the tensors' names and shapes;
logits: for three classes, every fourth row and column of DeepLabv3+'s and every other one of the
others', with heads of width 16 and the weights of `formula`.
"""
HEADS = {"fcn": FCNHead, "pspnet": PSPHead, "deeplabv3plus": DeepLabV3PlusHead}
NAMES = tuple(f"{head}-{encoder}" for head in HEADS for encoder in ENCODERS)
PUBLISHED = tuple(GOLDEN["networks"])
SMALL = tuple(f"{head}-mobilenetv2" for head in HEADS)
DEEPLAB = "deeplabv3plus-mobilenetv2"
CLASSES = ("road", "sky", "car", "person", "tree")


def network_of(name: str, classes: int, **settings: Any) -> EncoderDecoder:
    head, _, encoder_name = name.partition("-")
    form = Form(**settings)
    encoder = ENCODERS[encoder_name].build(form)
    return EncoderDecoder(encoder, HEADS[head](encoder, form, classes), form)


def on_meta(name: str) -> EncoderDecoder:
    with torch.device("meta"):
        return network_of(name, 19)


@cache
def encoder_weights(encoder: str) -> Mapping[str, Tensor]:
    with torch.device("meta"):
        backbone = ENCODERS[encoder].build(Form())
    return weights_of({f"backbone.{n}": v.shape for n, v in backbone.state_dict().items()})


def fill(network: nn.Module, name: str) -> None:
    """Give a network the weights of the formula; the encoder's are computed once for all heads."""
    state = network.state_dict()
    head = weights_of({n: v.shape for n, v in state.items() if n.startswith("decode_head.")})
    network.load_state_dict({**encoder_weights(name.partition("-")[2]), **head})


def test_the_catalogue_has_each_head_on_each_encoder() -> None:
    assert set(NAMES) < set(MODELS)
    for name in NAMES:
        assert (MODELS[name].preprocessing, MODELS[name].window) == (IMAGENET, Window("whole"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_tensors_have_the_names_and_shapes_of_mmsegmentation(name: str) -> None:
    network = on_meta(name)
    tensors = [
        f"{name} {list(value.shape)}\n"
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    ]
    assert GOLDEN["networks"][name] == {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "digest": hashlib.sha256("".join(sorted(tensors)).encode()).hexdigest(),
    }


def test_parameters_are_as_many_as_published() -> None:
    # mmsegmentation publishes "15.0 M" for DeepLabv3+ on MobileNetV2.
    assert GOLDEN["networks"][DEEPLAB]["parameters"] == 15_017_795
    network = network_of(DEEPLAB, 19, width=256)
    assert sum(parameter.numel() for parameter in network.parameters()) == 5_340_739


# 33x417 is wider than all dilations.
@pytest.mark.slow
@pytest.mark.parametrize("case", GOLDEN["logits"])
def test_logits_equal_those_of_mmsegmentation(case: str) -> None:
    name, stride, size = case.replace(":", "").split()
    height, width = map(int, size.split("x"))
    network = network_of(name, 3, width=16, output_stride=int(stride)).eval()
    fill(network, name)
    step = 4 if name.startswith("deeplab") else 2
    with torch.inference_mode():
        logits = network(image(height, width))
    assert logits.is_contiguous(memory_format=torch.channels_last)
    golden = torch.tensor(GOLDEN["logits"][case])
    given = logits[0, :, ::step, ::step]
    assert given.shape == golden.shape
    assert (given - golden).abs().max() < 1e-4 * golden.abs().max()


@pytest.mark.parametrize("size", [(64, 96), (61, 83)])
def test_mobilenet_equals_that_of_transformers(size: tuple[int, int]) -> None:
    ours = MobileNetV2(Form(output_stride=32)).eval()
    weights = encoder_weights("mobilenetv2")
    ours.load_state_dict({name.removeprefix("backbone."): v for name, v in weights.items()})
    config = MobileNetV2Config(tf_padding=False, layer_norm_eps=1e-5, finegrained_output=True)
    peer = MobileNetV2Model(config).eval()
    state = peer.state_dict()
    own = list(ours.state_dict().values())
    # Both list their layers from the image on; the peer has one more convolution, to classify.
    peer.load_state_dict(dict(zip(list(state)[: len(own)], own, strict=True)), strict=False)
    with torch.inference_mode():
        shallow, deep = ours(image(*size))
        hidden = peer(image(*size), output_hidden_states=True).hidden_states
    for map_, expected in ((shallow, hidden[1]), (deep, hidden[-1])):
        assert map_.shape == expected.shape
        assert (map_ - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize("name", SMALL)
def test_a_file_of_mmsegmentation_is_loaded(tmp_path: Path, name: str) -> None:
    network = network_of(name, 5, width=8)
    extra = {"auxiliary_head.convs.0.conv.weight": torch.zeros(4, 96, 3, 3)}
    layers = "strides=(1, 2, 2, 1, 1, 1, 1), dilations=(1, 1, 1, 2, 2, 4, 4)"
    meta = {"CLASSES": CLASSES, "config": f"model = dict(backbone=dict({layers}))"}
    path = tmp_path / "theirs.pth"
    torch.save({"meta": meta, "state_dict": network.state_dict() | extra}, path)
    segmenter = load_model(name, data="streets", weights=str(path), classes=CLASSES)
    assert isinstance(segmenter.network, nn.Module)
    given = segmenter.network.state_dict()
    assert given.keys() == network.state_dict().keys()
    for key, value in network.named_parameters():
        assert torch.equal(value, given[key])
    assert segmenter.weights["note"] == ""
    x = image(65, 97)
    with torch.inference_mode():
        expected, logits = network.eval()(x), segmenter.network(x)
    assert torch.equal(logits, expected)


def dilation_of(path: Path) -> object:
    network = load_model(DEEPLAB, data="streets", weights=str(path), classes=CLASSES).network
    assert isinstance(network, nn.Module)
    return network.get_submodule("decode_head.aspp_modules.1.depthwise_conv.conv").dilation


def test_width_and_stride_come_from_the_file(tmp_path: Path) -> None:
    network = network_of(DEEPLAB, 5, width=8, output_stride=16)
    path = tmp_path / "ours.safetensors"
    save_file(network.state_dict(), path, network.checkpoint_metadata)
    assert dilation_of(path) == (6, 6)
    save_file(network.state_dict(), path)  # as mmsegmentation's, which do not state it
    assert dilation_of(path) == (12, 12)


def test_files_that_do_not_fit_are_reported(tmp_path: Path) -> None:
    network = network_of(DEEPLAB, 5, width=8)
    path = tmp_path / "odd.safetensors"
    save_file(network.state_dict(), path, {"output_stride": "12"})
    with pytest.raises(InputError, match=r"output stride is '12'; expected 8 or 16"):
        load_model(DEEPLAB, data="streets", weights=str(path), classes=CLASSES)
    with pytest.raises(InputError, match=rf"holds {DEEPLAB}, not b0; use --model {DEEPLAB}"):
        load_model("b0", data="streets", weights=str(path), classes=CLASSES)
    state = network.state_dict()
    del state["decode_head.bottleneck.conv.weight"]
    save_file(state, path)
    with pytest.raises(InputError, match=r"bottleneck\.conv\.weight is missing"):
        load_model(DEEPLAB, data="streets", weights=str(path), classes=CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "prefix"),
    [(DEEPLAB, "backbone."), ("fcn-mobilenetv2", ""), ("pspnet-resnet50", "")],
)
def test_a_training_starts_from_an_encoder(tmp_path: Path, name: str, prefix: str) -> None:
    encoder = encoder_weights(name.partition("-")[2])
    path = tmp_path / "encoder.pth"
    state = {prefix + n.removeprefix("backbone."): value for n, value in encoder.items()}
    # The classifier of ImageNet, as mmpretrain and torchvision name it.
    extra = ("backbone.conv2.conv", "head.fc") if prefix else ("fc",)
    torch.save({"state_dict": state | {f"{n}.weight": torch.ones(1) for n in extra}}, path)
    drawn, started = build_model(name, 5).state_dict(), build_model(name, 5, init=path).state_dict()
    for key, value in started.items():
        assert torch.equal(value, (encoder if key.startswith("backbone.") else drawn)[key]), key
    with pytest.raises(InputError, match=rf"use --model fcn-{name.partition('-')[2]} or pspnet-"):
        build_model("b0", 5, init=path)
    with pytest.raises(InputError, match="only an encoder"):
        load_model(name, data="streets", weights=str(path), classes=CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, "fcn-resnet50"])
def test_two_steps_of_training_change_every_weight(name: str) -> None:
    torch.manual_seed(0)
    network = network_of(name, 5, width=8, output_stride=16).train()
    before = [parameter.clone() for parameter in network.parameters()]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    x = image(64, 64).repeat(2, 1, 1, 1) * torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    labels = torch.arange(2 * 64 * 64).view(2, 64, 64) // 64 % 5
    for _ in range(2):
        logits = F.interpolate(network(x), (64, 64), mode="bilinear")
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for (key, after), first in zip(network.named_parameters(), before, strict=True):
        assert torch.isfinite(after).all(), key
        assert not torch.equal(after, first), key


def test_initial_weights_depend_only_on_the_seed() -> None:
    one, same, other = (build_model("pspnet-mobilenetv2", 5, seed=seed) for seed in (3, 3, 4))
    assert all(map(torch.equal, one.parameters(), same.parameters()))
    assert not all(map(torch.equal, one.parameters(), other.parameters()))
    # Drawn by the fan-out of a 3x3 convolution to 512 channels, not by torch's default.
    weight = one.get_parameter("decode_head.bottleneck.conv.weight")
    assert weight.std().item() == pytest.approx((2 / (9 * 512)) ** 0.5, rel=0.01)
    assert not one.get_parameter("decode_head.conv_seg.bias").any()


def test_new_networks_have_the_published_widths() -> None:
    widths = {
        name: build_model(name, 19).get_submodule("decode_head.conv_seg").weight.shape
        for name in SMALL
    }
    assert widths == {name: (19, 256 if name == DEEPLAB else 512, 1, 1) for name in SMALL}
