"""Semantic FPN: a feature pyramid as neck, and a head that adds up its levels.

A. Kirillov, R. Girshick, K. He, P. Dollar: Panoptic Feature Pyramid Networks. CVPR 2019, arXiv
1901.02446 (Figure 3, Section 3); the pyramid: T.-Y. Lin et al., Feature Pyramid Networks for Object
Detection, CVPR 2017, arXiv 1612.03144. Written from the papers, with batch norm as in
mmsegmentation, whose names the parameters have.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from .base import StageOutput
from .layers import Convolution, initialise, upsample

WIDTH = 128
"""Channels of the head's convolutions (Section 3)."""
PYRAMID_WIDTH = 256
LATERAL = "neck.lateral_convs.0.conv.weight"
"""A tensor whose length is the pyramid's width."""


class FeaturePyramid(nn.Module):
    """Maps (N, C_i, h_i, w_i), the finest first, to as many (N, width, h_i, w_i).

    Each level has the coarser ones added, enlarged to the nearest pixel.
    """

    def __init__(self, inputs: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(_plain(channels, width, 1) for channels in inputs)
        self.fpn_convs = nn.ModuleList(_plain(width, width, 3) for _ in inputs)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        levels = [conv(x) for conv, x in zip(self.lateral_convs, maps, strict=True)]
        for level in range(len(levels) - 1, 0, -1):
            finer = levels[level - 1]
            levels[level - 1] = finer + F.interpolate(levels[level], finer.shape[2:])
        return [conv(x) for conv, x in zip(self.fpn_convs, levels, strict=True)]


class SemanticHead(nn.Module):
    """Four maps (N, C, h / 2^i, w / 2^i) to logits (N, classes, h, w).

    Level i is convolved and doubled i times; the finest is only convolved (Figure 3).
    """

    def __init__(self, inputs: int, width: int, classes: int) -> None:
        super().__init__()
        self.scale_heads = nn.ModuleList(_scale_head(inputs, width, level) for level in range(4))
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        first, *others = (head(x) for head, x in zip(self.scale_heads, maps, strict=True))
        for x in others:  # (N, D, about h, about w): sides that are odd are not doubled exactly
            first = first + upsample(x, first.shape[2:])
        return self.conv_seg(first)  # (N, D, h, w) -> (N, K, h, w)


class SemanticFPN(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, ceil(H / 4), ceil(W / 4)).

    backbone gives maps of `widths` channels at 1/4, 1/8, 1/16 and 1/32 of the image's sides.
    """

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(
        self,
        backbone: nn.Module,
        widths: Sequence[int],
        classes: int,
        pyramid_width: int = PYRAMID_WIDTH,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = FeaturePyramid(widths, pyramid_width)
        self.decode_head = SemanticHead(pyramid_width, WIDTH, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        logits = self.decode_head(self.neck(self.backbone(image)))  # of whole patches
        return logits[:, :, : -(-height // 4), : -(-width // 4)]


class Double(nn.Module):
    """Upsample bilinearly: (N, C, h, w) -> (N, C, 2 h, 2 w)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, (2 * x.shape[2], 2 * x.shape[3]), mode="bilinear")


def _plain(inputs: int, outputs: int, kernel: int) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    return nn.Sequential(OrderedDict(conv=convolution))


def _scale_head(inputs: int, width: int, level: int) -> nn.Sequential:
    if level == 0:
        return nn.Sequential(Convolution(inputs, width, 3))
    layers: list[nn.Module] = []
    for step in range(level):
        layers += [Convolution(width if step else inputs, width, 3), Double()]
    return nn.Sequential(*layers)
