"""Fields of small networks with a closed form, to a relative 1e-6."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.erf.extent import Map, normalised, squares
from robustbench_seg.erf.gradients import batch_sums, stride_of, unit_at
from robustbench_seg.erf.layers import Layer
from robustbench_seg.erf.request import Pixel, Procedure
from robustbench_seg.models.base import Preprocessing, Segmenter, Window
from robustbench_seg.models.layers import to_map, to_tokens
from robustbench_seg.models.mix_transformer import EfficientSelfAttention

OUTPUT = Layer("head", "")
AS_IS = Preprocessing(mean=(0, 0, 0), std=(1, 1, 1))


def segmenter(network: nn.Module) -> Segmenter:
    return Segmenter("made", network.eval(), AS_IS, Window("whole"), ("a",), "nothing")


def field(
    network: nn.Module, size: tuple[int, int], at: Pixel | None = None, method: Procedure = "luo"
) -> Map:
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    (total,) = batch_sums(segmenter(network), [OUTPUT], x, at, method).values()
    return normalised(total)


def ones(layers: Sequence[tuple[int, int, int]], *, padded: bool = True) -> nn.Sequential:
    """Return convolutions (kernel, stride, dilation) of weights 1; the first has 3 inputs."""
    network = nn.Sequential()
    for number, (kernel, stride, dilation) in enumerate(layers):
        padding = kernel // 2 * dilation if padded else 0
        convolution = nn.Conv2d(
            3 if number == 0 else 1, 1, kernel, stride, padding, dilation, bias=False
        )
        nn.init.ones_(convolution.weight)
        network.append(convolution)
    return network


def paths(layers: Sequence[tuple[int, int, int]], length: int) -> NDArray[np.float64]:
    """Count the paths from each pixel of a side (columns) to each unit of the last map (rows).

    A unit i has the pixels i * stride + (k - kernel // 2) * dilation that exist.
    """
    counts = np.eye(length)
    for kernel, stride, dilation in layers:
        units = np.zeros((-(-len(counts) // stride), length))
        for i in range(len(units)):
            for k in range(kernel):
                pixel = i * stride + (k - kernel // 2) * dilation
                if 0 <= pixel < len(counts):
                    units[i] += counts[pixel]
        counts = units
    return counts


def placed(side: NDArray[np.float64], size: tuple[int, int], first: Pixel) -> Map:
    """Return a map with the outer product of `side` with itself at the corner `first`."""
    result: Map = np.zeros(size)
    (y, x), n = first, len(side)
    result[y : y + n, x : x + n] = np.outer(side, side)
    return normalised(result)


def assert_equal_maps(found: Map, expected: Map) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * expected.max())
    assert (found[expected == 0] == 0).all()


@pytest.mark.parametrize("depth", [1, 2, 6, 12])
@pytest.mark.parametrize("method", get_args(Procedure))
def test_stacked_convolutions_of_ones_are_binomial(depth: int, method: Procedure) -> None:
    size = (31, 45)
    found = field(ones([(2, 1, 1)] * depth, padded=False), size, method=method)
    binomial = np.array([math.comb(depth, k) for k in range(depth + 1)], float)
    centre = ((size[0] - depth) // 2, (size[1] - depth) // 2)
    assert_equal_maps(found, placed(binomial, size, centre))


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1, 1)] * 5,
        [(3, 2, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1)],
        [(7, 4, 1), (3, 2, 1), (3, 2, 1)],
        [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
        [(3, 2, 1), (3, 1, 2), (5, 2, 3)],
    ],
)
@pytest.mark.parametrize("size", [(96, 96), (64, 160), (48, 33)])
@pytest.mark.parametrize("at", [None, (10, 20), (0, 0), (47, 32)])
def test_strides_dilations_and_units_anywhere(
    layers: list[tuple[int, int, int]], size: tuple[int, int], at: Pixel | None
) -> None:
    stride = math.prod(stride for _, stride, _ in layers)
    grid = (-(-size[0] // stride), -(-size[1] // stride))
    unit = unit_at(at, grid, size)
    assert unit.pixel == (unit.position[0] * stride, unit.position[1] * stride)
    if at is None:
        assert unit.position == (grid[0] // 2, grid[1] // 2)
    else:
        places = (min(grid[axis] - 1, math.ceil(at[axis] / stride - 0.5)) for axis in (0, 1))
        assert unit.position == tuple(places)
    rows, columns = (
        paths(layers, side)[place] for side, place in zip(size, unit.position, strict=True)
    )
    found = field(ones(layers), size, at)
    assert_equal_maps(found, normalised(np.outer(rows, columns)))


def test_strides_follow_from_sizes() -> None:
    assert stride_of((3, 3), (33, 33)) == 16  # as would 11 to 15
    assert stride_of((4, 4), (10, 10)) == 3
    assert stride_of((16, 24), (64, 96)) == 4
    assert stride_of((10, 10), (9, 9)) is None
    # Without an integer stride: the middle of each of 4 parts of a side of 10.
    assert [unit_at((y, 0), (4, 30), (10, 10)).pixel[0] for y in (0, 3, 6, 9)] == [1, 3, 6, 8]


def test_dilations_of_powers_of_three_are_uniform() -> None:
    found = field(ones([(3, 1, 1), (3, 1, 3), (3, 1, 9)]), (64, 64))
    assert_equal_maps(found, placed(np.ones(27), (64, 64), (32 - 13, 32 - 13)))
    (half,) = squares(found, (32, 32), [0.5])
    assert half.side == 21  # 19 holds 361 of 729, 21 holds 441


class Attention(nn.Module):
    """One attention of our SegFormer, whose queries are 0 and whose values are the tokens."""

    def __init__(self, reduction: int) -> None:
        super().__init__()
        self.attention = EfficientSelfAttention(3, 1, reduction, 1e-6)
        for parameter in self.attention.parameters():
            nn.init.zeros_(parameter)
        with torch.no_grad():
            self.attention.kv.weight[3:] = torch.eye(3)
            self.attention.proj.weight.copy_(torch.ones(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map (N, C, H, W)."""
        size = (x.shape[2], x.shape[3])
        return to_map(self.attention(to_tokens(x), size), size)


@pytest.mark.parametrize("at", [None, (3, 40)])
def test_an_attention_with_equal_weights_is_uniform(at: Pixel | None) -> None:
    found = field(Attention(1), (24, 56), at)
    assert_equal_maps(found, np.full((24, 56), 1 / (24 * 56)))


class Signed(nn.Module):
    """Three channels: the pixel; its right neighbour, negative; its left one, negated."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the map (N, C, H, W)."""
        grey = x.sum(1)
        return torch.stack([grey, grey.roll(-1, 2) - 9, 9 - grey.roll(1, 2)], 1)


def test_the_two_procedures_differ_where_signs_do() -> None:
    luo, replknet = (field(Signed(), (5, 9), method=method) for method in ("luo", "replknet"))
    expected = np.zeros((5, 9))
    expected[2, 4] = 1
    assert_equal_maps(replknet, expected)  # the channel below 0, and the gradient below 0, are 0
    expected[2, 3:6] = 1
    assert_equal_maps(luo, expected / 3)


class Cancelling(nn.Module):
    """Two channels that cancel in their sum."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the map (N, C, H, W)."""
        grey = x.sum(1)
        return torch.stack([grey, 1 - grey], 1)


def test_channels_are_summed_before_the_gradient_is_taken() -> None:
    x = torch.zeros(1, 3, 4, 4)
    (total,) = batch_sums(segmenter(Cancelling()), [Layer("all", "")], x, None, "luo").values()
    assert not total.any()
    first = Layer("first", "", channels=1)
    (total,) = batch_sums(segmenter(Cancelling()), [first], x, None, "luo").values()
    assert total.sum() == 3  # one for each colour


def test_all_layers_come_from_one_forward_pass() -> None:
    network = ones([(3, 1, 1)] * 4)
    calls = []
    network.register_forward_hook(lambda *_: calls.append(1))
    layers = [Layer(name, name) for name in ("0", "1", "2", "3")]
    x = torch.rand(1, 3, 20, 20)
    sums = batch_sums(segmenter(network), layers, x, None, "luo")
    assert len(calls) == 1
    for depth, total in enumerate(sums.values(), start=1):
        side = reduce(np.convolve, [np.ones(3)] * depth)
        expected = placed(side, (20, 20), (10 - depth, 10 - depth))
        assert_equal_maps(normalised(total), expected)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_later_changes_in_place_do_not_reach_a_layer() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = ones([(3, 1, 1)])

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.relu(self.first(x).add_(x.mean((1, 2, 3), keepdim=True)), True)

    layer = Layer("layer first", "first")
    x = torch.rand(1, 3, 9, 9)
    (total,) = batch_sums(segmenter(InPlace()), [layer], x, None, "luo").values()
    assert_equal_maps(normalised(total), placed(np.ones(3), (9, 9), (3, 3)))
