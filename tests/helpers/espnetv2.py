"""ESPNetv2 as a user brings it: the published network of a scale, with nothing declared.

S. Mehta, M. Rastegari, L. Shapiro, H. Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and
General Purpose Convolutional Neural Network. CVPR 2019, arXiv 1811.11431. The parameters have the
names of the authors' checkpoints (https://github.com/sacmehta/EdgeNets).
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Unit(nn.Sequential):
    """A convolution, batch norm and, if wanted, a rectifier."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, act: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs)
        if act:
            self.act = nn.PReLU(outputs)


class Depthwise(nn.Sequential):
    """A dilated depth-wise 3x3 convolution."""

    def __init__(self, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            *(channels, channels, 3, stride, dilation, dilation), groups=channels, bias=False
        )


class Rectifier(nn.Sequential):
    """Batch norm, then a rectifier."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.act = nn.PReLU(channels)


class Pyramid(nn.Module):
    """EESP: reduce, split into four dilated convolutions, sum them up, merge (Figure 1)."""

    def __init__(self, inputs: int, outputs: int, stride: int, field: int) -> None:
        super().__init__()
        width = outputs // 4
        # Kernels of 3 to 9 pixels, in the receptive field that is allowed at the level.
        dilations = sorted(size // 2 if size <= field else 1 for size in (3, 5, 7, 9))
        self.proj_1x1 = Unit(inputs, width, 1, groups=4)
        self.spp_dw = nn.ModuleList(Depthwise(width, stride, each) for each in dilations)
        self.conv_1x1_exp = Unit(outputs, outputs, 1, groups=4, act=0)
        self.br_after_cat = Rectifier(outputs)
        self.module_act = nn.PReLU(outputs)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        reduced, parts = self.proj_1x1(x), list[Tensor]()
        for branch in self.spp_dw:
            parts.append(branch(reduced) + (parts[-1] if parts else 0))
        merged: Tensor = self.conv_1x1_exp(self.br_after_cat(torch.cat(parts, 1)))
        if self.stride == 1:
            merged = self.module_act(merged + x)
        return merged


class Downsampler(nn.Module):
    """A strided pyramid beside a mean pooling, and the image itself, pooled to the same size."""

    def __init__(self, inputs: int, outputs: int, field: int) -> None:
        super().__init__()
        self.eesp = Pyramid(inputs, outputs - inputs, 2, field)
        self.inp_reinf = nn.Sequential(Unit(3, 3, 3), Unit(3, outputs, 1, act=0))
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H/2, W/2)."""
        pooled = F.avg_pool2d(x, 3, 2, 1)
        while image.shape[2] > pooled.shape[2]:
            image = F.avg_pool2d(image, 3, 2, 1)
        joined: Tensor = self.act(torch.cat([pooled, self.eesp(x)], 1) + self.inp_reinf(image))
        return joined


class Cbr(nn.Sequential):
    """A convolution, batch norm and a rectifier, by other names."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.PReLU(outputs),
        )


class Br(nn.Sequential):
    """Batch norm and a rectifier, by other names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.br = nn.Sequential(nn.BatchNorm2d(channels), nn.PReLU(channels))


