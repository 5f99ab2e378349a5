"""Vision Transformer: an encoder of one resolution, whose tokens are patches of 16x16 pixels.

A. Dosovitskiy et al.: An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale.
ICLR 2021, arXiv 2010.11929 (Figure 1, Equations 1 to 3, Table 1); small and tiny, as DeiT-S and
DeiT-Ti: H. Touvron et al., ICML 2021, arXiv 2012.12877 (Table 1). Written from the papers; the
parameters have mmsegmentation's names.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import InputError
from .checkpoint import Checkpoint
from .layers import FeedForward, to_map, to_tokens
from .openmmlab import network_settings

PATCH = 16
"""Side in pixels of the patches that tokens stand for."""
EPSILON = 1e-6
"""Epsilon of all layer norms."""
HEAD_WIDTH = 64
"""Channels of an attention head in all published Vision Transformers."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of an encoder; by default those of ViT-L/16 for images of 768x768."""

    width: int = 1024
    depth: int = 24
    heads: int = 16
    side: int = 48
    """Side, in patches, of the square images that the positions are learned for."""
    patch_bias: bool = True

    @property
    def levels(self) -> tuple[int, ...]:
        """Indices of the layers that end each quarter of the encoder."""
        return tuple(self.depth * quarter // 4 - 1 for quarter in (1, 2, 3, 4))


LARGE = Sizes()
SMALL = Sizes(width=384, depth=12, heads=6)
TINY = Sizes(width=192, depth=12, heads=3, side=24)


class SelfAttention(nn.Module):
    """Self-attention of tokens (N, L, C). Names are those of torch's MultiheadAttention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.trunc_normal_(self.in_proj_weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)  # (N, L, C) -> (N, L, 3 C)
        qkv = qkv.unflatten(2, (3, self.heads, -1))  # (N, L, 3, heads, C / heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (N, heads, L, C / heads) each
        x = F.scaled_dot_product_attention(q, k, v)  # (N, heads, L, C / heads)
        return self.out_proj(x.transpose(1, 2).flatten(2))  # (N, L, C)


class Layer(nn.Module):
    """Attention and a feed-forward network, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(width, EPSILON)
        attention = SelfAttention(width, heads)
        self.attn = nn.Sequential(OrderedDict(attn=attention))  # as the checkpoints nest it
        self.ln2 = nn.LayerNorm(width, EPSILON)
        self.ffn = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))  # (N, L, C)
        return x + self.ffn(self.ln2(x))


class VisionTransformer(nn.Module):
    """Images float32 (N, 3, H, W) to four maps (N, C, h, w), h and w being H / 16 and W / 16.

    Images are padded with zeros, the mean colour, to whole patches. Where the number of tokens is
    not that of the training, the learned positions are interpolated bilinearly, as in
    mmsegmentation. Without its class token, which the checkpoints have even so, only patches attend
    to each other.
    """

    def __init__(self, sizes: Sizes, *, class_token: bool) -> None:
        super().__init__()
        self.sizes, self.class_token = sizes, class_token
        patches = nn.Conv2d(3, sizes.width, PATCH, PATCH, bias=sizes.patch_bias)
        self.patch_embed = nn.Sequential(OrderedDict(projection=patches))
        self.cls_token = nn.Parameter(torch.empty(1, 1, sizes.width))
        self.pos_embed = nn.Parameter(torch.empty(1, sizes.side**2 + 1, sizes.width))
        for parameter in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.layers = nn.ModuleList(Layer(sizes.width, sizes.heads) for _ in range(sizes.depth))

    def forward(self, image: Tensor) -> list[Tensor]:
        height, width = image.shape[2:]
        image = F.pad(image, (0, -width % PATCH, 0, -height % PATCH))
        x = self.patch_embed(image)  # (N, 3, H, W) -> (N, C, h, w)
        size = (x.shape[2], x.shape[3])
        x = to_tokens(x) + self.positions(size)  # (N, L, C)
        if self.class_token:
            token = self.cls_token + self.pos_embed[:, :1]  # (1, 1, C)
            x = torch.cat([token.expand(len(x), -1, -1), x], 1)  # (N, 1 + L, C)
        maps = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.sizes.levels:
                patches = x[:, 1:] if self.class_token else x  # (N, L, C)
                maps.append(to_map(patches, size))  # (N, C, h, w)
        return maps

    def positions(self, size: tuple[int, int]) -> Tensor:
        """Return the positional encodings (1, L, C) of the patches of a map (h, w)."""
        learned, side = self.pos_embed[:, 1:], self.sizes.side
        if size[0] * size[1] == side**2:
            return learned
        grid = to_map(learned, (side, side))  # (1, side * side, C) -> (1, C, side, side)
        return to_tokens(F.interpolate(grid, size, mode="bilinear"))  # (1, L, C)


def sizes_of(checkpoint: Checkpoint) -> Sizes:
    """Return the sizes of the encoder in a checkpoint.

    The number of heads is in mmsegmentation's configuration; without one, heads are 64 wide. Raises
    InputError for a number that does not divide the width.
    """
    width = checkpoint.length("backbone.patch_embed.projection.weight")
    heads = network_settings(checkpoint).get("backbone.num_heads", max(width // HEAD_WIDTH, 1))
    if not isinstance(heads, int) or heads < 1 or width < 1 or width % heads:
        raise InputError(
            f"{checkpoint.path}: {width} channels in {heads!r:.20} heads of attention; give the "
            "weights of a Vision Transformer, whose heads are equally wide"
        )
    positions = checkpoint.tensors.get("backbone.pos_embed")  # (1, side * side + 1, C)
    tokens = 1 if positions is None else positions.numel() // width
    return Sizes(
        width=width,
        depth=depth_of(checkpoint.tensors),
        heads=heads,
        side=math.isqrt(max(tokens - 1, 1)),
        patch_bias="backbone.patch_embed.projection.bias" in checkpoint.tensors,
    )


def depth_of(tensors: Mapping[str, Tensor]) -> int:
    """Return the number of layers in tensors of mmsegmentation's names."""
    return len({name.split(".")[2] for name in tensors if name.startswith("backbone.layers.")})
