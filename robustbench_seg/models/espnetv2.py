"""ESPNetv2: depth-wise dilated convolutions in an encoder, and a decoder of efficient pyramids.

S. Mehta, M. Rastegari, L. Shapiro, H. Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and
General Purpose Convolutional Neural Network. CVPR 2019, arXiv 1811.11431 (Figures 1 and 2, Section
3). The decoder is that of the authors' EdgeNets (https://github.com/sacmehta/EdgeNets, MIT
licence), whose checkpoints have these parameters' names. Their last output is background.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import IMAGENET, StageOutput
from .checkpoint import Checkpoint
from .espnetv2_decoder import Projection, PyramidPooling, enlarge
from .layers import initialise
from .model import Model

BRANCHES = 4
"""Parallel convolutions of a unit, and groups of its 1x1 convolutions."""
WIDTH = 16
"""Channels that the maps of the decoder have multiples of."""
SIZES = ((512, 1024), (256, 512))
"""Input sizes (height, width) of the authors' weights for Cityscapes."""


class Convolution(nn.Sequential):
    """A convolution without bias, batch norm and, unless it is linear, a PReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        padding = kernel // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        if not linear:
            self.act = nn.PReLU(outputs)


class Dilated(nn.Sequential):
    """A dilated 3x3 convolution of each channel."""

    def __init__(self, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels, channels, 3, stride, dilation, dilation, groups=channels, bias=False
        )


class Activation(nn.Sequential):
    """Batch norm, then a PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.act = nn.PReLU(channels)


class Pyramid(nn.Module):
    """Reduce, split into four dilated depth-wise convolutions, merge: the EESP unit (Figure 1).

    field is the largest receptive field of a branch in pixels: larger ones are not dilated.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, field: int) -> None:
        super().__init__()
        width = outputs // BRANCHES
        sizes = (3 + 2 * branch for branch in range(BRANCHES))
        dilations = sorted(size // 2 if size <= field else 1 for size in sizes)
        self.proj_1x1 = Convolution(inputs, width, 1, groups=BRANCHES)
        self.spp_dw = nn.ModuleList(Dilated(width, stride, dilation) for dilation in dilations)
        self.br_after_cat = Activation(outputs)
        self.conv_1x1_exp = Convolution(outputs, outputs, 1, groups=BRANCHES, linear=True)
        self.module_act = nn.PReLU(outputs)  # without effect in a strided unit

    def merge(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        x = self.proj_1x1(x)  # (N, inputs, H, W) -> (N, outputs / 4, H, W)
        total, *others = (branch(x) for branch in self.spp_dw)  # (N, outputs / 4, H / stride, ...)
        totals = [total]
        for other in others:  # hierarchical fusion, against the gridding artefact
            totals.append(totals[-1] + other)
        merged: Tensor = self.conv_1x1_exp(self.br_after_cat(torch.cat(totals, 1)))
        return merged

    def forward(self, x: Tensor) -> Tensor:
        """Add a unit of stride 1 to its input (N, C, H, W)."""
        activated: Tensor = self.module_act(self.merge(x) + x)
        return activated


class Downsampler(nn.Module):
    """A strided EESP unit beside a mean pooling, to which the pooled image is added (Figure 2)."""

    def __init__(self, inputs: int, outputs: int, field: int) -> None:
        super().__init__()
        self.eesp = Pyramid(inputs, outputs - inputs, 2, field)
        self.inp_reinf = nn.Sequential(
            Convolution(3, 3, 3), Convolution(3, outputs, 1, linear=True)
        )
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        """Take (N, inputs, H, W), and an image pooled to half of it, to (N, outputs, H/2, W/2)."""
        joined = torch.cat([halve(x), self.eesp.merge(x)], 1)  # (N, outputs, H/2, W/2)
        activated: Tensor = self.act(joined + self.inp_reinf(image))
        return activated


class Encoder(nn.Module):
    """Images (N, 3, H, W) to maps at 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self, channels: tuple[int, ...], units: tuple[int, int]) -> None:
        super().__init__()
        first, second, third, fourth = channels
        self.level1 = Convolution(3, first, 3, stride=2)
        self.level2_0 = Downsampler(first, second, 13)
        self.level3_0 = Downsampler(second, third, 11)
        self.level3 = nn.Sequential(*(Pyramid(third, third, 1, 9) for _ in range(units[0])))
        self.level4_0 = Downsampler(third, fourth, 9)
        self.level4 = nn.Sequential(*(Pyramid(fourth, fourth, 1, 7) for _ in range(units[1])))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        first = self.level1(image)  # (N, 3, H, W) -> (N, a, H/2, W/2)
        image = halve(halve(image))  # (N, 3, H/4, W/4)
        second = self.level2_0(first, image)  # (N, a, H/2, W/2) -> (N, b, H/4, W/4)
        image = halve(image)  # (N, 3, H/8, W/8)
        third = self.level3(self.level3_0(second, image))  # -> (N, c, H/8, W/8)
        image = halve(image)  # (N, 3, H/16, W/16)
        return first, second, third, self.level4(self.level4_0(third, image))  # (N, d, H/16, ...)


