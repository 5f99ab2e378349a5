"""SegFormer: a hierarchical transformer encoder (MiT) and a decoder of linear layers only.

E. Xie, W. Wang, Z. Yu, A. Anandkumar, J. M. Alvarez, P. Luo: SegFormer: Simple and Efficient Design
for Semantic Segmentation with Transformers. NeurIPS 2021, arXiv 2105.15203 (Figure 2, Sections 3.1
and 3.2, Table 6). Efficient self-attention: W. Wang et al., Pyramid Vision Transformer, ICCV 2021,
arXiv 2102.12122. Written from the papers; the parameters have the names of the published
checkpoints.

Feature maps are tokens (N, L, C) with L = H * W, which is the memory of an (N, C, H, W) tensor in
the channels_last format: going to a convolution and back is a change of view, never a copy.
"""

# ruff: noqa: D102 - each class says what its `forward` does.

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import StageOutput
from .layers import initialise, to_map, to_tokens
from .segformer_decoders import AllMLPDecoder, RectifiedDecoder


@dataclass(frozen=True)
class Variant:
    """What differs between B0 and B5, one number for each of the four stages, and b0-pe."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    decoder_width: int
    heads: tuple[int, int, int, int] = (1, 2, 5, 8)
    positions: tuple[int, int] | None = None
    """Height and width in pixels of the images that learned positional encodings are for; with
    them the FFN has no convolution (Table 1c). None: Mix-FFN, which needs no encodings."""


VARIANTS = {
    "b0": Variant((32, 64, 160, 256), (2, 2, 2, 2), 256),
    "b0-pe": Variant((32, 64, 160, 256), (2, 2, 2, 2), 256, positions=(256, 512)),
    "b1": Variant((64, 128, 320, 512), (2, 2, 2, 2), 256),
    "b2": Variant((64, 128, 320, 512), (3, 4, 6, 3), 768),
    "b3": Variant((64, 128, 320, 512), (3, 4, 18, 3), 768),
    "b4": Variant((64, 128, 320, 512), (3, 8, 27, 3), 768),
    "b5": Variant((64, 128, 320, 512), (3, 6, 40, 3), 768),
}
REDUCTIONS = (8, 4, 2, 1)
"""By how much each side of a stage's keys and values is reduced; the length, by its square."""


class OverlapPatchEmbed(nn.Module):
    """A strided convolution whose patches overlap their neighbours (Section 3.1)."""

    def __init__(self, channels: int, width: int, patch: int, stride: int, epsilon: float) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride, padding=patch // 2)
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
        return cast(Tensor, self.proj(x.transpose(1, 2).flatten(2)))  # (N, L, C)


class MixFFN(nn.Module):
    """MLP, 3x3 depthwise convolution, GELU, MLP: no positional encoding is needed (Equation 3)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = 4 * width
        self.fc1 = nn.Linear(width, hidden)
        convolution = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.dwconv = nn.Sequential(OrderedDict(dwconv=convolution))  # as the checkpoints nest it
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.fc1(x)  # (N, L, C) -> (N, L, 4 C)
        x = F.gelu(to_tokens(self.dwconv(to_map(x, size))))
        return cast(Tensor, self.fc2(x))  # (N, L, 4 C) -> (N, L, C)


class FFN(nn.Module):
    """MLP, GELU, MLP: each token on its own, as in the Vision Transformer (arXiv 2010.11929)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, _size: tuple[int, int]) -> Tensor:
        return cast(Tensor, self.fc2(F.gelu(self.fc1(x))))  # (N, L, C) -> (N, L, 4 C) -> (N, L, C)


class PositionalEncoding(nn.Module):
    """A learned vector for each place, interpolated bilinearly where there are more or fewer."""

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

    def __init__(
        self,
        width: int,
        heads: int,
        reduction: int,
        drop_path: float,
        codebase: Codebase,
        ffn: type[MixFFN | FFN],
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, codebase.epsilon)
        self.attn = EfficientSelfAttention(width, heads, reduction, codebase.inner_epsilon)
        self.norm2 = nn.LayerNorm(width, codebase.epsilon)
        self.mlp = ffn(width)
        self.drop_path = drop_path

    def skip(self, branch: Tensor) -> Tensor:
        """Stochastic depth (arXiv 1603.09382): in training, leave the branch out of some images."""
        if not self.training or self.drop_path == 0:
            return branch
        keep = 1 - self.drop_path
        mask = branch.new_empty(len(branch), 1, 1).bernoulli_(keep)
        return branch * (mask / keep)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = x + self.skip(self.attn(self.norm1(x), size))
        return x + self.skip(self.mlp(self.norm2(x), size))


