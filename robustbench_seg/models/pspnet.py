"""PSPNet: a pyramid of means over parts of the image gives each pixel its context.

H. Zhao, J. Shi, X. Qi, X. Wang, J. Jia: Pyramid Scene Parsing Network. CVPR 2017, arXiv 1612.01105
(Figure 3, Section 3.2). Written from the paper; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .encoder_decoder import Encoder, Form, Maps
from .encoders import on_each_encoder
from .layers import Convolution, upsample

SCALES = (1, 2, 3, 6)
"""Numbers of parts into which each side of the image is divided (Section 3.2)."""


class PyramidPooling(nn.ModuleList):
    """A map (N, C, h, w) to one (N, width, h, w) for each scale: means over parts of the image."""

    def __init__(self, inputs: int, width: int, *, align_corners: bool = False) -> None:
        super().__init__(
            nn.Sequential(nn.AdaptiveAvgPool2d(scale), Convolution(inputs, width, 1))
            for scale in SCALES
        )
        self.align_corners = align_corners

    def forward(self, x: Tensor) -> list[Tensor]:
        # (N, C, h, w) -> (N, D, scale, scale) -> (N, D, h, w)
        size, align = x.shape[2:], self.align_corners
        return [upsample(pool(x), size, align_corners=align) for pool in self]


class PSPHead(nn.Module):
    """A deep map (N, C, h, w) to logits (N, classes, h, w).

    The width is that of each pooled map too: 512 in the paper, for a deep map of 2048 channels.
    """

    def __init__(self, encoder: Encoder, form: Form, classes: int) -> None:
        super().__init__()
        deep, width = encoder.widths[1], form.width
        self.psp_modules = PyramidPooling(deep, width, align_corners=form.align_corners)
        self.bottleneck = Convolution(deep + len(SCALES) * width, width, 3)
        self.dropout = nn.Dropout2d(0.1)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        deep = maps.deep
        x = torch.cat([deep, *self.psp_modules(deep)], 1)  # (N, C + 4 D, h, w)
        x = self.bottleneck(x)  # (N, C + 4 D, h, w) -> (N, D, h, w)
        return self.conv_seg(self.dropout(x))  # (N, K, h, w)


MODELS = on_each_encoder(
    "pspnet",
    PSPHead,
    title="Pyramid Scene Parsing Network (arXiv 1612.01105)",
    description="PSPNet",
    key="decode_head.psp_modules.",
    widest="decode_head.bottleneck.conv.weight",
    smallest_batch=2,
    supported=lambda _: {"decode_head.pool_scales": SCALES},
)
