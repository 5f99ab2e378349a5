"""UPerNet on Swin against mmsegmentation; Swin alone against transformers.

The golden file was made with mmsegmentation 1.2.2: its SwinTransformer (embed_dims 8, depths 2, 2,
2, 1, num_heads 1, 2, 2, 4, window_size 7 or 12) with UPerHead (channels 8), as in configurations
`swin-*_upernet_*`, which give the networks of published sizes (with 19 classes).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import SwinBackbone, SwinConfig

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.checkpoints.formats import SWIN
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.swin import Sizes
from robustbench_seg.models.upernet import UPerNet
from tests.helpers.formula import image, weights_of
from tests.helpers.peer_logits import (
    CLASSES,
    difference,
    fill_case,
    load_case,
    openvino_difference,
    read_golden,
    summary,
)

GOLDEN = read_golden("upernet_mmsegmentation.json")
WINDOWS = ("window7", "window12")
NAME = "upernet-swin-tiny"
SIZES = Sizes(width=8, depths=(2, 2, 2, 1), heads=(1, 2, 2, 4), window=3)


@pytest.mark.parametrize("end", ["tiny", "small", "base", "large"])
def test_published_sizes_have_the_tensors_of_mmsegmentation(end: str) -> None:
    assert summary(f"upernet-swin-{end}") == GOLDEN["networks"][f"upernet-swin-{end}"]


@pytest.mark.parametrize("window", WINDOWS)
def test_logits_equal_those_of_mmsegmentation(tmp_path: Path, window: str) -> None:
    case = GOLDEN[window]
    index = {"backbone.stages.0.blocks.0.attn.w_msa.relative_position_index": torch.arange(4)}
    network = fill_case(tmp_path / "a.pth", NAME, weights_of(case["shapes"]) | index)
    for size in case["logits"]:
        assert difference(network, case, size) < 5e-5


@pytest.mark.slow
def test_openvino_computes_the_same(tmp_path: Path) -> None:
    case = GOLDEN["window7"]
    network = fill_case(tmp_path / "a.pth", NAME, weights_of(case["shapes"]))
    assert openvino_difference(network, case, "117x83") < 5e-5


def authors_tensors(peer: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of transformers' Swin under the names of Swin's authors."""
    names = {
        r"^swin\.embeddings\.patch_embeddings\.projection": "patch_embed.proj",
        r"^swin\.embeddings": "patch_embed",
        r"^swin\.encoder\.": "",
        r"\.attention\.o_proj": ".attn.proj",
        r"\.attention\.relative_position_bias\.": ".attn.",
        r"\.layernorm_before": ".norm1",
        r"\.layernorm_after": ".norm2",
        r"^hidden_states_norms\.stage1": "norm0",
        r"^hidden_states_norms\.stage2": "norm1",
        r"^hidden_states_norms\.stage3": "norm2",
        r"^hidden_states_norms\.stage4": "norm3",
    }
    state, ours = peer.state_dict(), {}
    for theirs, value in state.items():
        name = theirs
        for pattern, own in names.items():
            name = re.sub(pattern, own, name)
        if ".q_proj" in theirs:
            parts = [state[theirs.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            name, value = name.replace("attention.q_proj", "attn.qkv"), torch.cat(parts)
        if "k_proj" not in theirs and "v_proj" not in theirs and "swin.layernorm" not in theirs:
            ours[f"backbone.{name}"] = value
    return ours


# transformers takes smaller windows for maps that are smaller than a window.
@pytest.mark.parametrize("size", [(128, 160), (117, 133)])
def test_the_encoder_with_its_authors_names_equals_that_of_transformers(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    config = SwinConfig(
        embed_dim=SIZES.width,
        depths=list(SIZES.depths),
        num_heads=list(SIZES.heads),
        window_size=SIZES.window,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    peer = SwinBackbone(config).eval()
    peer.load_state_dict(weights_of({n: v.shape for n, v in peer.state_dict().items()}))
    head = UPerNet(SIZES, 3, width=8).decode_head.state_dict()
    tensors = authors_tensors(peer) | {f"decode_head.{n}": v for n, v in head.items()}
    network = fill_case(tmp_path / "upernet_swin.pth", NAME, tensors)
    assert open_checkpoint(tmp_path / "upernet_swin.pth").format is SWIN
    with torch.inference_mode():
        maps = network.get_submodule("backbone")(image(*size))
        expected = peer(image(*size)).feature_maps
    for given, theirs in zip(maps, expected, strict=True):
        assert given.shape == theirs.shape
        assert (given - theirs).abs().max() < 5e-5 * theirs.abs().max()


@pytest.mark.slow
def test_other_functions_of_the_same_tensors_are_refused(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = {n: v.shape for n, v in UPerNet(Sizes(), 3, width=8).state_dict().items()}
    config = "model = dict(decode_head=dict(align_corners=True))"
    with pytest.raises(InputError, match=r"other\.pth: trained with decode_head\.align_corners"):
        load_case(tmp_path / "other.pth", NAME, shapes, config)


def test_weights_of_unequal_heads_are_refused(tmp_path: Path) -> None:
    shapes = dict(GOLDEN["window7"]["shapes"])
    shapes["backbone.stages.1.blocks.0.attn.w_msa.relative_position_bias_table"] = [169, 3]
    with pytest.raises(InputError, match=r"a\.pth: 16 channels in 3 heads of attention"):
        fill_case(tmp_path / "a.pth", NAME, weights_of(shapes))


def test_weights_of_unknown_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.pth"
    torch.save(weights_of(GOLDEN["window7"]["shapes"]), path)
    with pytest.raises(InputError, match=f"holds a network of other sizes, not {NAME}"):
        load_model(NAME, data="streets", weights=str(path), classes=CLASSES)
