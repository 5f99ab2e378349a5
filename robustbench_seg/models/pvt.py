"""PVT: the Pyramid Vision Transformer, with Semantic FPN.

W. Wang et al.: Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without
Convolutions. ICCV 2021, arXiv 2102.12122 (Figure 3, Section 3, Table 1). Written from the paper;
the parameters have the names of the authors' checkpoints. Its attention is that of SegFormer; its
patches do not overlap, and it learns the positions of the tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checkpoint import Checkpoint
from .layers import to_map, to_tokens
from .mix_transformer import Block, EncoderSizes, PatchEmbed, has_sizes
from .model import Model
from .openmmlab import check_settings
from .semantic_fpn import LATERAL, PYRAMID_WIDTH, SemanticFPN

DEPTHS: Mapping[str, tuple[int, int, int, int]] = {
    "tiny": (2, 2, 2, 2),
    "small": (3, 4, 6, 3),
    "medium": (3, 4, 18, 3),
    "large": (3, 8, 27, 3),
}
VARIANTS: Mapping[str, EncoderSizes] = {
    f"pvt-{size}": EncoderSizes(
        (64, 128, 320, 512), depths, ratios=(8, 8, 4, 4), positions=(224, 224)
    )
    for size, depths in DEPTHS.items()
}
"""Table 1, for images of 224x224."""
MULTIPLE = 32
"""Sides of images of whole patches are a multiple of it."""


class Stage(nn.Module):
    """Embed patches, add their positions, apply the transformer blocks (Figure 3)."""

    def __init__(self, sizes: EncoderSizes, stage: int) -> None:
        super().__init__()
        channels, width = (3, *sizes.widths)[stage], sizes.widths[stage]
        patch = 4 if stage == 0 else 2
        self.patch_embed = PatchEmbed(channels, width, patch, patch, sizes.inner_epsilon)
        self.block = nn.ModuleList(Block(sizes, stage) for _ in range(sizes.depths[stage]))

    def forward(self, feature_map: Tensor, positions: Tensor) -> Tensor:
        x, size = self.patch_embed(feature_map)  # (N, C, H, W) -> (N, L, D)
        x = x + interpolated(positions, size)
        for block in self.block:
            x = block(x, size)
        return to_map(x, size)  # (N, L, D) -> (N, D, H / patch, W / patch)


class PyramidTransformer(nn.Module):
    """The encoder: maps at 1/4, 1/8, 1/16 and 1/32 of the image's height and width.

    Images are padded with zeros, the mean colour, to whole patches. The last stage has a position
    for a class token, which segmentation leaves out.
    """

    def __init__(self, sizes: EncoderSizes) -> None:
        super().__init__()
        self.stages = tuple(Stage(sizes, stage) for stage in range(4))
        assert sizes.positions is not None
        for number, stage in enumerate(self.stages, start=1):  # named as in `MixTransformer`
            for name, module in stage.named_children():
                self.add_module(f"{name}{number}", module)
            tokens = math.prod(side // 2 ** (number + 1) for side in sizes.positions)
            learned = torch.empty(1, tokens + (number == 4), sizes.widths[number - 1])
            parameter = nn.Parameter(nn.init.trunc_normal_(learned, std=0.02))
            self.register_parameter(f"pos_embed{number}", parameter)

    def forward(self, image: Tensor) -> list[Tensor]:
        height, width = image.shape[2:]
        x = F.pad(image, (0, -width % MULTIPLE, 0, -height % MULTIPLE))
        x = x.contiguous(memory_format=torch.channels_last)
        maps = []
        for number, stage in enumerate(self.stages, start=1):
            learned: Tensor = getattr(self, f"pos_embed{number}")
            x = stage(x, learned[:, 1:] if number == 4 else learned)
            maps.append(x)
        return maps


def interpolated(positions: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate the positions (1, side * side, C) of a square map to (1, L, C) of another."""
    side = math.isqrt(positions.shape[1])
    if size == (side, side):
        return positions
    grid = to_map(positions, (side, side))  # (1, side * side, C) -> (1, C, side, side)
    return to_tokens(F.interpolate(grid, size, mode="bilinear"))  # (1, L, C)


def pvt(sizes: EncoderSizes, classes: int, width: int = PYRAMID_WIDTH) -> SemanticFPN:
    """Build PVT for a number of classes, with new weights; width is that of the pyramid."""
    return SemanticFPN(PyramidTransformer(sizes), sizes.widths, classes, width)


def _sized_as(checkpoint: Checkpoint, sizes: EncoderSizes) -> SemanticFPN:
    check_settings(checkpoint, {"decode_head.align_corners": False})
    return pvt(sizes, checkpoint.outputs, checkpoint.length(LATERAL))


MODELS = tuple(
    Model(
        name=name,
        title="Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without "
        "Convolutions (arXiv 2102.12122)",
        description="PVT with Semantic FPN",
        transformer=True,
        published="whai362/PVT (Apache-2.0)",
        build=partial(pvt, sizes),
        build_for=partial(_sized_as, sizes=sizes),
        keys=("backbone.patch_embed1.proj.weight", "backbone.pos_embed1", LATERAL),
        classifier="decode_head.conv_seg.weight",
        unused=r"backbone\.(cls_token|norm\.\w+)",  # of encoders that classify whole images
        has_sizes=partial(has_sizes, sizes=sizes),
    )
    for name, sizes in VARIANTS.items()
)
