"""EfficientViT: a network of convolutions with linear attention in its last two stages.

H. Cai, J. Li, M. Hu, C. Gan, S. Han: EfficientViT: Multi-Scale Linear Attention for High-Resolution
Dense Prediction. ICCV 2023, arXiv 2205.14756 (Figures 2 and 5, Section 3). The parameters have the
names of the authors' checkpoints (https://github.com/mit-han-lab/efficientvit, Apache-2.0).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import StageOutput
from .layers import initialise
from .model import Model

AGGREGATED = 5
"""Side of the window from which a second set of queries, keys and values is taken."""
EXPANSION = 4
"""Channels inside an inverted bottleneck, and before the classifier, relative to those outside."""
EPSILON = 1e-15


@dataclass(frozen=True)
class Sizes:
    """Sizes of a network."""

    widths: tuple[int, ...]
    """Channels of the stem and of the four stages."""
    depths: tuple[int, ...]
    """Blocks of the stem and of the stages, without those that downsample to the last two."""
    head_width: int
    head_depth: int
    """Channels and blocks of the decoder."""
    dim: int
    """Channels of a head of attention."""


VARIANTS: Mapping[str, Sizes] = {
    "b0": Sizes((8, 16, 32, 64, 128), (1, 2, 2, 2, 2), 32, 1, 16),
    "b1": Sizes((16, 32, 64, 128, 256), (1, 2, 3, 3, 4), 64, 3, 16),
    "b2": Sizes((24, 48, 96, 192, 384), (1, 3, 4, 4, 6), 96, 3, 32),
    "b3": Sizes((32, 64, 128, 256, 512), (1, 4, 6, 6, 9), 128, 3, 32),
}


class Convolution(nn.Sequential):
    """A convolution, batch norm, or else a bias, and hard swish, unless it is linear."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        norm: bool = True,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=not norm
        )
        if norm:
            self.norm = nn.BatchNorm2d(outputs)
        if not linear:
            self.act = nn.Hardswish(inplace=True)


class Separable(nn.Sequential):
    """A 3x3 convolution of each channel, then a linear 1x1 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depth_conv = Convolution(channels, channels, 3, groups=channels)
        self.point_conv = Convolution(channels, channels, linear=True)


class Bottleneck(nn.Sequential):
    """An inverted bottleneck: 1x1, 3x3 of each channel, linear 1x1 (MobileNetV2, 1801.04381)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, norm: bool = True) -> None:
        super().__init__()
        width = EXPANSION * inputs
        self.inverted_conv = Convolution(inputs, width, norm=norm)
        self.depth_conv = Convolution(width, width, 3, stride=stride, groups=width, norm=norm)
        self.point_conv = Convolution(width, outputs, linear=True)


class Main(nn.Module):
    """A module by the name `main`, without a connection around it."""

    def __init__(self, main: nn.Module) -> None:
        super().__init__()
        self.main = main

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x)


class Residual(Main):
    """A module that is added to its input (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return x + self.main(x)


class Attention(nn.Module):
    """Multi-scale linear attention (N, C, H, W) -> (N, C, H, W): Section 3.1.

    The similarity of queries and keys is the product of their ReLUs. Keys are multiplied with
    values first, at a cost that is linear in the number of pixels.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.dim = dim
        width = channels // dim * dim
        fused, heads = 3 * width, 3 * width // dim
        self.qkv = named(conv=nn.Conv2d(channels, fused, 1, bias=False))
        window = nn.Conv2d(fused, fused, AGGREGATED, padding="same", groups=fused, bias=False)
        aggregation = nn.Sequential(window, nn.Conv2d(fused, fused, 1, groups=heads, bias=False))
        self.aggreg = nn.ModuleList([aggregation])
        self.proj = Convolution(2 * width, channels, linear=True)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(x)  # (N, C, H, W) -> (N, 3 C, H, W)
        qkv = torch.cat([qkv, self.aggreg[0](qkv)], 1)  # (N, 6 C, H, W)
        with torch.autocast(x.device.type, enabled=False):
            attended = self.attend(qkv.float())  # (N, 2 C, H, W)
        return self.proj(attended.to(x.dtype))  # (N, C, H, W)

    def attend(self, qkv: Tensor) -> Tensor:
        """Take queries, keys and values (N, 6 C, H, W) to sums of values (N, 2 C, H, W).

        Sums over all pixels exceed the range and the precision of half floats.
        """
        heads = qkv.flatten(2).unflatten(1, (-1, 3 * self.dim))  # (N, h, 3 D, L)
        query, key, value = heads.split(self.dim, 2)  # (N, h, D, L) each
        query, key = F.relu(query), F.relu(key)
        products = value @ key.transpose(2, 3)  # (N, h, D, L) @ (N, h, L, D) -> (N, h, D, D)
        total = key.sum(3, keepdim=True).transpose(2, 3)  # (N, h, D, L) -> (N, h, 1, D)
        attended = products @ query / (total @ query + EPSILON)  # (N, h, D, L)
        return attended.flatten(1, 2).unflatten(2, qkv.shape[2:])  # (N, 2 C, H, W)


