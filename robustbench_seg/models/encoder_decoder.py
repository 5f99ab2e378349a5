"""What the convolutional networks share: an encoder, and a head that classifies its maps.

The parameters have mmsegmentation's names, so that its published checkpoints load: the encoder is
`backbone`, the head `decode_head`, its classifier `conv_seg`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .base import StageOutput
from .layers import initialise


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

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        self.output_stride = output_stride


class EncoderDecoder(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, h, w), at the size of the head's maps."""

    def __init__(self, backbone: Encoder, decode_head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.decode_head = decode_head
        self.stage_outputs = tuple(StageOutput(f"backbone.{name}") for name in backbone.stages)
        self.checkpoint_metadata = {"output_stride": str(backbone.output_stride)}
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.backbone(image.contiguous(memory_format=torch.channels_last))
        return self.decode_head(maps)
