"""PVT against transformers, which interpolates no positions; its Semantic FPN is that of v2."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PvtConfig, PvtModel

from robustbench_seg.models.base import IMAGENET, WHOLE
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.counting import parameters
from robustbench_seg.models.pvt import VARIANTS, PyramidTransformer, pvt
from robustbench_seg.models.registry import build_model, load_model
from tests.helpers.formula import image, weights_of
from tests.helpers.peer_logits import CLASSES

TINY = replace(
    VARIANTS["pvt-tiny"],
    widths=(8, 16, 20, 32),
    depths=(1, 2, 1, 1),
    heads=(1, 2, 5, 8),
    positions=(64, 64),
)
SIZES = ((64, 64), (96, 160))
"""Height and width of images: those of the learned positions, and others."""
NAMES = {
    r"encoder\.patch_embeddings\.(\d)\.position_embeddings": r"pos_embed\1",
    r"encoder\.patch_embeddings\.(\d)\.layer_norm": r"patch_embed\1.norm",
    r"encoder\.patch_embeddings\.(\d)\.projection": r"patch_embed\1.proj",
    r"encoder\.block\.(\d)": r"block\1",
    r"layer_norm_(\d)": r"norm\1",
    r"attention\.self\.query": "attn.q",
    r"attention\.self\.sequence_reduction": "attn.sr",
    r"attention\.self\.layer_norm": "attn.norm",
    r"attention\.output\.dense": "attn.proj",
    r"mlp\.dense(\d)": r"mlp.fc\1",
}
"""Patterns in transformers' names, with stages counted from 1, and ours."""
# Parameters in millions for the 150 classes of ADE20K: the papers' tables of Semantic FPN.
PUBLISHED = {
    **{"pvt-tiny": 17.0, "pvt-small": 28.2, "pvt-medium": 48.0, "pvt-large": 65.1},
    **{"pvtv2-b0": 7.6, "pvtv2-b1": 17.8, "pvtv2-b2": 29.1},
    **{"pvtv2-b3": 49.0, "pvtv2-b4": 66.3, "pvtv2-b5": 85.7},
}


def from_transformers(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    ours = {}
    for key, value in theirs.items():
        pattern = r"(?<=patch_embeddings\.)\d|(?<=encoder\.block\.)\d"
        name = re.sub(pattern, lambda stage: str(int(stage[0]) + 1), key)
        for pattern, own in NAMES.items():
            name = re.sub(pattern, own, name)
        if ".self.key" in name:
            value = torch.cat([value, theirs[key.replace(".key", ".value")]])
            name = name.replace("attention.self.key", "attn.kv")
        if not re.search(r"\.value|cls_token|encoder\.layer_norm", name):
            ours[name] = value
    return ours


def encoder_difference(height: int, width: int) -> float:
    """Return the largest difference of the encoder from that of transformers.

    Theirs is given positions that are interpolated here, as its own are for one size alone. Its
    last stage has a class token, to which the others attend: it is compared without blocks.
    """
    sizes = replace(TINY, depths=(1, 2, 1, 0), inner_epsilon=1e-6)  # theirs have one epsilon
    config = PvtConfig(
        image_size=64,
        hidden_sizes=list(sizes.widths),
        depths=list(sizes.depths),
        num_attention_heads=list(sizes.heads),
        mlp_ratios=list(sizes.ratios),
        layer_norm_eps=1e-6,
        attn_implementation="eager",
    )
    peer = PvtModel(config).eval()
    state = weights_of({n: v.shape for n, v in peer.state_dict().items()})
    peer.load_state_dict(state)
    network = PyramidTransformer(sizes).eval()
    network.load_state_dict(from_transformers(state))
    found: list[Tensor] = []
    for stage, embedding in enumerate(peer.encoder.patch_embeddings):
        stride, side = 4 * 2**stage, 16 // 2**stage
        size, learned = (height // stride, width // stride), embedding.position_embeddings
        token, grid = learned[:, : learned.shape[1] - side**2], learned[:, -(side**2) :]
        grid = grid.reshape(1, side, side, -1).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=size, mode="bilinear").flatten(2).permute(0, 2, 1)
        embedding.position_embeddings = nn.Parameter(torch.cat([token, grid], 1))
        last = embedding if stage == 3 else peer.encoder.block[stage][-1]
        last.register_forward_hook(lambda _module, _inputs, outputs: found.append(outputs[0]))
    x = image(height, width)
    with torch.inference_mode():
        peer(x)
        ours = network(x)
    theirs = [*found[:3], found[3][:, 1:]]  # without the class token
    return max(
        float((given.flatten(2).transpose(1, 2) - tokens).abs().max() / tokens.abs().max())
        for given, tokens in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("size", SIZES)
def test_the_encoder_equals_that_of_transformers(size: tuple[int, int]) -> None:
    assert encoder_difference(*size) < 5e-6


def test_images_are_padded_to_whole_patches() -> None:
    network = pvt(TINY, 3, 16).eval()
    x = image(61, 83)
    with torch.inference_mode():
        logits = network(x)
        padded = network(F.pad(x, (0, 96 - 83, 0, 64 - 61)))
    assert logits.shape == (1, 3, 16, 21)
    assert torch.equal(logits, padded[:, :, :16, :21])


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_as_many_as_published(name: str) -> None:
    with torch.device("meta"):
        network = MODELS[name].build(150)
    assert parameters(network) / 1e6 == pytest.approx(PUBLISHED[name], abs=0.06)


def test_a_checkpoint_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fpn_pvt_t.pth"
    torch.save({"state_dict": pvt(VARIANTS["pvt-tiny"], 3, 16).state_dict()}, path)
    assert open_checkpoint(path).model == "pvt-tiny"
    segmenter = load_model("pvt-tiny", data="streets", weights=str(path), classes=CLASSES)
    assert (segmenter.preprocessing, segmenter.window) == (IMAGENET, WHOLE)
    assert isinstance(segmenter.network, nn.Module)
    with torch.inference_mode():
        assert segmenter.network(image(61, 83)).shape == (1, 3, 16, 21)


def test_a_training_starts_from_the_encoder_of_a_classifier(tmp_path: Path) -> None:
    encoder = PyramidTransformer(VARIANTS["pvt-tiny"]).state_dict()
    rest = {"cls_token": torch.ones(1, 1, 512), "norm.weight": torch.ones(512)}
    rest |= {"norm.bias": torch.ones(512), "head.weight": torch.ones(1000, 512)}
    torch.save(encoder | rest, tmp_path / "pvt_tiny.pth")
    state = build_model("pvt-tiny", 3, init=tmp_path / "pvt_tiny.pth").state_dict()
    assert all(torch.equal(state[f"backbone.{name}"], value) for name, value in encoder.items())
