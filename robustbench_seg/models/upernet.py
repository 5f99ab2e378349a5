"""UPerNet on Swin Transformers: pyramid pooling, and a top-down path through four maps.

T. Xiao, Y. Liu, B. Zhou, Y. Jiang, J. Sun: Unified Perceptual Parsing for Scene Understanding. ECCV
2018, arXiv 1807.10221 (Figure 4, Section 3.1), with one head of pixel classes, as it is used in the
paper of Swin, arXiv 2103.14030 (Section 4.3). Written from the papers; the parameters have
mmsegmentation's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from .base import StageOutput
from .checkpoint import Checkpoint
from .layers import Convolution, initialise, upsample
from .model import MODEL_ZOO, Model
from .openmmlab import check_settings
from .pspnet import SCALES, PyramidPooling
from .swin import BASE, LARGE, SMALL, TINY, Sizes, SwinTransformer, depths_of, sizes_of

WIDTH = 512
"""Channels of the head in mmsegmentation and in the paper of Swin."""


class UPerHead(nn.Module):
    """Four maps (N, C, h, w) to logits (N, classes, H / 4, W / 4)."""

    def __init__(self, widths: Sequence[int], width: int, classes: int) -> None:
        super().__init__()
        *others, deep = widths
        self.psp_modules = PyramidPooling(deep, width)
        self.bottleneck = Convolution(deep + len(SCALES) * width, width, 3)
        self.lateral_convs = nn.ModuleList(Convolution(each, width, 1) for each in others)
        self.fpn_convs = nn.ModuleList(Convolution(width, width, 3) for _ in others)
        self.fpn_bottleneck = Convolution(len(widths) * width, width, 3)
        self.dropout = nn.Dropout2d(0.1)
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        *others, deep = maps
        x = self.bottleneck(torch.cat([deep, *self.psp_modules(deep)], 1))  # (N, D, H / 32, ...)
        size, levels = maps[0].shape[2:], [x]
        paths = zip(others, self.lateral_convs, self.fpn_convs, strict=True)
        for map_, lateral, smooth in reversed(list(paths)):
            x = lateral(map_) + upsample(x, map_.shape[2:])  # (N, D, h, w)
            levels.append(smooth(x))
        upsampled = [upsample(level, size) for level in reversed(levels)]  # (N, D, H / 4, W / 4)
        x = self.fpn_bottleneck(torch.cat(upsampled, 1))  # (N, 4 D, ...) -> (N, D, ...)
        return self.conv_seg(self.dropout(x))  # (N, K, H / 4, W / 4)


class UPerNet(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, H / 4, W / 4), rounded up."""

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(self, sizes: Sizes, classes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.backbone = SwinTransformer(sizes)
        self.decode_head = UPerHead(sizes.widths, width, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        return self.decode_head(self.backbone(image))


def _sized_as(checkpoint: Checkpoint) -> UPerNet:
    check_settings(
        checkpoint,
        {
            "backbone.type": "SwinTransformer",
            "backbone.qk_scale": None,
            "decode_head.align_corners": False,
            "decode_head.pool_scales": SCALES,
        },
    )
    width = checkpoint.length("decode_head.fpn_bottleneck.conv.weight")
    return UPerNet(sizes_of(checkpoint), checkpoint.outputs, width)


def _has_sizes(tensors: Mapping[str, Tensor], sizes: Sizes) -> bool:
    norm = tensors.get("backbone.patch_embed.norm.weight")
    width = 0 if norm is None else norm.numel()
    return (width, depths_of(tensors)) == (sizes.width, sizes.depths)


MODELS = tuple(
    Model(
        name=f"upernet-swin-{name}",
        title="Swin Transformer: Hierarchical Vision Transformer using Shifted Windows "
        "(arXiv 2103.14030)",
        description="UPerNet on Swin",
        transformer=True,
        published=MODEL_ZOO,
        build=partial(UPerNet, sizes),
        build_for=_sized_as,
        keys=("backbone.stages.0.blocks.0.attn.w_msa.", "decode_head.fpn_bottleneck."),
        classifier="decode_head.conv_seg.weight",
        has_sizes=partial(_has_sizes, sizes=sizes),
        # The index follows from the window; the other head acts in mmsegmentation's training only.
        unused=r".*\.relative_position_index|auxiliary_head\..*",
        smallest_batch=2,
    )
    for name, sizes in {"tiny": TINY, "small": SMALL, "base": BASE, "large": LARGE}.items()
)
