"""ESPNet with its authors' weights on real frames, and the forms of its checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.models.espnet import Block, ESPNet, espnet_sized_as

CLASSES = tuple(info.name for info in CITYSCAPES)


def test_the_authors_weights_fill_every_value(shared_data: Path) -> None:
    path = shared_data / "weights" / "espnet" / "espnet_p_2_q_8.pth"
    tensors = torch.load(path, weights_only=True, map_location="cpu")
    ours = espnet_sized_as(tensors).state_dict()
    ours = {name: value for name, value in ours.items() if "num_batches" not in name}
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in tensors.items()
    }
    assert sum(value.numel() for value in ours.values()) == 368_341


@pytest.mark.parametrize("q", [3, 5, 8])
@pytest.mark.parametrize(("outputs", "joined_skip", "fused"), [(20, False, 36), (12, True, 31)])
def test_the_form_follows_from_the_tensors(
    q: int, outputs: int, joined_skip: bool, fused: int
) -> None:
    network = ESPNet(outputs, p=2, q=q, joined_skip=joined_skip)
    tensors = network.state_dict()
    assert tensors["conv.conv.weight"].shape == (outputs, fused, 3, 3)
    again = espnet_sized_as(tensors)
    again.load_state_dict(tensors)
    x = torch.randn(1, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = network.eval()(x)
        assert logits.shape == (1, outputs, 32, 64)
        assert torch.equal(again.eval()(x), logits)


def test_dilated_outputs_are_summed_before_they_are_concatenated() -> None:
    # Figure 1b of the paper, with weights that make each convolution the identity.
    block = Block(5, 5)
    for name, parameter in block.named_parameters():
        if name.endswith("conv.weight"):
            parameter.data.zero_()
            middle = parameter.shape[-1] // 2
            parameter.data[:, :, middle, middle] = 1 if parameter.shape[1] == 1 else 0.2
    merged = block.merge(torch.ones(1, 5, 40, 40))
    assert merged[0, :, 20, 20].tolist() == pytest.approx([1, 1, 2, 3, 4])


def test_each_dilation_reaches_as_far_as_its_rate() -> None:
    block = Block(5, 5)
    image = torch.zeros(1, 5, 41, 41, requires_grad=True)
    for output, reach in enumerate((1, 2, 4, 8, 16)):
        (gradient,) = torch.autograd.grad(block.merge(image)[0, output, 20, 20], image)
        rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
        assert (int(rows.min()), int(rows.max())) == (20 - reach, 20 + reach)


@torch.no_grad()
def test_sides_that_are_not_multiples_of_8_are_padded() -> None:
    torch.manual_seed(0)
    network = ESPNet(5).eval()
    image = torch.randn(1, 3, 43, 61)
    filled = torch.zeros(1, 3, 48, 64)
    filled[:, :, :43, :61] = image
    assert torch.equal(network(image), network(filled)[:, :, :43, :61])
