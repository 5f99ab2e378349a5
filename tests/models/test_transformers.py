"""Checkpoints that transformers writes, in every form, give its own logits.

The forms depend on the version of transformers: `nox -s transformers4` runs this file with
transformers 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import SegformerForImageClassification

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoint import Checkpoint
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.models.checkpoints.formats import HUB, TRANSFORMERS_5
from robustbench_seg.models.registry import build_model, load_model
from robustbench_seg.models.segformer import segformer
from tests.helpers.formula import image, weights_of
from tests.helpers.segformers import config_of, filled, peer_of

CLASSES = ("road", "sky", "car", "person", "tree")


def weighted_peer(variant: str, **options: Any) -> Any:
    """Build a variant by transformers, with weights that show every tensor and epsilon."""
    peer = peer_of(variant, CLASSES, **options)
    state = peer.state_dict()
    peer.load_state_dict(weights_of({name: value.shape for name, value in state.items()}))
    return peer


@pytest.fixture(scope="module")
def peer() -> Any:
    return weighted_peer("b0")


def difference(checkpoint: Checkpoint, peer: Any, **settings: Any) -> float:
    """Return the largest difference to the peer's logits, relative to the largest of them."""
    network = filled(checkpoint, **settings)
    x = image(61, 147)
    with torch.inference_mode():
        expected, logits = peer(x).logits, network(x)
    assert logits.shape == expected.shape == (1, 5, 16, 37)
    return float((logits - expected).abs().max() / expected.abs().max())


def decoder_width(checkpoint: Checkpoint) -> int:
    return len(filled(checkpoint).get_parameter("decode_head.linear_fuse.conv.weight"))


def save_folder(peer: Any, folder: Path) -> Path:
    peer.save_pretrained(folder)
    return folder


def save_file_alone(peer: Any, folder: Path) -> Path:
    return save_folder(peer, folder) / "model.safetensors"


def save_shards(peer: Any, folder: Path) -> Path:
    peer.save_pretrained(folder, max_shard_size="4MB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


def save_bin(peer: Any, folder: Path) -> Path:
    file = save_file_alone(peer, folder)
    torch.save(load_file(file), folder / "pytorch_model.bin")
    file.unlink()
    return folder


def save_memory(peer: Any, folder: Path) -> Path:
    torch.save(peer.state_dict(), folder / "memory.pth")
    return folder / "memory.pth"


def save_memory_alone(peer: Any, folder: Path) -> Path:
    save_file(peer.state_dict(), folder / "memory.safetensors")
    return folder / "memory.safetensors"


@pytest.mark.slow
@pytest.mark.parametrize(
    "save",
    [save_folder, save_file_alone, save_shards, save_bin, save_memory, save_memory_alone],
)
def test_every_form_gives_the_same_logits(
    tmp_path: Path, peer: Any, save: Callable[[Any, Path], Path]
) -> None:
    path = save(peer, tmp_path)
    checkpoint = open_checkpoint(path)
    assert (checkpoint.model, checkpoint.outputs) == ("b0", 5)
    assert checkpoint.classes == (CLASSES if path.is_dir() else None)
    assert checkpoint.format in (HUB, TRANSFORMERS_5)
    assert difference(checkpoint, peer) < 1e-4
    assert difference(checkpoint, peer, epsilon=1e-6) > 1e-2  # these weights show the epsilon


@pytest.mark.slow
def test_b2_gives_the_same_logits(tmp_path: Path) -> None:
    peer = weighted_peer("b2")
    checkpoint = open_checkpoint(save_folder(peer, tmp_path))
    assert (checkpoint.model, decoder_width(checkpoint)) == ("b2", 768)
    assert difference(checkpoint, peer) < 1e-4


def test_a_decoder_has_the_width_of_the_file(tmp_path: Path) -> None:
    peer = weighted_peer("b0", decoder_hidden_size=96)
    checkpoint = open_checkpoint(save_folder(peer, tmp_path))
    assert decoder_width(checkpoint) == 96
    assert difference(checkpoint, peer) < 1e-4


@pytest.mark.parametrize("save", [save_folder, save_memory])
def test_an_encoder_is_only_for_training(tmp_path: Path, save: Callable[[Any, Path], Path]) -> None:
    peer = SegformerForImageClassification(config_of("b0", CLASSES))  # as nvidia/mit-b0
    path = save(peer, tmp_path)
    with pytest.raises(InputError, match="only an encoder, trained to classify whole images"):
        load_model("b0", data="camvid", weights=str(path), classes=CLASSES)
    network = build_model("b0", 5, init=path)
    theirs = dict(peer.named_parameters())
    convolution = next(value for name, value in theirs.items() if value.shape == (32, 3, 7, 7))
    assert torch.equal(network.get_parameter("backbone.patch_embed1.proj.weight"), convolution)


@pytest.mark.slow
@pytest.mark.parametrize("save", [save_file_alone, save_memory])
def test_keys_must_not_be_missing_extra_or_of_another_shape(
    tmp_path: Path, peer: Any, save: Callable[[Any, Path], Path]
) -> None:
    path = save(peer, tmp_path)
    tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path)
    own = {name: value.shape for name, value in segformer("b0", 5).state_dict().items()}
    format_ = open_checkpoint(path).format

    def fits(changed: dict[str, torch.Tensor]) -> bool:
        return own == {name: value.shape for name, value in format_.convert(changed).items()}

    assert fits(tensors)
    for key, value in tensors.items():
        assert not fits({name: other for name, other in tensors.items() if name != key}), key
        assert not fits({**tensors, key: value[None]}), key
        assert not fits({**tensors, f"{key}.more": value}), key
    for ours in ("backbone.norm1.weight", "backbone.block1.0.attn.kv.bias"):
        assert not fits({**tensors, ours: torch.zeros(own[ours])}), ours
    key = next(key for key, value in tensors.items() if value.shape == (256, 1024, 1, 1))
    torch.save({**tensors, key: torch.zeros(256, 3)}, path.with_suffix(".pth"))
    checkpoint = open_checkpoint(path.with_suffix(".pth"))
    with pytest.raises(InputError, match=r"linear_fuse\.conv\.weight \[256, 3\] instead of"):
        fill(segformer("b0", 5), checkpoint)
