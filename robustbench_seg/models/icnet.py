"""ICNet: three branches that see an image at full, half and quarter size, and are fused in turn.

H. Zhao, X. Qi, X. Shen, J. Shi, J. Jia: ICNet for Real-Time Semantic Segmentation on
High-Resolution Images. ECCV 2018, arXiv 1704.08545 (Figures 2 and 3, Section 3). The pyramid
pooling, concatenated, and the 3x3 convolution before the classifier are mmsegmentation's. Written
from the paper; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import StageOutput
from .checkpoint import Checkpoint
from .encoder_decoder import Form
from .encoders import layer3_blocks
from .layers import Convolution, initialise, upsample
from .model import MODEL_ZOO, Model
from .openmmlab import check_settings
from .pspnet import SCALES, PyramidPooling
from .resnet import BLOCKS, ResNet

BRANCHES = (64, 256, 256)
"""Channels of the maps of the branches, from the light one of the full image on."""


@dataclass(frozen=True)
class Widths:
    """Channels of a network outside of its ResNet; by default mmsegmentation's."""

    light: int = 32
    pyramid: int = 512
    branches: tuple[int, ...] = BRANCHES
    fused: int = 128


DEFAULT = Widths()


class Branches(nn.Module):
    """Images float32 (N, 3, H, W) to maps at 1/8, 1/16 and 1/32 of three branches.

    The half and the quarter image share a ResNet up to its second layer: the quarter image's branch
    goes on with that layer's map at half the size.
    """

    def __init__(self, depth: int, widths: Widths) -> None:
        super().__init__()
        self.backbone = ResNet(depth, Form())
        light, deep = widths.light, self.backbone.widths[1]
        self.conv_sub1 = nn.Sequential(
            Convolution(3, light, 3, stride=2),
            Convolution(light, light, 3, stride=2),
            Convolution(light, widths.branches[0], 3, stride=2),
        )
        self.conv_sub2 = Convolution(deep // 4, widths.branches[1], 1)
        self.psp_modules = PyramidPooling(deep, widths.pyramid)
        self.psp_bottleneck = Convolution(deep + len(SCALES) * widths.pyramid, widths.pyramid, 3)
        self.conv_sub4 = Convolution(widths.pyramid, widths.branches[2], 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        full = self.conv_sub1(image)  # (N, 3, H, W) -> (N, 64, H / 8, W / 8)
        resnet = self.backbone
        x = resnet.enter(halve(image), round_up=True)  # (N, 64, H / 8, W / 8)
        x = resnet.layer2(resnet.layer1(x))  # (N, C / 4, H / 16, W / 16)
        half = self.conv_sub2(x)  # (N, 256, H / 16, W / 16)
        x = resnet.layer4(resnet.layer3(halve(x)))  # (N, C, H / 32, W / 32)
        x = self.psp_bottleneck(torch.cat([*self.psp_modules(x), x], 1))  # (N, 512, H / 32, ...)
        return full, half, self.conv_sub4(x)  # (N, 256, H / 32, W / 32)


class CascadeFusion(nn.Module):
    """Add a map (N, c, h, w), upsampled and filtered, to a larger one: (N, width, H, W)."""

    def __init__(self, low: int, high: int, width: int) -> None:
        super().__init__()
        self.conv_low = Convolution(low, width, 3, dilation=2)
        self.conv_high = Convolution(high, width, 1)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        low = self.conv_low(upsample(low, high.shape[2:]))  # (N, c, h, w) -> (N, D, H, W)
        return low + self.conv_high(high)  # of ReLUs, so that another changes nothing


class Cascade(nn.Module):
    """Fuse the maps of three branches, from the smallest on: (N, width, H / 8, W / 8)."""

    def __init__(self, branches: Sequence[int], width: int) -> None:
        super().__init__()
        full, half, quarter = branches
        self.cff_24 = CascadeFusion(quarter, half, width)
        self.cff_12 = CascadeFusion(width, full, width)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        full, half, quarter = maps
        return self.cff_12(self.cff_24(quarter, half), full)


class Classifier(nn.Module):
    """A map (N, C, h, w) to logits (N, classes, h, w)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(Convolution(width, width, 3))
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_seg(self.convs(x))


class ICNet(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, H / 8, W / 8), rounded up."""

    stage_outputs = tuple(StageOutput(f"backbone.conv_sub{scale}") for scale in (1, 2, 4))

    def __init__(self, depth: int, classes: int, widths: Widths = DEFAULT) -> None:
        super().__init__()
        self.backbone = Branches(depth, widths)
        self.neck = Cascade(widths.branches, widths.fused)
        self.decode_head = Classifier(widths.fused, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.backbone(image.contiguous(memory_format=torch.channels_last))
        return self.decode_head(self.neck(maps))


def halve(x: Tensor) -> Tensor:
    """Downsample bilinearly by 2, and leave out an odd last row or column: (N, C, H / 2, W / 2)."""
    return F.interpolate(x, scale_factor=0.5, mode="bilinear")


def _sized_as(checkpoint: Checkpoint, depth: int) -> ICNet:
    parts = ("backbone", "neck", "decode_head")
    check_settings(
        checkpoint,
        {
            "backbone.backbone_cfg.type": "ResNetV1c",
            "backbone.backbone_cfg.strides": (1, 2, 1, 1),
            "backbone.backbone_cfg.dilations": (1, 1, 2, 4),
            "backbone.backbone_cfg.contract_dilation": True,
            "backbone.pool_scales": SCALES,
            **{f"{part}.align_corners": False for part in parts},
        },
    )

    def width(name: str) -> int:
        return checkpoint.length(f"{name}.conv.weight")

    branches = ("backbone.conv_sub1.2", "backbone.conv_sub2", "backbone.conv_sub4")
    widths = Widths(
        light=width("backbone.conv_sub1.0"),
        pyramid=width("backbone.psp_bottleneck"),
        branches=tuple(map(width, branches)),
        fused=width("neck.cff_12.conv_low"),
    )
    return ICNet(depth, checkpoint.outputs, widths)


def _has_sizes(tensors: Mapping[str, Tensor], depth: int) -> bool:
    return layer3_blocks(tensors) == BLOCKS[depth][2]


MODELS = tuple(
    Model(
        name=f"icnet-resnet{depth}",
        title="ICNet for Real-Time Semantic Segmentation on High-Resolution Images "
        "(arXiv 1704.08545)",
        description="ICNet",
        published=MODEL_ZOO,
        build=partial(ICNet, depth),
        build_for=partial(_sized_as, depth=depth),
        keys=("backbone.conv_sub1.", "neck.cff_24."),
        classifier="decode_head.conv_seg.weight",
        has_sizes=partial(_has_sizes, depth=depth),
        unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
        smallest_batch=2,
    )
    for depth in BLOCKS
)
