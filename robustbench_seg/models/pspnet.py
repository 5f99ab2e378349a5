"""PSPNet: a pyramid of means over parts of the image tells each pixel of the scene around it.

H. Zhao, J. Shi, X. Qi, X. Wang, J. Jia: Pyramid Scene Parsing Network. CVPR 2017, arXiv 1612.01105
(Figure 3, Section 3.2). Written from the paper; the parameters have mmsegmentation's names.
"""

# ruff: noqa: D102 - each class says what its `forward` does.

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .encoder_decoder import Encoder, EncoderDecoder, Maps
from .layers import Convolution, upsample

SCALES = (1, 2, 3, 6)
"""Into how many parts each side of the image is divided (Section 3.2)."""


class PSPHead(nn.Module):
    """A deep map (N, C, h, w) to logits (N, classes, h, w)."""

    def __init__(self, deep: int, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.psp_modules = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(scale), Convolution(deep, width, 1))
            for scale in SCALES
        )
        self.bottleneck = Convolution(deep + len(SCALES) * width, width, 3)
        self.dropout = nn.Dropout2d(dropout)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        deep = maps.deep
        # (N, C, h, w) -> (N, D, scale, scale) -> (N, D, h, w)
        pyramid = [upsample(pool(deep), deep.shape[2:]) for pool in self.psp_modules]
        x = self.bottleneck(torch.cat([deep, *pyramid], 1))  # (N, C + 4 D, h, w) -> (N, D, h, w)
        return cast(Tensor, self.conv_seg(self.dropout(x)))  # (N, K, h, w)


def pspnet(
    backbone: Encoder, classes: int, *, width: int = 512, dropout: float = 0.1
) -> EncoderDecoder:
    """Build PSPNet for a number of classes, with newly drawn weights: logits at the output stride.

    width is that of each pooled map and of the head, 512 in the paper for a deep map of 2048.
    dropout acts in training only.
    """
    return EncoderDecoder(backbone, PSPHead(backbone.widths[1], width, classes, dropout))
