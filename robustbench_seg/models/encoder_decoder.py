"""What the convolutional networks share: an encoder, and a head that classifies its maps.

The parameters have mmsegmentation's names, so that its published checkpoints load: the encoder is
`backbone`, the head `decode_head`, its classifier `conv_seg`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .base import StageOutput
from .layers import initialise


class Dilated(NamedTuple):
    """Stride and dilation of a layer of an encoder."""

    stride: int
    dilation: int


@dataclass(frozen=True)
class Form:
    """Settings of a network; by default those of mmsegmentation's on crops of 512x1024.

    Not all of them apply to each encoder and head.
    """

    width: int = 512
    """Channels of the head."""
    shallow_width: int = 48
    """Channels to which DeepLabv3+ reduces the shallow map (Table 1 of its paper)."""
    output_stride: int = 8
    layers: tuple[Dilated, ...] = ()
    """Stride and dilation of each layer of the encoder; none: by `dilate`."""
    multi_grid: tuple[int, ...] = ()
    """Dilation of each block in a ResNet's last layer; none: that of the output stride."""
    plain_stem: bool = False
    """Whether a ResNet begins with one convolution of 7x7, as in its paper, in place of three."""
    head_dilation: int = 1
    """Dilation of FCN's first convolutions."""
    align_corners: bool = False
    """Whether the centres of corner pixels lie on each other when maps are upsampled."""


def dilate(strides: Sequence[int], stem: int, output_stride: int) -> tuple[Dilated, ...]:
    """Turn the strides of layers after a stem that exceed an output stride into dilations."""
    total, dilation, layers = stem, 1, []
    for stride in strides:
        if total * stride > output_stride:
            dilation, stride = dilation * stride, 1
        total *= stride
        layers.append(Dilated(stride, dilation))
    return tuple(layers)


class Maps(NamedTuple):
    """The maps that an encoder computes of images (N, 3, H, W)."""

    shallow: Tensor
    """(N, c, H / 4, W / 4), rounded up."""
    deep: Tensor
    """(N, C, H / output_stride, W / output_stride), rounded up."""


class Encoder(nn.Module):
    """Images float32 (N, 3, H, W) to `Maps`; `widths` are the channels of the two."""

    widths: tuple[int, int]
    stages: tuple[str, ...]
    """Names of the modules that end the stages, from the first."""


class EncoderDecoder(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, h, w), at the size of the head's maps."""

    def __init__(self, backbone: Encoder, decode_head: nn.Module, form: Form) -> None:
        super().__init__()
        self.backbone = backbone
        self.decode_head = decode_head
        self.align_corners = form.align_corners or None  # as in `Segmenter`
        self.stage_outputs = tuple(StageOutput(f"backbone.{name}") for name in backbone.stages)
        self.checkpoint_metadata = {"output_stride": str(form.output_stride)}
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.backbone(image.contiguous(memory_format=torch.channels_last))
        return self.decode_head(maps)
