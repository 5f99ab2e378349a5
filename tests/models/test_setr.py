"""SETR against mmsegmentation.

The golden file was made with mmsegmentation 1.2.2: its VisionTransformer (embed_dims 128, 4 layers,
2 heads, img_size 64, out_indices 0 to 3, layer norms with epsilon 1e-6, patch_bias, bilinear
positions) with SETRUPHead (channels 8) and MLANeck (8) and SETRMLAHead (4 a branch), as in its
configurations `setr_vit-l_*_cityscapes-768x768`, which give the networks of published sizes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, Window
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.registry import build_model, load_model
from robustbench_seg.models.setr import DECODERS
from robustbench_seg.models.vit import LARGE, SMALL
from tests.helpers.formula import weights_of
from tests.helpers.peer_logits import (
    CLASSES,
    difference,
    load_case,
    openvino_difference,
    read_golden,
    summary,
)

GOLDEN = read_golden("setr_mmsegmentation.json")
NAMES = tuple(f"setr-{decoder}{end}" for end in ("", "-small", "-tiny") for decoder in DECODERS)


def config(decoder: str, **backbone: object) -> str:
    settings = {"type": "VisionTransformer", "with_cls_token": decoder != "mla"} | backbone
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    window = "test_cfg=dict(mode='slide', crop_size=(480, 480), stride=(320, 320))"
    return f"norm_cfg = dict(type='BN')\nmodel = dict(backbone=dict({given}), {window})"


def test_published_sizes_have_the_tensors_of_mmsegmentation() -> None:
    for decoder in DECODERS:
        assert summary(f"setr-{decoder}") == GOLDEN["networks"][f"setr-{decoder}"]
    assert (LARGE.levels, SMALL.levels) == ((5, 11, 17, 23), (2, 5, 8, 11))
    for name in NAMES:
        assert MODELS[name].window == Window("slide", crop=768, stride=512)


@pytest.mark.parametrize("decoder", DECODERS)
def test_logits_equal_those_of_mmsegmentation(tmp_path: Path, decoder: str) -> None:
    case = GOLDEN[decoder]
    path = tmp_path / "iter_80000.pth"
    segmenter = load_case(path, f"setr-{decoder}", case["shapes"], config(decoder, num_heads=2))
    assert segmenter.window == Window("slide", crop=480, stride=320)
    assert segmenter.weights["note"] == ""
    assert segmenter.preprocessing == IMAGENET
    for size in case["logits"]:
        assert difference(segmenter.network, case, size) < 5e-5


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["naive", "mla"])
def test_openvino_computes_the_same(tmp_path: Path, decoder: str) -> None:
    case = GOLDEN[decoder]
    segmenter = load_case(tmp_path / "a.pth", f"setr-{decoder}", case["shapes"], "")
    assert openvino_difference(segmenter.network, case, "53x83") < 5e-5


def test_heads_are_64_wide_unless_the_configuration_has_another_number(tmp_path: Path) -> None:
    case = GOLDEN["naive"]
    same = load_case(tmp_path / "a.pth", "setr-naive", case["shapes"], "")
    assert difference(same.network, case, "64x64") < 5e-5
    other = load_case(
        tmp_path / "a.pth", "setr-naive", case["shapes"], config("naive", num_heads=4)
    )
    assert difference(other.network, case, "64x64") > 1e-3


def test_images_are_embedded_without_a_bias_where_the_file_has_none(tmp_path: Path) -> None:
    shapes = dict(GOLDEN["naive"]["shapes"])
    del shapes["backbone.patch_embed.projection.bias"]  # mmsegmentation 1.x trains without it
    network = load_case(tmp_path / "a.pth", "setr-naive", shapes, "").network
    assert isinstance(network, nn.Module)
    assert network.get_submodule("backbone.patch_embed.projection").bias is None


@pytest.mark.parametrize(
    ("decoder", "backbone", "reason"),
    [
        ("naive", {"num_heads": 3}, "128 channels in 3 heads"),
        ("naive", {"num_heads": "two"}, "128 channels in 'two' heads"),
        ("pup", {"with_cls_token": False}, "with_cls_token = False, where True is supported"),
        ("mla", {"with_cls_token": True}, "with_cls_token = True, where False is supported"),
        ("mla", {"out_indices": [0, 1, 2, 2]}, r"out_indices = \(0, 1, 2, 2\), where"),
        ("naive", {"interpolate_mode": "bicubic"}, "interpolate_mode = 'bicubic', where"),
    ],
)
def test_other_functions_of_the_same_tensors_are_refused(
    tmp_path: Path, decoder: str, backbone: dict[str, object], reason: str
) -> None:
    path = tmp_path / "other.pth"
    with pytest.raises(InputError, match=rf"other\.pth: .*{reason}"):
        load_case(path, f"setr-{decoder}", GOLDEN[decoder]["shapes"], config(decoder, **backbone))


def test_another_decoder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "theirs.pth"
    torch.save(weights_of(GOLDEN["mla"]["shapes"]), path)
    with pytest.raises(InputError, match="holds setr-mla, not setr-pup; use --model setr-mla"):
        load_model("setr-pup", data="streets", weights=str(path), classes=CLASSES)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "tiny"])
def test_a_training_starts_from_an_encoder(tmp_path: Path, size: str) -> None:
    path = tmp_path / "deit.pth"
    drawn = build_model(f"setr-naive-{size}", 3, seed=1).state_dict()
    encoder = {n: v for n, v in drawn.items() if n.startswith("backbone.")}
    torch.save({"state_dict": encoder}, path)
    network = build_model(f"setr-mla-{size}", 3, init=path)
    for name in ("cls_token", "pos_embed", "layers.11.attn.attn.in_proj_weight"):
        given = network.get_parameter(f"backbone.{name}")
        assert torch.equal(given, drawn[f"backbone.{name}"])
        assert given.std().item() == pytest.approx(0.02, rel=0.2)
