"""Auto-DeepLab against a restatement of the authors' code, and its size against the paper's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.errors import InputError
from robustbench_seg.models.auto_deeplab import AutoDeepLab
from robustbench_seg.models.base import WHOLE
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.counting import multiply_adds, parameters
from robustbench_seg.models.registry import load_model
from tests.helpers.auto_deeplab import Restated
from tests.helpers.formula import image, weights_of
from tests.helpers.peer_logits import CLASSES

SIZES = ((61, 83), (65, 129))
"""Height and width of images; the second are not padded."""
# Table 2 of the paper: millions of parameters, and billions of multiply-adds on Cityscapes.
PUBLISHED = {
    "auto-deeplab-small": (10.15, 333.25),
    "auto-deeplab-medium": (21.62, 460.93),
    "auto-deeplab-large": (44.42, 695.03),
}


def difference(height: int, width: int) -> float:
    """Return the largest difference of a network of few filters from the restatement."""
    network = AutoDeepLab(4, 3).eval()
    tensors = weights_of({name: value.shape for name, value in network.state_dict().items()})
    network.load_state_dict(tensors)
    x = image(height, width)
    with torch.inference_mode():
        given, expected = network(x), Restated(tensors)(x)
    assert given.shape == expected.shape == (1, 3, height, width)
    return float((given - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("size", SIZES)
def test_logits_equal_those_of_the_restatement(size: tuple[int, int]) -> None:
    assert difference(*size) < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_those_of_the_paper(name: str) -> None:
    with torch.device("meta"):
        network = MODELS[name].build(19)
    millions, billions = PUBLISHED[name]
    assert parameters(network) / 1e6 == pytest.approx(millions, abs=0.005)
    # The paper does not say what it counts.
    assert 0.95 < multiply_adds(network, (1024, 2048)) / 1e9 / billions < 0.965


@pytest.mark.slow
def test_converted_weights_are_read(tmp_path: Path) -> None:
    path = tmp_path / "converted.pth"
    torch.save(AutoDeepLab(20, 3).state_dict(), path)
    assert open_checkpoint(path).model == "auto-deeplab-small"
    segmenter = load_model("auto-deeplab-small", data="streets", weights=str(path), classes=CLASSES)
    assert segmenter.window == WHOLE
    assert segmenter.preprocessing.mean == segmenter.preprocessing.std == (127.5, 127.5, 127.5)
    assert isinstance(segmenter.network, nn.Module)
    with pytest.raises(InputError, match="holds auto-deeplab-small, not auto-deeplab-large"):
        load_model("auto-deeplab-large", data="streets", weights=str(path), classes=CLASSES)
