"""DeepLabv3+: atrous spatial pyramid pooling, and a decoder that adds a shallow map.

L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam: Encoder-Decoder with Atrous Separable
Convolution for Semantic Image Segmentation. ECCV 2018, arXiv 1802.02611 (Figure 2, Section 3);
pyramid pooling with the image's mean: Rethinking Atrous Convolution, arXiv 1706.05587. Written from
the papers; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .encoder_decoder import Encoder, Form, Maps
from .encoders import on_each_encoder
from .layers import Convolution, SeparableConvolution, upsample

RATES = (6, 12, 18)
"""Dilations of the pyramid's 3x3 convolutions at an output stride of 16 (Section 3.1)."""


def rates(form: Form) -> tuple[int, ...]:
    """Return the dilations of the pyramid's 3x3 convolutions."""
    return tuple(max(rate * 16 // form.output_stride, 1) for rate in RATES)


class DeepLabV3PlusHead(nn.Module):
    """A shallow map (N, c, h, w) and a deep one (N, C, H, W) to logits (N, classes, h, w).

    The width is 256 in the paper, 512 in mmsegmentation.
    """

    def __init__(self, encoder: Encoder, form: Form, classes: int) -> None:
        super().__init__()
        self.align_corners = form.align_corners
        (shallow, deep), width, reduced = encoder.widths, form.width, form.shallow_width
        self.image_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), Convolution(deep, width, 1))
        self.aspp_modules = nn.ModuleList(
            [Convolution(deep, width, 1)]
            + [SeparableConvolution(deep, width, rate) for rate in rates(form)]
        )
        self.bottleneck = Convolution(5 * width, width, 3)
        self.c1_bottleneck = Convolution(shallow, reduced, 1)
        self.sep_bottleneck = nn.Sequential(
            SeparableConvolution(width + reduced, width), SeparableConvolution(width, width)
        )
        self.dropout = nn.Dropout2d(0.1)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Maps) -> Tensor:
        shallow, deep = maps
        mean = upsample(self.image_pool(deep), deep.shape[2:])  # (N, D, 1, 1) -> (N, D, H, W)
        branches = [mean, *(branch(deep) for branch in self.aspp_modules)]
        x = self.bottleneck(torch.cat(branches, 1))  # (N, 5 D, H, W) -> (N, D, H, W)
        x = upsample(
            x, shallow.shape[2:], align_corners=self.align_corners
        )  # (N, D, H, W) -> (N, D, h, w)
        x = torch.cat([x, self.c1_bottleneck(shallow)], 1)  # (N, D + d, h, w)
        x = self.dropout(self.sep_bottleneck(x))  # (N, D, h, w)
        return self.conv_seg(x)  # (N, K, h, w)


MODELS = on_each_encoder(
    "deeplabv3plus",
    DeepLabV3PlusHead,
    title="Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation "
    "(arXiv 1802.02611)",
    description="DeepLabv3+",
    key="decode_head.c1_bottleneck.",
    widest="decode_head.bottleneck.conv.weight",
    smallest_batch=2,
    forms={"mobilenetv2": Form(width=256, output_stride=16)},  # the paper's, for a small model
    supported=lambda form: {"decode_head.dilations": (1, *rates(form))},
)
