"""The Mix Transformer (MiT), SegFormer's encoder: a pyramid of four stages.

E. Xie, W. Wang, Z. Yu, A. Anandkumar, J. M. Alvarez, P. Luo: SegFormer, arXiv 2105.15203 (Figure 2,
Section 3.1, Table 6). Efficient self-attention: W. Wang et al., Pyramid Vision Transformer, ICCV
2021, arXiv 2102.12122. Written from the papers; the parameters have the names of the authors'
checkpoints.

Feature maps are tokens (N, L, C) with L = H * W, which is the memory of an (N, C, H, W) tensor in
the channels_last format: going to a convolution and back is a change of view, never a copy.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import to_map, to_tokens

REDUCTIONS = (8, 4, 2, 1)
"""Reduction R of each side of a stage's keys and values; their number falls by R^2."""

POSITIONS = ("backbone.position1.map", "backbone.pos_embed1")
"""Tensors of which encoders with learned positions have one."""


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of an encoder, one number for each of its four stages.

    The last two fields are the authors' choices, which other codebases make differently.
    """

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    _: KW_ONLY
    heads: tuple[int, int, int, int] = (1, 2, 5, 8)
    ratios: tuple[int, int, int, int] = (4, 4, 4, 4)
    """Hidden channels of the MLPs, relative to the widths."""
    positions: tuple[int, int] | None = None
    """Height and width in pixels of the images that learned positional encodings are for; with
    them the FFN has no convolution (Table 1c). None: Mix-FFN, which needs no encodings."""
    epsilon: float = 1e-6
    """Epsilon of the layer norms in blocks and at the end of stages."""
    inner_epsilon: float = 1e-5
    """Epsilon of the layer norms in patch embeddings and after sequence reduction."""


class PatchEmbed(nn.Module):
    """A strided convolution; patches that overlap their neighbours (Section 3.1) are padded."""

    def __init__(self, channels: int, width: int, patch: int, stride: int, epsilon: float) -> None:
        super().__init__()
        padding = patch // 2 if patch > stride else 0
        self.proj = nn.Conv2d(channels, width, patch, stride, padding)
        self.norm = nn.LayerNorm(width, epsilon)

    def forward(self, feature_map: Tensor) -> tuple[Tensor, tuple[int, int]]:
        x = self.proj(feature_map)  # (N, C, H, W) -> (N, D, H / stride, W / stride)
        size = (x.shape[2], x.shape[3])
        return self.norm(to_tokens(x)), size  # (N, L, D)


class EfficientSelfAttention(nn.Module):
    """Self-attention whose keys and values come from a map reduced by R per side (Equation 2)."""

    def __init__(self, width: int, heads: int, reduction: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        self.reduces = reduction > 1
        if self.reduces:
            self.sr = nn.Conv2d(width, width, reduction, reduction)
            self.norm = nn.LayerNorm(width, epsilon)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        source = x
        if self.reduces:
            source = self.norm(to_tokens(self.sr(to_map(x, size))))  # (N, L, C) -> (N, L / R^2, C)
        q = self.q(x).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (N, heads, L, C / heads)
        kv = self.kv(source).unflatten(2, (2, self.heads, -1))  # (N, L / R^2, 2, heads, C / heads)
        k, v = kv.permute(2, 0, 3, 1, 4).unbind(0)  # (N, heads, L / R^2, C / heads) each
        x = F.scaled_dot_product_attention(q, k, v)  # (N, heads, L, C / heads)
        return self.proj(x.transpose(1, 2).flatten(2))  # (N, L, C)


class MixFFN(nn.Module):
    """MLP, 3x3 depthwise convolution, GELU, MLP: no positional encoding is needed (Equation 3)."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        hidden = ratio * width
        self.fc1 = nn.Linear(width, hidden)
        convolution = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.dwconv = nn.Sequential(OrderedDict(dwconv=convolution))  # as the checkpoints nest it
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.fc1(x)  # (N, L, C) -> (N, L, ratio C)
        x = F.gelu(to_tokens(self.dwconv(to_map(x, size))))
        return self.fc2(x)  # (N, L, ratio C) -> (N, L, C)