class MixTransformer(nn.Module):
    """The encoder: maps at 1/4, 1/8, 1/16 and 1/32 of the image's height and width."""

    def __init__(self, variant: Variant, drop_path: float, codebase: Codebase) -> None:
        super().__init__()
        rates = torch.linspace(0, drop_path, sum(variant.depths), device="cpu").tolist()
        ffn = MixFFN if variant.positions is None else FFN
        channels = 3
        for stage in range(4):
            width, heads = variant.widths[stage], variant.heads[stage]
            patch, stride = (7, 4) if stage == 0 else (3, 2)
            blocks = [
                Block(width, heads, REDUCTIONS[stage], rates.pop(0), codebase, ffn)
                for _ in range(variant.depths[stage])
            ]
            embed = OverlapPatchEmbed(channels, width, patch, stride, codebase.inner_epsilon)
            self.add_module(f"patch_embed{stage + 1}", embed)
            self.add_module(f"block{stage + 1}", nn.ModuleList(blocks))
            self.add_module(f"norm{stage + 1}", nn.LayerNorm(width, codebase.epsilon))
            if variant.positions is not None:
                height, columns = (side // 2 ** (stage + 2) for side in variant.positions)
                self.add_module(f"position{stage + 1}", PositionalEncoding(width, height, columns))
            channels = width

    def forward(self, image: Tensor) -> list[Tensor]:
        x, maps = image.contiguous(memory_format=torch.channels_last), []
        for stage in "1234":
            x, size = self.get_submodule(f"patch_embed{stage}")(x)  # (N, C, H, W) -> (N, L, C)
            if hasattr(self, f"position{stage}"):
                x = self.get_submodule(f"position{stage}")(x, size)  # (N, L, C)
            for block in cast(nn.ModuleList, self.get_submodule(f"block{stage}")):
                x = block(x, size)
            x = to_map(self.get_submodule(f"norm{stage}")(x), size)  # (N, L, C) -> (N, C, H, W)
            maps.append(x)
        return maps


@dataclass(frozen=True)
class Codebase:
    """What a codebase does in a way of its own that the tensors of its files do not tell."""

    epsilon: float
    """Of the layer norms in blocks and at the end of stages."""
    inner_epsilon: float
    """Of those in patch embeddings and after sequence reduction."""
    decoder: type[AllMLPDecoder | RectifiedDecoder] = AllMLPDecoder


OFFICIAL = Codebase(epsilon=1e-6, inner_epsilon=1e-5)
# transformers leaves every layer norm at torch's default, whatever config.json says.
TRANSFORMERS = Codebase(epsilon=1e-5, inner_epsilon=1e-5)
MMSEGMENTATION = Codebase(epsilon=1e-6, inner_epsilon=1e-6, decoder=RectifiedDecoder)


class SegFormer(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, ceil(H / 4), ceil(W / 4))."""

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(
        self, variant: Variant, classes: int, drop_path: float, dropout: float, codebase: Codebase
    ) -> None:
        super().__init__()
        self.backbone = MixTransformer(variant, drop_path, codebase)
        self.decode_head = codebase.decoder(variant.widths, variant.decoder_width, classes, dropout)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        return cast(Tensor, self.decode_head(self.backbone(image)))


def segformer(
    variant: str,
    classes: int,
    *,
    drop_path: float = 0.0,
    dropout: float = 0.1,
    codebase: Codebase = OFFICIAL,
    decoder_width: int | None = None,
) -> SegFormer:
    """Build SegFormer "b0" to "b5", or "b0-pe", for a number of classes, with new weights.

    drop_path (rising linearly to it over the blocks; 0.1 in the paper's long trainings) and dropout
    act in training only. decoder_width is the paper's by default; mmsegmentation has 256 in all.
    """
    sizes = VARIANTS[variant]
    if decoder_width is not None:
        sizes = replace(sizes, decoder_width=decoder_width)
    return SegFormer(sizes, classes, drop_path, dropout, codebase)
