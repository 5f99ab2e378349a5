"""SegFormer: a hierarchical transformer encoder (MiT) and a decoder of linear layers only.

E. Xie, W. Wang, Z. Yu, A. Anandkumar, J. M. Alvarez, P. Luo: SegFormer: Simple and Efficient Design
for Semantic Segmentation with Transformers. NeurIPS 2021, arXiv 2105.15203 (Figure 2, Sections 3.1
and 3.2, Table 6). Written from the paper; the parameters have the names of the authors'
checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import Tensor, nn

from .base import StageOutput, Window
from .checkpoint import Checkpoint
from .layers import initialise
from .mix_transformer import EncoderSizes, MixTransformer, has_sizes
from .model import MODEL_ZOO, Model
from .segformer_decoders import AllMLPDecoder, CommutedAllMLPDecoder, RectifiedDecoder


@dataclass(frozen=True)
class Variant(EncoderSizes):
    """Sizes of B0 to B5 (Table 6), and of b0-pe."""

    decoder_width: int
    decoder: type[AllMLPDecoder | RectifiedDecoder] = CommutedAllMLPDecoder
    """The authors' by default; mmsegmentation has another."""


VARIANTS = {
    "b0": Variant((32, 64, 160, 256), (2, 2, 2, 2), 256),
    "b0-pe": Variant((32, 64, 160, 256), (2, 2, 2, 2), 256, positions=(256, 512)),
    "b1": Variant((64, 128, 320, 512), (2, 2, 2, 2), 256),
    "b2": Variant((64, 128, 320, 512), (3, 4, 6, 3), 768),
    "b3": Variant((64, 128, 320, 512), (3, 4, 18, 3), 768),
    "b4": Variant((64, 128, 320, 512), (3, 8, 27, 3), 768),
    "b5": Variant((64, 128, 320, 512), (3, 6, 40, 3), 768),
}


class SegFormer(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, ceil(H / 4), ceil(W / 4))."""

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(self, variant: Variant, classes: int) -> None:
        super().__init__()
        self.backbone = MixTransformer(variant)
        self.decode_head = variant.decoder(variant.widths, variant.decoder_width, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        return self.decode_head(self.backbone(image))


def segformer(variant: str, classes: int, **settings: Any) -> SegFormer:
    """Build SegFormer "b0" to "b5", or "b0-pe", for a number of classes, with new weights.

    settings replace fields of the `Variant`.
    """
    return SegFormer(replace(VARIANTS[variant], **settings), classes)


def _sized_as(checkpoint: Checkpoint, name: str) -> SegFormer:
    settings = dict(checkpoint.format.settings)
    for fuse in ("linear_fuse", "fusion_conv"):  # mmsegmentation's are 256 wide in all variants
        weight = checkpoint.tensors.get(f"decode_head.{fuse}.conv.weight")  # (D, 4 D, 1, 1)
        if weight is not None and weight.ndim == 4 and weight.shape[1] == 4 * len(weight):
            settings["decoder_width"] = len(weight)
    return segformer(name, checkpoint.outputs, **settings)


def _has_sizes(tensors: Mapping[str, Tensor], variant: Variant) -> bool:
    with_neck = any(name.startswith("neck.") for name in tensors)  # that of PVT v2
    return has_sizes(tensors, variant) and not with_neck


MODELS = tuple(
    Model(
        name=name,
        title="SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers "
        "(arXiv 2105.15203)",
        description="SegFormer" if variant.positions is None else "SegFormer with PE",
        transformer=True,
        published="" if variant.positions else f"NVIDIA (non-commercial) and {MODEL_ZOO}",
        build=partial(segformer, name),
        build_for=partial(_sized_as, name=name),
        keys=("backbone.patch_embed1.proj.weight",),
        classifier="decode_head.linear_pred.weight",
        unused=r"decode_head\.conv_seg\..*",  # the authors' decoder never calls it
        has_sizes=partial(_has_sizes, variant=variant),
        window=Window("slide", crop=1024, stride=768),
    )
    for name, variant in VARIANTS.items()
)
