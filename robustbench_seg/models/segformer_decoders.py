"""SegFormer's decoders: the official one, and mmsegmentation's.

They take the encoder's four maps, of the channels `widths`, to logits, `width` channels between.
See `segformer` for the paper.
"""

# ruff: noqa: D102 - each class says what its `forward` does.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Convolution, to_map, to_tokens


class AllMLPDecoder(nn.Module):
    """Project the four maps, upsample to 1/4, concatenate, fuse, classify (Equation 4).

    A 1x1 convolution commutes with bilinear upsampling, whose weights sum to 1. So each map is
    projected and fused at its own resolution, by the product of the two matrices, and then
    upsampled and added: the same function without the map of 4 * width channels at 1/4.
    """

    def __init__(self, widths: Sequence[int], width: int, classes: int, dropout: float) -> None:
        super().__init__()
        for stage, channels in enumerate(widths, start=1):
            projection = nn.Linear(channels, width)
            self.add_module(f"linear_c{stage}", nn.ModuleDict({"proj": projection}))
        convolution = nn.Conv2d(4 * width, width, 1, bias=False)
        self.linear_fuse = nn.ModuleDict({"conv": convolution, "bn": nn.BatchNorm2d(width)})
        self.dropout = nn.Dropout2d(dropout)
        self.linear_pred = nn.Conv2d(width, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        fuse = self.get_parameter("linear_fuse.conv.weight")  # (D, 4 D, 1, 1), for c4 to c1
        parts = fuse.flatten(1).chunk(4, 1)  # four of (D, D)
        projected = (
            self._project(stage, part, x)  # (N, C, h, w) -> (N, D, h, w)
            for stage, part, x in zip("4321", parts, reversed(maps), strict=True)
        )
        return self.classify(_add_upsampled(projected, maps[0].shape[2:]))

    def forward_as_published(self, maps: list[Tensor]) -> Tensor:
        """Do the same as Equation 4 writes it: the form that the paper's GFLOPs count."""
        size = maps[0].shape[2:]
        projected = []
        for stage, x in zip("4321", reversed(maps), strict=True):
            tokens = self.get_submodule(f"linear_c{stage}.proj")(to_tokens(x))  # (N, h * w, D)
            x = to_map(tokens, (x.shape[2], x.shape[3]))  # (N, D, h, w)
            projected.append(F.interpolate(x, size, mode="bilinear"))  # (N, D, H/4, W/4)
        return self.classify(self.linear_fuse["conv"](torch.cat(projected, 1)))

    def classify(self, fused: Tensor) -> Tensor:
        """Take fused features (N, D, H/4, W/4) to logits (N, K, H/4, W/4)."""
        x = self.dropout(F.relu(self.linear_fuse["bn"](fused), inplace=True))
        return cast(Tensor, self.linear_pred(x))

    def _project(self, stage: str, part: Tensor, x: Tensor) -> Tensor:
        weight = part @ self.get_parameter(f"linear_c{stage}.proj.weight")  # (D, C)
        bias = part @ self.get_parameter(f"linear_c{stage}.proj.bias")
        return F.conv2d(x, weight[..., None, None], bias)  # (N, C, h, w) -> (N, D, h, w)


class RectifiedDecoder(nn.Module):
    """The decoder of mmsegmentation, which is another one: each projection ends in a ReLU.

    Convolution, batch norm and ReLU project each map (`convs`), and do not commute with the
    upsampling; what fuses the maps (`fusion_conv`) still does, and is done before it. The
    parameters are named as there; `conv_seg` is the classifier.
    """

    def __init__(self, widths: Sequence[int], width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(Convolution(channels, width, 1) for channels in widths)
        self.fusion_conv = Convolution(4 * width, width, 1)
        self.dropout = nn.Dropout2d(dropout)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        parts = self.fusion_conv.conv.weight.chunk(4, 1)  # (D, D, 1, 1) for each of c1 to c4
        projected = (
            F.conv2d(self.convs[stage](maps[stage]), parts[stage])  # (N, C, h, w) -> (N, D, h, w)
            for stage in (3, 2, 1, 0)
        )
        fused = _add_upsampled(projected, maps[0].shape[2:])  # (N, D, H/4, W/4)
        x = self.dropout(self.fusion_conv.activate(self.fusion_conv.bn(fused)))
        return cast(Tensor, self.conv_seg(x))  # (N, D, H/4, W/4) -> (N, K, H/4, W/4)


def _add_upsampled(maps: Iterable[Tensor], size: tuple[int, ...]) -> Tensor:
    total: Tensor | None = None
    for x in maps:
        if x.shape[2:] != size:
            x = F.interpolate(x, size, mode="bilinear")  # (N, D, h, w) -> (N, D, H/4, W/4)
        total = x if total is None else x.add_(total)
    return cast(Tensor, total)
