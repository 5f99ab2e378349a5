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

from .checkpoint import Checkpoint
from .mix_transformer import MixTransformer, has_sizes
from .model import Model
from .openmmlab import check_settings
from .segformer import VARIANTS as MIT
from .segformer import Variant
from .semantic_fpn import LATERAL, SemanticFPN

VARIANTS: Mapping[str, Variant] = {
    f"pvtv2-{name}": replace(MIT[name], ratios=(4, 4, 4, 4) if name == "b5" else (8, 8, 4, 4))
    for name in ("b0", "b1", "b2", "b3", "b4", "b5")
}
"""B0 to B5 (Table 1), whose decoder is not that of SegFormer."""


def pvtv2(variant: str, classes: int, **settings: Any) -> SemanticFPN:
    """Build "pvtv2-b0" to "pvtv2-b5" for a number of classes, with new weights.

    settings replace fields of the `Variant`, as those of a SegFormer's encoder may.
    """
    sizes = replace(VARIANTS[variant], **settings)
    return SemanticFPN(MixTransformer(sizes), sizes.widths, classes)


def _sized_as(checkpoint: Checkpoint, variant: Variant) -> SemanticFPN:
    check_settings(checkpoint, {"decode_head.align_corners": False})
    width = checkpoint.length(LATERAL)
    return SemanticFPN(MixTransformer(variant), variant.widths, checkpoint.outputs, width)


MODELS = tuple(
    Model(
        name=name,
        title="PVT v2: Improved Baselines with Pyramid Vision Transformer (arXiv 2106.13797)",
        description="PVT v2 with Semantic FPN",
        transformer=True,
        published="whai362/PVT (Apache-2.0)",
        build=partial(pvtv2, name),
        build_for=partial(_sized_as, variant=variant),
        keys=("backbone.patch_embed1.proj.weight", LATERAL),
        classifier="decode_head.conv_seg.weight",
        has_sizes=partial(has_sizes, sizes=variant),
    )
    for name, variant in VARIANTS.items()
)