class ESPNetv2(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, outputs, H, W).

    Sides that are not multiples of 16, which the authors' network refuses, are padded with zeros,
    the mean colour. channels are those of the encoder's maps, by default of s = 2.0, and units the
    EESP units at 1/8 and 1/16.
    """

    stage_outputs = tuple(
        StageOutput(f"base_net.{name}") for name in ("level1", "level2_0", "level3", "level4")
    )

    def __init__(
        self,
        outputs: int,
        channels: tuple[int, ...] = (32, 128, 256, 512),
        units: tuple[int, int] = (3, 7),
    ) -> None:
        super().__init__()
        self.base_net = Encoder(channels, units)
        first, second, third, fourth = channels
        width = min(outputs // 2, WIDTH)
        a, b, c = 4 * WIDTH, 3 * WIDTH, 2 * WIDTH
        self.bu_dec_l1 = PyramidPooling(fourth, width, a)
        self.bu_dec_l2 = PyramidPooling(a, width, b)
        self.bu_dec_l3 = PyramidPooling(b, width, c)
        self.bu_dec_l4 = PyramidPooling(c, width, outputs, last=True)
        self.merge_enc_dec_l2 = Projection(third, a)
        self.merge_enc_dec_l3 = Projection(second, b)
        self.merge_enc_dec_l4 = Projection(first, c)
        self.bu_br_l2, self.bu_br_l3, self.bu_br_l4 = (
            nn.Sequential(nn.BatchNorm2d(each), nn.PReLU(each)) for each in (a, b, c)
        )
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        if height % 16 or width % 16:
            image = F.pad(image, (0, -width % 16, 0, -height % 16))
        first, second, third, fourth = self.base_net(image)
        x = self.bu_dec_l1(fourth)  # (N, d, H/16, W/16) -> (N, 64, H/16, W/16)
        x = self.bu_br_l2(self.merge_enc_dec_l2(third) + enlarge(x, third.shape[2:]))
        x = self.bu_dec_l2(x)  # (N, 64, H/8, W/8) -> (N, 48, H/8, W/8)
        x = self.bu_br_l3(self.merge_enc_dec_l3(second) + enlarge(x, second.shape[2:]))
        x = self.bu_dec_l3(x)  # (N, 48, H/4, W/4) -> (N, 32, H/4, W/4)
        x = self.bu_br_l4(self.merge_enc_dec_l4(first) + enlarge(x, first.shape[2:]))
        x = self.bu_dec_l4(x)  # (N, 32, H/2, W/2) -> (N, K, H/2, W/2)
        return enlarge(x, image.shape[2:])[:, :, :height, :width]  # (N, K, H, W)


def halve(x: Tensor) -> Tensor:
    """Pool by means: (N, C, H, W) -> (N, C, H/2, W/2)."""
    return F.avg_pool2d(x, 3, stride=2, padding=1)


def _sized_as(checkpoint: Checkpoint) -> ESPNetv2:
    maps = ("level1.conv", *(f"level{level}_0.inp_reinf.1.conv" for level in (2, 3, 4)))
    channels = tuple(checkpoint.length(f"base_net.{name}.weight") for name in maps)
    units = (_units(checkpoint.tensors, 3), _units(checkpoint.tensors, 4))
    return ESPNetv2(checkpoint.outputs, channels, units)


def _units(tensors: Mapping[str, Tensor], level: int) -> int:
    pattern = re.compile(rf"base_net\.level{level}\.\d+\.module_act\.weight")
    return sum(bool(pattern.fullmatch(name)) for name in tensors)


MODEL = Model(
    name="espnetv2",
    title="ESPNetv2: A Light-weight, Power Efficient, and General Purpose Convolutional Neural "
    "Network (arXiv 1811.11431)",
    description="ESPNetv2",
    published="sacmehta/EdgeNets on GitHub (MIT)",
    build=ESPNetv2,
    build_for=_sized_as,
    keys=("base_net.level2_0.eesp.",),
    classifier="bu_dec_l4.merge_layer.3.weight",
    preprocessing=replace(IMAGENET, size=SIZES[0]),
    published_sizes=SIZES,
    spare_outputs=1,  # background
    smallest_batch=2,
    crop_multiple=16,
)
