"""SegFormer's decoder as its paper writes it, as it runs here, and mmsegmentation's.

Each takes the encoder's four maps, whose channels are `widths`, to logits, with `width` channels
between. See `segformer` for the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Convolution, to_map, to_tokens


class Projection(nn.Module):
    """A linear layer on each pixel: (N, C, h, w) -> (N, D, h, w)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, width)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.proj(to_tokens(x))  # (N, C, h, w) -> (N, h * w, D)
        return to_map(tokens, (x.shape[2], x.shape[3]))  # (N, D, h, w)


class AllMLPDecoder(nn.Module):
    """Equation 4: project the four maps, upsample them to 1/4, concatenate, fuse, classify.

    The paper's GFLOPs count this form; `CommutedAllMLPDecoder` computes the same logits.
    """

    def __init__(self, widths: Sequence[int], width: int, classes: int) -> None:
        super().__init__()
        self.linear_c1, self.linear_c2, self.linear_c3, self.linear_c4 = (
            Projection(channels, width) for channels in widths
        )
        self.linear_fuse = Convolution(4 * width, width, 1)
        self.dropout = nn.Dropout2d(0.1)
        self.linear_pred = nn.Conv2d(width, classes, 1)

    @property
    def projections(self) -> tuple[Projection, Projection, Projection, Projection]:
        """Projections of c4 to c1, the order in which the checkpoints concatenate the maps."""
        return self.linear_c4, self.linear_c3, self.linear_c2, self.linear_c1

    def forward(self, maps: list[Tensor]) -> Tensor:
        size = maps[0].shape[2:]
        upsampled = []
        for project, x in zip(self.projections, reversed(maps), strict=True):
            x = project(x)  # (N, C, h, w) -> (N, D, h, w)
            upsampled.append(F.interpolate(x, size, mode="bilinear"))  # (N, D, H / 4, W / 4)
        x = torch.cat(upsampled, 1)  # (N, 4 D, H / 4, W / 4)
        return self.classify(self.linear_fuse.conv(x))  # (N, D, H / 4, W / 4) -> (N, K, ...)

    def classify(self, fused: Tensor) -> Tensor:
        """Take fused features (N, D, H / 4, W / 4) to logits (N, K, H / 4, W / 4)."""
        x = self.dropout(self.linear_fuse.activate(self.linear_fuse.bn(fused)))
        return self.linear_pred(x)


class CommutedAllMLPDecoder(AllMLPDecoder):
    """Equation 4, optimised: the maps are projected and fused before they are upsampled.

    A 1x1 convolution commutes with bilinear upsampling, whose weights sum to 1. So each map is
    projected and fused at its own resolution, by the product of the two matrices, and then
    upsampled and added. No map of 4 D channels at 1/4 is needed.
    """

    forward_as_published = AllMLPDecoder.forward

    def forward(self, maps: list[Tensor]) -> Tensor:
        parts = self.linear_fuse.conv.weight.flatten(1).chunk(4, 1)  # (D, D) for each of c4 to c1
        linears = [projection.proj for projection in self.projections]
        fused = (
            # The weights are (D, D) @ (D, C); the maps, (N, C, h, w) -> (N, D, h, w).
            F.conv2d(x, (part @ linear.weight)[..., None, None], part @ linear.bias)
            for part, linear, x in zip(parts, linears, reversed(maps), strict=True)
        )
        return self.classify(_sum_upsampled(fused, maps[0].shape[2:]))


class RectifiedDecoder(nn.Module):
    """mmsegmentation's decoder, another function: each projection ends in a ReLU.

    Convolution, batch norm and ReLU project each map (`convs`), and do not commute with the
    upsampling; `fusion_conv`, which fuses the maps, does, and is applied before it. The parameters
    have mmsegmentation's names; `conv_seg` is the classifier.
    """

    def __init__(self, widths: Sequence[int], width: int, classes: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Convolution(channels, width, 1) for channels in widths)
        self.fusion_conv = Convolution(4 * width, width, 1)
        self.dropout = nn.Dropout2d(0.1)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        parts = self.fusion_conv.conv.weight.chunk(4, 1)  # (D, D, 1, 1) for each of c1 to c4
        projected = (
            F.conv2d(self.convs[stage](maps[stage]), parts[stage])  # (N, C, h, w) -> (N, D, h, w)
            for stage in (3, 2, 1, 0)
        )
        fused = _sum_upsampled(projected, maps[0].shape[2:])  # (N, D, H / 4, W / 4)
        x = self.dropout(self.fusion_conv.activate(self.fusion_conv.bn(fused)))
        return self.conv_seg(x)  # (N, D, H / 4, W / 4) -> (N, K, H / 4, W / 4)


def _sum_upsampled(maps: Iterable[Tensor], size: torch.Size) -> Tensor:
    """Upsample maps (N, D, h, w), one after the other, and add them: (N, D, *size)."""
    upsampled = (
        x if x.shape[2:] == size else F.interpolate(x, size, mode="bilinear") for x in maps
    )
    return reduce(lambda total, x: x.add_(total), upsampled)
