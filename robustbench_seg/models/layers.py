"""Layers that the networks share, and the initialisation of their weights."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Convolution(nn.Sequential):
    """A convolution without bias, batch norm and an activation (default: ReLU).

    (N, inputs, H, W) -> (N, outputs, H / stride, W / stride). Names are those of mmcv's ConvModule.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        padding = kernel // 2 * dilation
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, dilation, groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs)
        self.activate = activation or nn.ReLU(inplace=True)


class SeparableConvolution(nn.Sequential):
    """A 3x3 convolution of each channel, then a 1x1 convolution (Xception, arXiv 1610.02357).

    (N, inputs, H, W) -> (N, outputs, H, W). Names are those of mmcv's DepthwiseSeparableConvModule.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__()
        self.depthwise_conv = Convolution(inputs, inputs, 3, dilation=dilation, groups=inputs)
        self.pointwise_conv = Convolution(inputs, outputs, 1)


class FeedForward(nn.Sequential):
    """Linear, GELU, linear, with 4 times the width between: (N, ..., C) -> (N, ..., C).

    Names are those of mmcv's FFN.
    """

    def __init__(self, width: int) -> None:
        first = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU())
        layers = nn.Sequential(first, nn.Linear(4 * width, width))
        super().__init__(OrderedDict(layers=layers))


def to_map(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """View tokens (N, H * W, C) as a map (N, C, H, W) in the channels_last format."""
    return tokens.reshape(len(tokens), *size, -1).permute(0, 3, 1, 2)  # -> (N, C, H, W)


def to_tokens(feature_map: Tensor) -> Tensor:
    """View a map (N, C, H, W) as tokens (N, H * W, C)."""
    return feature_map.flatten(2).transpose(1, 2)  # (N, C, H, W) -> (N, L, C)


def upsample(x: Tensor, size: torch.Size, *, align_corners: bool = False) -> Tensor:
    """Upsample bilinearly, (N, C, h, w) -> (N, C, *size), in the channels_last format.

    The strides of a 1x1 map fit both formats, and torch then chooses the other; a concatenation
    with one such map changes the format of everything after it.
    """
    x = F.interpolate(x, size, mode="bilinear", align_corners=align_corners)
    return x.contiguous(memory_format=torch.channels_last)


def initialise(module: nn.Module) -> None:
    """Draw linear weights from a truncated N(0, 0.02), and convolutions' by their fan-out."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
        nn.init.normal_(module.weight, std=math.sqrt(2 / (fan_out // module.groups)))
    if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
        nn.init.zeros_(module.bias)
