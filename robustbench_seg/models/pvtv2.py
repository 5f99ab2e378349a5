"""PVT v2: a pyramid of transformer stages, with Semantic FPN.

W. Wang et al.: PVT v2: Improved Baselines with Pyramid Vision Transformer. Computational Visual
Media 2022, arXiv 2106.13797 (Section 3, Table 1). Written from the paper; the parameters have the
names of the authors' checkpoints. The encoder is that of SegFormer, which took over its overlapping
patches, its attention with spatial reduction and its MLPs with a depthwise convolution; only the
MLPs of its first two stages are wider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor, nn

from .base import StageOutput
from .checkpoint import Checkpoint
from .layers import initialise
from .mix_transformer import MixTransformer, Variant, has_sizes
from .model import Model
from .openmmlab import check_settings
from .segformer import VARIANTS as MIT
from .semantic_fpn import FeaturePyramid, SemanticHead

PYRAMID_WIDTH = 256
WIDTH = 128
LATERAL = "neck.lateral_convs.0.conv.weight"
"""A tensor that SegFormer, whose encoder has the same names, lacks."""
VARIANTS: Mapping[str, Variant] = {
    f"pvtv2-{name}": replace(
        MIT[name], decoder_width=WIDTH, ratios=(4, 4, 4, 4) if name == "b5" else (8, 8, 4, 4)
    )
    for name in ("b0", "b1", "b2", "b3", "b4", "b5")
}
"""B0 to B5 (Table 1). decoder_width is that of the head of Semantic FPN."""


class PVTv2(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, ceil(H / 4), ceil(W / 4))."""

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(self, variant: Variant, classes: int, pyramid_width: int = PYRAMID_WIDTH) -> None:
        super().__init__()
        self.backbone = MixTransformer(variant)
        self.neck = FeaturePyramid(variant.widths, pyramid_width)
        self.decode_head = SemanticHead(pyramid_width, variant.decoder_width, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        return self.decode_head(self.neck(self.backbone(image)))


def pvtv2(variant: str, classes: int, **settings: Any) -> PVTv2:
    """Build "pvtv2-b0" to "pvtv2-b5" for a number of classes, with new weights.

    settings replace fields of the `Variant`, as those of a SegFormer's encoder may.
    """
    return PVTv2(replace(VARIANTS[variant], **settings), classes)


def _sized_as(checkpoint: Checkpoint, variant: Variant) -> PVTv2:
    check_settings(checkpoint, {"decode_head.align_corners": False})
    return PVTv2(variant, checkpoint.outputs, checkpoint.length(LATERAL))


MODELS = tuple(
    Model(
        name=name,
        title="PVT v2: Improved Baselines with Pyramid Vision Transformer (arXiv 2106.13797)",
        description="PVT v2 with Semantic FPN",
        published="whai362/PVT (Apache-2.0)",
        build=partial(pvtv2, name),
        build_for=partial(_sized_as, variant=variant),
        keys=("backbone.patch_embed1.proj.weight", LATERAL),
        classifier="decode_head.conv_seg.weight",
        has_sizes=partial(has_sizes, variant=variant),
    )
    for name, variant in VARIANTS.items()
)