class Block(nn.Sequential):
    """Attention, then an inverted bottleneck, each added to its input."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.context_module = Residual(Attention(channels, dim))
        self.local_module = Residual(Bottleneck(channels, channels, norm=False))


def listed(*modules: nn.Module) -> nn.Sequential:
    """Return modules in a row, by the name `op_list`."""
    return named(op_list=nn.Sequential(*modules))


def named(**modules: nn.Module) -> nn.Sequential:
    """Return modules in a row, by the names given."""
    return nn.Sequential(OrderedDict(modules))


class Backbone(nn.Module):
    """Images (N, 3, H, W) to maps at 1/4, 1/8, 1/16 and 1/32, rounded up."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        first, *widths = sizes.widths
        stem = (Residual(Separable(first)) for _ in range(sizes.depths[0]))
        self.input_stem = listed(Convolution(3, first, 3, stride=2), *stem)
        stages, inputs = [], first
        for stage, (width, depth) in enumerate(zip(widths, sizes.depths[1:], strict=True)):
            attends = stage >= 2
            blocks: list[nn.Module] = [Main(Bottleneck(inputs, width, 2, norm=not attends))]
            if attends:
                blocks += (Block(width, sizes.dim) for _ in range(depth))
            else:
                blocks += (Residual(Bottleneck(width, width)) for _ in range(depth - 1))
            stages.append(listed(*blocks))
            inputs = width
        self.stages = nn.ModuleList(stages)

    def forward(self, image: Tensor) -> list[Tensor]:
        x = self.input_stem(image)  # (N, 3, H, W) -> (N, C, H/2, W/2)
        maps = []
        for stage in self.stages:
            x = stage(x)  # (N, C, h, w) -> (N, C', h/2, w/2)
            maps.append(x)
        return maps


class Head(nn.Module):
    """Maps at 1/8, 1/16 and 1/32, projected and summed at 1/8, to logits (N, classes, H/8, W/8)."""

    def __init__(self, sizes: Sizes, classes: int) -> None:
        super().__init__()
        width = sizes.head_width
        *deep, shallow = (Convolution(w, width, linear=True) for w in sizes.widths[:1:-1])
        self.input_ops = nn.ModuleList([*map(listed, deep), shallow])
        self.middle = listed(*(Residual(Bottleneck(width, width)) for _ in range(sizes.head_depth)))
        classifier = Convolution(EXPANSION * width, classes, norm=False, linear=True)
        self.output_ops = nn.ModuleList([listed(Convolution(width, EXPANSION * width), classifier)])

    def forward(self, maps: list[Tensor]) -> Tensor:
        size = maps[1].shape[2:]
        *deep, total = (op(x) for op, x in zip(self.input_ops, maps[:0:-1], strict=True))
        for x in deep:  # (N, D, h, w) each
            total = total + F.interpolate(x, size, mode="bicubic")  # (N, D, H/8, W/8)
        return self.output_ops[0](self.middle(total))  # (N, D, H/8, W/8) -> (N, K, H/8, W/8)


class EfficientViT(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, H/8, W/8), rounded up."""

    stage_outputs = tuple(StageOutput(f"backbone.stages.{stage}") for stage in range(4))

    def __init__(self, sizes: Sizes, classes: int) -> None:
        super().__init__()
        self.backbone = Backbone(sizes)
        self.head = Head(sizes, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.backbone(image.contiguous(memory_format=torch.channels_last))
        return self.head(maps)


def _has_sizes(tensors: Mapping[str, Tensor], sizes: Sizes) -> bool:
    stem = tensors.get("backbone.input_stem.op_list.0.conv.weight")
    width = 0 if stem is None or not stem.ndim else len(stem)
    depth = sum(".stages.3." in name and name.endswith("qkv.conv.weight") for name in tensors)
    return (width, depth) == (sizes.widths[0], sizes.depths[-1])


MODELS = tuple(
    Model(
        name=f"efficientvit-{name}",
        title="EfficientViT: Multi-Scale Linear Attention for High-Resolution Dense Prediction "
        "(arXiv 2205.14756)",
        description="EfficientViT",
        transformer=True,
        published="mit-han-lab/efficientvit (Apache-2.0)",
        build=partial(EfficientViT, sizes),
        keys=("backbone.input_stem.", "head.output_ops.0."),
        classifier="head.output_ops.0.op_list.1.conv.weight",
        has_sizes=partial(_has_sizes, sizes=sizes),
    )
    for name, sizes in VARIANTS.items()
)
