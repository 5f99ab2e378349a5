"""PVT v2 against transformers, and Semantic FPN against mmsegmentation.

The golden file was made with mmsegmentation 1.2.2: its FPN (in_channels 4, 6, 8, 10; out_channels
8, num_outs 4) and FPNHead (feature_strides 4 to 32, channels 8, batch norm, 3 classes), whose
inputs are those of `maps`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import PvtV2Config, PvtV2Model

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, WHOLE
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoint import CheckpointFormat
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.checkpoints.formats import HUB, MMSEGMENTATION
from robustbench_seg.models.mix_transformer import MixTransformer
from robustbench_seg.models.pvtv2 import VARIANTS
from robustbench_seg.models.registry import build_model, load_model
from robustbench_seg.models.semantic_fpn import FeaturePyramid, SemanticFPN, SemanticHead
from tests.helpers.formula import image, weights_of
from tests.helpers.peer_logits import CLASSES, read_golden

TINY = replace(
    VARIANTS["pvtv2-b0"], widths=(8, 16, 20, 32), depths=(1, 2, 1, 1), heads=(1, 2, 5, 8)
)
SEMANTIC_FPN = read_golden("semantic_fpn_mmsegmentation.json")
NAMES = {
    r"encoder\.layers\.(\d)\.patch_embedding\.layer_norm": r"patch_embed\1.norm",
    r"encoder\.layers\.(\d)\.patch_embedding": r"patch_embed\1",
    r"encoder\.layers\.(\d)\.layer_norm": r"norm\1",
    r"encoder\.layers\.(\d)\.blocks": r"block\1",
    r"layer_norm_(\d)": r"norm\1",
    r"attention\.query": "attn.q",
    r"attention\.spatial_reduction": "attn.sr",
    r"attention\.layer_norm": "attn.norm",
    r"attention\.proj": "attn.proj",
    r"mlp\.dense(\d)": r"mlp.fc\1",
}
"""Patterns in transformers' names, with stages counted from 1, and ours."""


