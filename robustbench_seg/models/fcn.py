"""FCN: a fully convolutional network that labels the map of a classifier's encoder.

J. Long, E. Shelhamer, T. Darrell: Fully Convolutional Networks for Semantic Segmentation. CVPR
2015, arXiv 1411.4038. An encoder dilated to 1/8 needs none of the paper's skips. The head is
mmsegmentation's, whose names the parameters have: two 3x3 convolutions, and a third of their result
concatenated to their input. Written from its published description.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .encoder_decoder import Encoder, Form, Maps
from .encoders import on_each_encoder
from .layers import Convolution


class FCNHead(nn.Module):
    """A deep map (N, C, h, w) to logits (N, classes, h, w)."""

    def __init__(self, encoder: Encoder, form: Form, classes: int) -> None:
        super().__init__()
        deep, width, dilation = encoder.widths[1], form.width, form.head_dilation
        self.convs = nn.Sequential(
            Convolution(deep, width, 3, dilation=dilation),
            Convolution(width, width, 3, dilation=dilation),
        )
        self.conv_cat = Convolution(deep + width, width, 3)
        self.dropout = nn.Dropout2d(0.1)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        x = torch.cat([maps.deep, self.convs(maps.deep)], 1)  # (N, C + D, h, w)
        return self.conv_seg(self.dropout(self.conv_cat(x)))  # (N, K, h, w)


MODELS = on_each_encoder(
    "fcn",
    FCNHead,
    title="Fully Convolutional Networks for Semantic Segmentation (arXiv 1411.4038)",
    description="FCN",
    key="decode_head.conv_cat.",
    widest="decode_head.conv_cat.conv.weight",
)
