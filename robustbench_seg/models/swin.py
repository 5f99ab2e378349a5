"""Swin Transformer: an encoder of four stages whose attention is inside of shifted windows.

Z. Liu, Y. Lin, Y. Cao, H. Hu, Y. Wei, Z. Zhang, S. Lin, B. Guo: Swin Transformer: Hierarchical
Vision Transformer using Shifted Windows. ICCV 2021, arXiv 2103.14030 (Figure 3, Section 3, Equation
4, Table 7). Written from the paper; the parameters have mmsegmentation's names.

Feature maps are (N, H, W, C). The four pixels that patch merging joins are in mmsegmentation's
order: channel c of the pixel (row, column) is 4 c + 2 row + column. In the authors' checkpoints it
is (2 column + row) C + c.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import InputError
from .checkpoint import Checkpoint
from .layers import FeedForward

PATCH = 4
"""Side in pixels of the patches that enter the first stage."""
BLOCKED = -100.0
"""Addition to the attention between regions of a window that the shift has joined."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of an encoder, by default of Swin-T (Table 7)."""

    width: int = 96
    """Channels of the first stage; each later stage has twice those of the one before."""
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    """Side of the windows, in tokens."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width * 2**stage for stage in range(4))


TINY = Sizes()
SMALL = Sizes(depths=(2, 2, 18, 2))
BASE = Sizes(width=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32))
LARGE = Sizes(width=192, depths=(2, 2, 18, 2), heads=(6, 12, 24, 48))


class WindowAttention(nn.Module):
    """Self-attention of the tokens of windows (B, L, C), with a bias for each relative position."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.relative_position_bias_table = nn.Parameter(torch.empty((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1))  # (B, L, C) -> (B, L, 3, heads, d)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, L, d) each
        bias = self.bias()[None]  # (1, heads, L, L)
        if mask is not None:
            bias = bias + mask[:, None]  # (windows, heads, L, L)
            bias = bias.repeat(len(x) // len(mask), 1, 1, 1)  # (B, heads, L, L)
        x = F.scaled_dot_product_attention(q, k, v, bias)  # (B, heads, L, d)
        return self.proj(x.transpose(1, 2).flatten(2))  # (B, L, C)

    def bias(self) -> Tensor:
        """Return the bias of each pair of tokens in a window (Equation 4), (heads, L, L)."""
        table = self.relative_position_bias_table
        steps = torch.arange(self.window, device=table.device)
        difference = steps[:, None] - steps + self.window - 1  # (w, w), from 0 on
        rows = difference[:, None, :, None] * (2 * self.window - 1)
        index = rows + difference[None, :, None, :]  # (w, w, w, w): row, column, row, column
        length = self.window**2
        return table[index.reshape(length, length)].permute(
            2, 0, 1
        )  # (L, L, heads) -> (heads, ...)


class ShiftedWindows(nn.Module):
    """Attention inside the windows of a map (N, H, W, C), shifted by half a window or not.

    The map is padded with zeros to whole windows. A shift is cyclic: what it joins from opposite
    sides does not attend to each other (Figure 4).
    """

    def __init__(self, width: int, heads: int, window: int, *, shifted: bool) -> None:
        super().__init__()
        self.window, self.shift = window, window // 2 if shifted else 0
        self.w_msa = WindowAttention(width, heads, window)

    def forward(self, x: Tensor) -> Tensor:
        (height, width), side, shift = x.shape[1:3], self.window, self.shift
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        padded = x.shape
        if shift:
            x = x.roll((-shift, -shift), (1, 2))
        grid = x.unflatten(2, (-1, side)).unflatten(1, (-1, side))  # (N, H / w, w, W / w, w, C)
        windows = grid.transpose(2, 3).flatten(3, 4).flatten(0, 2)  # (N * windows, w * w, C)
        mask = self.mask(padded[1], padded[2], x.device) if shift else None
        windows = self.w_msa(windows, mask)
        shape = (len(x), padded[1] // side, padded[2] // side, side, side, -1)
        x = windows.reshape(shape).transpose(2, 3).reshape(padded)  # -> (N, H, W, C)
        if shift:
            x = x.roll((shift, shift), (1, 2))
        return x[:, :height, :width]

    def mask(self, height: int, width: int, device: torch.device) -> Tensor:
        """Return what is added to the attention in each window of a padded map, (windows, L, L)."""
        side = self.window

        def regions(length: int) -> Tensor:
            place = torch.arange(length, device=device)
            cut = (place >= length - side).int() + (place >= length - self.shift).int()
            return cut.unflatten(0, (-1, side))  # (length / w, w)

        grid = 3 * regions(height)[:, None, :, None] + regions(width)[None, :, None, :]
        windows = grid.flatten(2).flatten(0, 1)  # (H / w, W / w, w, w) -> (windows, L)
        apart = windows[:, :, None] != windows[:, None]  # (windows, L, L)
        return apart.float() * BLOCKED


class Block(nn.Module):
    """Attention in windows and a feed-forward network, each normalised before and added."""

    def __init__(self, width: int, heads: int, window: int, *, shifted: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = ShiftedWindows(width, heads, window, shifted=shifted)
        self.norm2 = nn.LayerNorm(width)
        self.ffn = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))  # (N, H, W, C)
        return x + self.ffn(self.norm2(x))


class PatchMerging(nn.Module):
    """Join each 2x2 pixels: (N, H, W, C) -> (N, H / 2, W / 2, 2 C), padded with zeros."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        joined = F.pixel_unshuffle(x.permute(0, 3, 1, 2), 2)  # (N, 4 C, H / 2, W / 2)
        return self.reduction(self.norm(joined.permute(0, 2, 3, 1)))  # (N, H / 2, W / 2, 2 C)


class Stage(nn.Module):
    """Blocks, every other one shifted, and the merging of patches for the next stage."""

    def __init__(self, sizes: Sizes, stage: int) -> None:
        super().__init__()
        width, heads = sizes.widths[stage], sizes.heads[stage]
        self.blocks = nn.Sequential(
            *(
                Block(width, heads, sizes.window, shifted=index % 2 == 1)
                for index in range(sizes.depths[stage])
            )
        )
        self.downsample: nn.Module = PatchMerging(width) if stage < 3 else nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(x)  # (N, H, W, C)
        return x, self.downsample(x)  # (N, H, W, C), (N, H / 2, W / 2, 2 C)


class SwinTransformer(nn.Module):
    """Images float32 (N, 3, H, W) to maps (N, C, h, w) at 1/4, 1/8, 1/16 and 1/32, rounded up."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        projection, norm = nn.Conv2d(3, sizes.width, PATCH, PATCH), nn.LayerNorm(sizes.width)
        self.patch_embed = nn.ModuleDict(OrderedDict(projection=projection, norm=norm))
        self.stages = nn.ModuleList(Stage(sizes, stage) for stage in range(4))
        self.norm0, self.norm1, self.norm2, self.norm3 = map(nn.LayerNorm, sizes.widths)

    def forward(self, image: Tensor) -> list[Tensor]:
        height, width = image.shape[2:]
        image = F.pad(image, (0, -width % PATCH, 0, -height % PATCH))
        x = self.patch_embed["projection"](image).permute(0, 2, 3, 1)  # -> (N, H / 4, W / 4, C)
        x = self.patch_embed["norm"](x)
        maps = []
        for stage, norm in zip(
            self.stages, (self.norm0, self.norm1, self.norm2, self.norm3), strict=True
        ):
            output, x = stage(x)
            maps.append(norm(output).permute(0, 3, 1, 2))  # (N, h, w, C) -> (N, C, h, w)
        return maps


def sizes_of(checkpoint: Checkpoint) -> Sizes:
    """Return the sizes of the encoder in a checkpoint.

    Raises InputError for a width that is not a multiple of the number of heads.
    """
    width = checkpoint.length("backbone.patch_embed.projection.weight")
    heads, positions = [], 0
    for stage in range(4):
        block = f"backbone.stages.{stage}.blocks.0.attn.w_msa"
        positions = checkpoint.length(f"{block}.relative_position_bias_table")  # (2 w - 1)^2
        table = checkpoint.tensors[f"{block}.relative_position_bias_table"]
        heads.append(table.numel() // max(positions, 1))
        if not heads[-1] or width < 1 or width * 2**stage % heads[-1]:
            raise InputError(
                f"{checkpoint.path}: {width * 2**stage} channels in {heads[-1]} heads of "
                "attention; give the weights of a Swin Transformer, whose heads are equally wide"
            )
    window = (math.isqrt(positions) + 1) // 2
    return Sizes(width, depths_of(checkpoint.tensors), tuple(heads), window)


def depths_of(tensors: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Return the number of blocks in each stage of tensors with mmsegmentation's names."""
    keys = " ".join(tensors)
    blocks = (set(re.findall(rf"\bbackbone\.stages\.{i}\.blocks\.(\d+)\.", keys)) for i in range(4))
    return tuple(map(len, blocks))