class FFN(nn.Module):
    """MLP, GELU, MLP: each token on its own, as in the Vision Transformer (arXiv 2010.11929)."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, ratio * width)
        self.fc2 = nn.Linear(ratio * width, width)

    def forward(self, x: Tensor, _size: tuple[int, int]) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))  # (N, L, C) -> (N, L, ratio C) -> (N, L, C)


class PositionalEncoding(nn.Module):
    """A learned vector for each position, interpolated bilinearly to maps of other sizes."""

    def __init__(self, width: int, height: int, columns: int) -> None:
        super().__init__()
        self.map = nn.Parameter(torch.zeros(1, width, height, columns))

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        encodings: Tensor = self.map  # (1, C, h, w)
        if encodings.shape[2:] != size:
            encodings = F.interpolate(encodings, size, mode="bilinear")  # (1, C, H, W)
        return x + to_tokens(encodings)  # (N, L, C)


class Block(nn.Module):
    """Attention and a feed-forward network, each normalised before and added to its input."""

    def __init__(self, sizes: EncoderSizes, stage: int) -> None:
        super().__init__()
        width, heads, reduction = sizes.widths[stage], sizes.heads[stage], REDUCTIONS[stage]
        self.norm1 = nn.LayerNorm(width, sizes.epsilon)
        self.attn = EfficientSelfAttention(width, heads, reduction, sizes.inner_epsilon)
        self.norm2 = nn.LayerNorm(width, sizes.epsilon)
        feed_forward = MixFFN if sizes.positions is None else FFN
        self.mlp = feed_forward(width, sizes.ratios[stage])

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = x + self.attn(self.norm1(x), size)
        return x + self.mlp(self.norm2(x), size)


class Stage(nn.Module):
    """Embed overlapping patches, apply the transformer blocks, normalise (Figure 2)."""

    def __init__(self, sizes: EncoderSizes, stage: int) -> None:
        super().__init__()
        channels, width = (3, *sizes.widths)[stage], sizes.widths[stage]
        patch, stride = (7, 4) if stage == 0 else (3, 2)
        self.patch_embed = PatchEmbed(channels, width, patch, stride, sizes.inner_epsilon)
        self.block = nn.ModuleList(Block(sizes, stage) for _ in range(sizes.depths[stage]))
        self.norm = nn.LayerNorm(width, sizes.epsilon)
        self.position: PositionalEncoding | None = None
        if sizes.positions is not None:
            height, columns = (side // 2 ** (stage + 2) for side in sizes.positions)
            self.position = PositionalEncoding(width, height, columns)

    def forward(self, feature_map: Tensor) -> Tensor:
        x, size = self.patch_embed(feature_map)  # (N, C, H, W) -> (N, L, D)
        if self.position is not None:
            x = self.position(x, size)
        for block in self.block:
            x = block(x, size)
        return to_map(self.norm(x), size)  # (N, L, D) -> (N, D, H / stride, W / stride)


class MixTransformer(nn.Module):
    """The encoder: maps at 1/4, 1/8, 1/16 and 1/32 of the image's height and width."""

    def __init__(self, sizes: EncoderSizes) -> None:
        super().__init__()
        self.stages = tuple(Stage(sizes, stage) for stage in range(4))
        # The checkpoints number the modules of a stage ("block1") instead of nesting them. A tuple
        # registers no modules, so these are their only names.
        for number, stage in enumerate(self.stages, start=1):
            for name, module in stage.named_children():
                self.add_module(f"{name}{number}", module)

    def forward(self, image: Tensor) -> list[Tensor]:
        x = image.contiguous(memory_format=torch.channels_last)
        maps = []
        for stage in self.stages:
            x = stage(x)  # (N, 3, H, W) -> (N, C1, H / 4, W / 4) -> ... -> (N, C4, H / 32, W / 32)
            maps.append(x)
        return maps


def has_sizes(tensors: Mapping[str, Tensor], sizes: EncoderSizes) -> bool:
    """Whether an encoder has these sizes."""
    keys = " ".join(tensors)
    depths = tuple(len(set(re.findall(rf"block{i}\.(\d+)\.", keys))) for i in range(1, 5))
    norms = [tensors.get(f"backbone.patch_embed{i}.norm.weight") for i in range(1, 5)]
    widths = tuple(0 if norm is None else norm.numel() for norm in norms)
    hidden = tensors.get("backbone.block1.0.mlp.fc1.bias")
    ratio = 0 if hidden is None else hidden.numel() / sizes.widths[0]
    with_positions = any(name in tensors for name in POSITIONS)
    expected = (sizes.depths, sizes.widths, sizes.ratios[0], sizes.positions is not None)
    return (depths, widths, ratio, with_positions) == expected