def maps(size: str) -> list[Tensor]:
    height, width = map(int, size.split("x"))
    given = []
    for channels, stride in zip(SEMANTIC_FPN["widths"], (4, 8, 16, 32), strict=True):
        noise = image(-(-height // stride), -(-width // stride))  # (1, 3, h, w)
        scales = torch.arange(1, channels + 1).view(1, -1, 1, 1) / channels
        given.append(noise.repeat(1, channels, 1, 1)[:, :channels] * scales)  # (1, C, h, w)
    return given


def from_transformers(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    ours = {}
    for key, value in theirs.items():
        name = re.sub(r"(?<=layers\.)\d", lambda stage: str(int(stage[0]) + 1), key)
        for pattern, own in NAMES.items():
            name = re.sub(pattern, own, name)
        if ".attention.key" in name:
            value = torch.cat([value, theirs[key.replace(".key", ".value")]])
            name = name.replace("attention.key", "attn.kv")
        if ".attention.value" not in name:
            ours[name] = value
    return ours


def save(path: Path, model: str, part: str = "") -> None:
    """Save a network, or a part of it, whose weights are all 1."""
    with torch.device("meta"):
        state = MODELS[model].build(3).state_dict()
    # Views of one number take no space in the file.
    ones = {n: torch.tensor(1.0).expand(v.shape) for n, v in state.items()}
    torch.save({n.removeprefix(part): v for n, v in ones.items() if n.startswith(part)}, path)


def encoder_difference() -> float:
    """Return the largest difference of the encoder from that of transformers."""
    config = PvtV2Config(
        hidden_sizes=list(TINY.widths),
        depths=list(TINY.depths),
        num_attention_heads=list(TINY.heads),
        mlp_ratios=list(TINY.ratios),
        layer_norm_eps=1e-6,
        attn_implementation="eager",
    )
    peer = PvtV2Model(config).eval()
    peer.load_state_dict(weights_of({n: v.shape for n, v in peer.state_dict().items()}))
    # transformers has one epsilon for all norms.
    network = MixTransformer(replace(TINY, inner_epsilon=1e-6)).eval()
    network.load_state_dict(from_transformers(peer.state_dict()))
    x = image(61, 83)
    with torch.inference_mode():
        theirs, ours = peer(x, output_hidden_states=True).hidden_states, network(x)
    return max(relative(given, expected) for given, expected in zip(ours, theirs, strict=True))


def semantic_fpn() -> nn.Module:
    """Return the neck and the head of the golden file."""
    neck, head = FeaturePyramid(SEMANTIC_FPN["widths"], 8), SemanticHead(8, 8, 3)
    network = nn.Sequential(OrderedDict(neck=neck, decode_head=head))
    network.load_state_dict(weights_of(SEMANTIC_FPN["shapes"]), strict=False)
    return network.eval()


def semantic_fpn_difference(size: str) -> float:
    """Return the largest difference of Semantic FPN from that of mmsegmentation."""
    network = semantic_fpn()
    with torch.inference_mode():
        given = network(maps(size))[0, :, 1::2, 1::2]
    return relative(given, torch.tensor(SEMANTIC_FPN["logits"][size]))


def relative(given: Tensor, expected: Tensor) -> float:
    assert given.shape == expected.shape
    return float((given - expected).abs().max() / expected.abs().max())


def test_the_encoder_equals_that_of_transformers() -> None:
    assert encoder_difference() < 5e-6


def test_the_names_of_semantic_fpn_are_those_of_mmsegmentation() -> None:
    state = {n for n in semantic_fpn().state_dict() if not n.endswith("num_batches_tracked")}
    assert state == set(SEMANTIC_FPN["shapes"])


@pytest.mark.parametrize("size", SEMANTIC_FPN["logits"])
def test_semantic_fpn_equals_that_of_mmsegmentation(size: str) -> None:
    assert semantic_fpn_difference(size) < 5e-6


@pytest.mark.parametrize("name", ["b0", "b5"])
def test_weights_are_told_from_those_of_segformer(tmp_path: Path, name: str) -> None:
    for model in (f"pvtv2-{name}", name):
        save(tmp_path / f"{model}.pth", model)
        assert open_checkpoint(tmp_path / f"{model}.pth").model == model


def test_an_encoder_of_both_is_that_of_the_wanted_model(tmp_path: Path) -> None:
    path = tmp_path / "mit_b5.pth"
    save(path, "b5", "backbone.")
    checkpoint = open_checkpoint(path)
    assert checkpoint.models == ("b5", "pvtv2-b5")
    assert checkpoint.format.classifier == MODELS["b5"].classifier
    with pytest.raises(InputError, match="holds an encoder, not b4; use --model b5 or pvtv2-b5"):
        load_model("b4", data="streets", weights=str(path), classes=CLASSES)
    save(path, "b1", "backbone.")
    assert open_checkpoint(path).model == "b1"
    save(path, "pvtv2-b1", "backbone.")
    assert open_checkpoint(path).model == "pvtv2-b1"


@pytest.mark.parametrize("source", [HUB, MMSEGMENTATION])
def test_an_encoder_has_the_settings_of_its_format(source: CheckpointFormat) -> None:
    with torch.device("meta"):
        network = MODELS["pvtv2-b5"].build(3, **source.settings)
    norm = network.get_submodule("backbone.norm1")
    assert isinstance(norm, nn.LayerNorm)
    assert norm.eps == source.settings.get("epsilon", 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["b5", "pvtv2-b5"])
def test_a_training_starts_from_an_encoder_of_both(tmp_path: Path, model: str) -> None:
    path = tmp_path / "mit_b5.pth"
    save(path, "b5", "backbone.")
    state = build_model(model, 3, init=path).state_dict()
    assert all((value == 1).all() for name, value in state.items() if "backbone." in name)
    fields = load_model(model, data="streets", weights=str(path), classes=CLASSES, encoders=True)
    assert (fields.name, fields.classes) == (f"{model}@mit_b5", ())


def test_a_checkpoint_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fpn_pvtv2_b0.pth"
    sizes = VARIANTS["pvtv2-b0"]
    network = SemanticFPN(MixTransformer(sizes), sizes.widths, 3, pyramid_width=16)
    torch.save({"state_dict": network.state_dict()}, path)
    segmenter = load_model("pvtv2-b0", data="streets", weights=str(path), classes=CLASSES)
    assert (segmenter.preprocessing, segmenter.window) == (IMAGENET, WHOLE)
    assert isinstance(segmenter.network, nn.Module)
    with torch.inference_mode():
        assert segmenter.network(image(61, 83)).shape == (1, 3, 16, 21)
