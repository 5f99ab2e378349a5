"""The decoder of ESPNetv2: maps filtered at five scales, and maps of the encoder weighted.

As in the authors' EdgeNets (https://github.com/sacmehta/EdgeNets, MIT licence), whose names the
parameters have.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)
"""Sizes at which a pooling of the decoder filters a map, relative to the map's."""
SMALLEST_SIDE = 5
"""Shortest side of a scaled map in pixels."""


class Normalised(nn.Sequential):
    """A module named `cbr` or `br`, with batch norm and PReLU after what it begins with."""

    def __init__(self, name: str, channels: int, *first: nn.Module) -> None:
        super().__init__()
        layers = nn.Sequential(*first, nn.BatchNorm2d(channels), nn.PReLU(channels))
        self.add_module(name, layers)


class PyramidPooling(nn.Module):
    """Filter a map at five scales, and merge: (N, inputs, H, W) -> (N, outputs, H, W)."""

    def __init__(self, inputs: int, width: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        joined = len(SCALES) * width

        def depthwise(channels: int) -> nn.Conv2d:
            return nn.Conv2d(channels, width, 3, padding=1, groups=width, bias=False)

        self.projection_layer = Normalised("cbr", width, nn.Conv2d(inputs, width, 1, bias=False))
        self.stages = nn.ModuleList(depthwise(width) for _ in SCALES)
        self.merge_layer = nn.Sequential(
            Normalised("br", joined),
            nn.ChannelShuffle(len(SCALES)),  # the scales of a channel beside each other
            Normalised("cbr", width, depthwise(joined)),
            nn.Conv2d(width, outputs, 1, bias=last),
        )
        self.br = nn.Identity() if last else Normalised("br", outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection_layer(x)  # (N, inputs, H, W) -> (N, width, H, W)
        size = (x.shape[2], x.shape[3])
        parts = []
        for scale, stage in zip(SCALES, self.stages, strict=True):
            height, width = (max(math.ceil(side * scale), SMALLEST_SIDE) for side in size)
            # Enlarge by interpolation and reduce by means, on the way there and back.
            if scale > 1:
                enlarged = stage(enlarge(x, (height, width)))  # (N, width, scale H, scale W)
                parts.append(F.adaptive_avg_pool2d(enlarged, size))  # (N, width, H, W)
            elif scale < 1:
                reduced = stage(F.adaptive_avg_pool2d(x, (height, width)))
                parts.append(enlarge(reduced, size))  # (N, width, H, W)
            else:
                parts.append(stage(x))
        merged: Tensor = self.br(self.merge_layer(torch.cat(parts, 1)))  # (N, outputs, H, W)
        return merged


class Projection(nn.Module):
    """A map (N, inputs, H, W), weighted by its means over the image: (N, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1, bias=False), nn.Sigmoid()
        )
        groups = math.gcd(inputs, outputs)
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups, bias=False)
        self.expansion_layer = Normalised("cbr", outputs, convolution)

    def forward(self, x: Tensor) -> Tensor:
        weighted: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return weighted


def enlarge(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Upsample bilinearly, the centres of corner pixels on each other: (N, C, *size)."""
    return F.interpolate(x, size, mode="bilinear", align_corners=True)