class PyramidPool(nn.Module):
    """Depth-wise convolutions at five scales, shuffled and merged."""

    scales = (2.0, 1.5, 1.0, 0.5, 0.1)

    def __init__(self, inputs: int, width: int, outputs: int, last: bool = False) -> None:
        super().__init__()
        self.projection_layer = Cbr(inputs, width, 1)
        self.stages = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False) for _ in self.scales
        )
        self.merge_layer = nn.Sequential(
            Br(5 * width),
            nn.ChannelShuffle(5),
            Cbr(5 * width, width, 3, groups=width),
            nn.Conv2d(width, outputs, 1, bias=last),
        )
        self.br = nn.Identity() if last else Br(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H, W)."""
        x = self.projection_layer(x)
        size = x.shape[2], x.shape[3]
        parts = []
        for scale, stage in zip(self.scales, self.stages, strict=True):
            height, width = (max(math.ceil(side * scale), 5) for side in size)
            scaled = height, width
            if scale < 1:
                y = stage(F.adaptive_avg_pool2d(x, scaled))
                parts.append(F.interpolate(y, size, mode="bilinear", align_corners=True))
            elif scale > 1:
                y = stage(F.interpolate(x, scaled, mode="bilinear", align_corners=True))
                parts.append(F.adaptive_avg_pool2d(y, size))
            else:
                parts.append(stage(x))
        merged: Tensor = self.br(self.merge_layer(torch.cat(parts, 1)))
        return merged


class Projection(nn.Module):
    """Features of the encoder, weighted by their means over the image."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wt_layer = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1, bias=False), nn.Sigmoid()
        )
        self.expansion_layer = Cbr(inputs, outputs, 3, groups=math.gcd(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H, W)."""
        weighted: Tensor = self.expansion_layer(x) * self.wt_layer(x)
        return weighted


class Encoder(nn.Module):
    """Features at 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self, a: int, b: int, c: int, d: int) -> None:
        super().__init__()
        self.level1 = Unit(3, a, 3, 2)
        self.level2_0 = Downsampler(a, b, 13)
        self.level3_0 = Downsampler(b, c, 11)
        self.level3 = nn.Sequential(*(Pyramid(c, c, 1, 9) for _ in range(3)))
        self.level4_0 = Downsampler(c, d, 9)
        self.level4 = nn.Sequential(*(Pyramid(d, d, 1, 7) for _ in range(7)))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Take (N, 3, H, W) to (N, a, H/2, W/2), ..., (N, d, H/16, W/16)."""
        first = self.level1(image)
        second = self.level2_0(first, image)
        third = self.level3(self.level3_0(second, image))
        return first, second, third, self.level4(self.level4_0(third, image))


class ESPNetv2(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, outputs, H, W); s = 2.0."""

    def __init__(self, outputs: int = 20, channels: tuple[int, ...] = (32, 128, 256, 512)) -> None:
        super().__init__()
        a, b, c, d = channels
        self.base_net = Encoder(a, b, c, d)
        width = min(outputs // 2, 16)
        self.bu_dec_l1 = PyramidPool(d, width, 64)
        self.bu_dec_l2 = PyramidPool(64, width, 48)
        self.bu_dec_l3 = PyramidPool(48, width, 32)
        self.bu_dec_l4 = PyramidPool(32, width, outputs, last=True)
        self.merge_enc_dec_l2 = Projection(c, 64)
        self.merge_enc_dec_l3 = Projection(b, 48)
        self.merge_enc_dec_l4 = Projection(a, 32)
        self.bu_br_l2, self.bu_br_l3, self.bu_br_l4 = (
            nn.Sequential(nn.BatchNorm2d(width), nn.PReLU(width)) for width in (64, 48, 32)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Take images (N, 3, H, W) to logits (N, outputs, H, W)."""
        first, second, third, fourth = self.base_net(image)
        x = self.bu_dec_l1(fourth)  # (N, 64, H/16, W/16)
        x = self.bu_dec_l2(self.bu_br_l2(self.merge_enc_dec_l2(third) + doubled(x)))
        x = self.bu_dec_l3(self.bu_br_l3(self.merge_enc_dec_l3(second) + doubled(x)))
        x = self.bu_dec_l4(self.bu_br_l4(self.merge_enc_dec_l4(first) + doubled(x)))
        return F.interpolate(x, image.shape[2:], mode="bilinear", align_corners=True)


def doubled(x: Tensor) -> Tensor:
    """Upsample (N, C, h, w) to (N, C, 2 h, 2 w)."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def espnetv2(weights: Path) -> ESPNetv2:
    """Load the authors' weights, whose last of 20 outputs is background."""
    network = ESPNetv2()
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network
