"""ESPNetv2 in all sizes against another implementation, and the input size of its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.runtimes import openvino
from robustbench_seg.models.base import IMAGENET, Segmenter
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.espnetv2 import ESPNetv2
from robustbench_seg.models.registry import load_model
from tests.helpers.espnetv2 import ESPNetv2 as Peer
from tests.helpers.formula import image, weights_of

CLASSES = tuple(info.name for info in CITYSCAPES)
# EdgeNets' channels at 1/2 to 1/16, by s.
CHANNELS = {
    0.5: (16, 32, 64, 128),
    1.0: (32, 64, 128, 256),
    1.25: (32, 80, 160, 320),
    1.5: (32, 96, 192, 384),
    2.0: (32, 128, 256, 512),
}


def load(path: Path) -> Segmenter:
    return load_model("espnetv2", data="cityscapes", weights=str(path), classes=CLASSES)


@pytest.mark.slow
@torch.inference_mode()
@pytest.mark.parametrize("scale", CHANNELS)
def test_logits_of_all_sizes_equal_those_of_another_implementation(
    scale: float, tmp_path: Path
) -> None:
    peer = Peer(20, CHANNELS[scale])
    tensors = weights_of({name: value.shape for name, value in peer.state_dict().items()})
    peer.load_state_dict(tensors)
    path = tmp_path / f"espnetv2_s_{scale}_city_512x256.pth"
    torch.save(tensors, path)
    network = load(path).network
    assert isinstance(network, nn.Module)
    x = image(64, 96)
    expected = peer.eval()(x)
    tolerance = 1e-5 * expected.abs().max()
    assert (network(x) - expected).abs().max() < tolerance
    if scale == 0.5:
        converted = openvino.load(network, "float32")
        assert (converted(x) - expected).abs().max() < 10 * tolerance


def test_the_input_size_is_in_the_name_of_the_file_or_assumed_with_a_note(tmp_path: Path) -> None:
    network = ESPNetv2(20, CHANNELS[0.5], (1, 1))
    first = tmp_path / "espnetv2_s_0.5_city_512x256.pth"
    torch.save(network.state_dict(), first)
    found = load(first)
    assert (found.preprocessing.size, found.assumed) == ((256, 512), ())
    assert (found.preprocessing.mean, found.spare_outputs) == (IMAGENET.mean, 1)

    for name in ("mine.pth", "espnetv2_s_0.5_256x256.pth", "512x256_to_1024x512.pth"):
        other = Path(shutil.copy(first, tmp_path / name))
        found = load(other)
        assert (found.preprocessing.size, found.assumed) == ((512, 1024), ("size",))
        # What a user or a file beside the weights says comes first.
        other.with_suffix(".toml").write_text('size = "640x320"')
        found = load(other)
        assert (found.preprocessing.size, found.assumed) == ((320, 640), ())


@torch.inference_mode()
def test_sides_that_are_not_multiples_of_16_are_padded() -> None:
    network = ESPNetv2(5, CHANNELS[0.5], (1, 1)).eval()
    x = image(43, 61)
    filled = torch.zeros(1, 3, 48, 64)
    filled[:, :, :43, :61] = x
    assert torch.equal(network(x), network(filled)[:, :, :43, :61])


def test_new_networks_have_the_tensors_of_the_authors(shared_data: Path) -> None:
    for size in ("1024x512", "512x256"):
        path = shared_data / f"weights/espnetv2/espnetv2_s_2.0_city_{size}.pth"
        tensors = torch.load(path, weights_only=True, map_location="cpu")
        with torch.device("meta"):
            ours = MODELS["espnetv2"].build(20).state_dict()
        shapes = {name: value.shape for name, value in ours.items()}
        assert shapes == {name: value.shape for name, value in tensors.items()}
