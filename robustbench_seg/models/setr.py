"""SETR: a Vision Transformer as encoder, and three decoders of convolutions.

S. Zheng et al.: Rethinking Semantic Segmentation from a Sequence-to-Sequence Perspective with
Transformers. CVPR 2021, arXiv 2012.15840 (Figure 1, Section 3.3): Naive, PUP (progressive
upsampling) and MLA (multi-level aggregation). Written from the paper; the parameters have
mmsegmentation's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import StageOutput, Window
from .checkpoint import Checkpoint
from .layers import Convolution, initialise, to_map, to_tokens
from .model import MODEL_ZOO, Model
from .openmmlab import check_settings
from .vit import EPSILON, LARGE, SMALL, TINY, Sizes, VisionTransformer, depth_of, sizes_of

MLA_WIDTHS = (256, 128)
"""Channels of the aggregated maps, and of each branch of the classifier (Section 3.3)."""

Decoder = Literal["naive", "pup", "mla"]
DECODERS: Mapping[Decoder, str] = {"naive": "SETR-Naive", "pup": "SETR-PUP", "mla": "SETR-MLA"}
"""Descriptions of the models by decoder."""
ENCODERS: Mapping[str, Sizes] = {"": LARGE, "-small": SMALL, "-tiny": TINY}
"""Sizes of the encoder by the end of the model's name."""


class UpsamplingHead(nn.Module):
    """Naive or PUP: the last map (N, C, h, w) to logits (N, K, scale^n h, scale^n w).

    Each of n convolutions is followed by an upsampling. The classifier comes before the last one,
    with which a 1x1 convolution commutes.
    """

    def __init__(
        self, inputs: int, width: int, classes: int, *, convolutions: int, kernel: int, scale: int
    ) -> None:
        super().__init__()
        self.scale = scale
        self.norm = nn.LayerNorm(inputs, EPSILON)
        channels = (inputs, *[width] * (convolutions - 1))
        self.up_convs = nn.ModuleList(
            nn.Sequential(Convolution(each, width, kernel)) for each in channels
        )
        self.conv_seg = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        x = normalise(maps[-1], self.norm)
        *others, last = self.up_convs
        for convolution in others:
            x = enlarge(convolution(x), self.scale)  # (N, D, h, w) -> (N, D, scale h, scale w)
        return enlarge(self.conv_seg(last(x)), self.scale)  # (N, K, ...)


class Aggregation(nn.Module):
    """Four maps (N, C, h, w) to four of `width` channels, each with those of later levels added."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.channel_proj = nn.ModuleList(Convolution(inputs, width, 1) for _ in range(4))
        self.feat_extract = nn.ModuleList(Convolution(width, width, 3) for _ in range(4))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        projected = [project(x) for project, x in zip(self.channel_proj, maps, strict=True)]
        totals = accumulate(reversed(projected))  # (N, D, h, w) each, the last level first
        return [extract(x) for extract, x in zip(self.feat_extract, totals, strict=True)]


class MLANeck(nn.Module):
    """Normalise four maps (N, C, h, w), and aggregate them into four (N, D, h, w)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.norm = nn.ModuleList(nn.LayerNorm(inputs, EPSILON) for _ in range(4))
        self.mla = Aggregation(inputs, width)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return self.mla([normalise(x, norm) for x, norm in zip(maps, self.norm, strict=True)])


class MLAHead(nn.Module):
    """Four maps (N, D, h, w) to logits (N, K, 4 h, 4 w); the classifier comes before upsampling."""

    def __init__(self, inputs: int, width: int, classes: int) -> None:
        super().__init__()
        self.up_convs = nn.ModuleList(
            nn.Sequential(Convolution(inputs, width, 3), Convolution(width, width, 3))
            for _ in range(4)
        )
        self.conv_seg = nn.Conv2d(4 * width, classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        branches = [convs(x) for convs, x in zip(self.up_convs, maps, strict=True)]
        return enlarge(self.conv_seg(torch.cat(branches, 1)), 4)  # (N, 4 D, h, w) -> (N, K, ...)


def normalise(x: Tensor, norm: nn.Module) -> Tensor:
    """Apply a layer norm to the channels of a map (N, C, h, w)."""
    return to_map(norm(to_tokens(x)), (x.shape[2], x.shape[3]))  # (N, C, h, w) -> (N, C, h, w)


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Upsample bilinearly: (N, C, h, w) -> (N, C, scale h, scale w)."""
    return F.interpolate(x, (scale * x.shape[2], scale * x.shape[3]), mode="bilinear")


class SETR(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, h, w), at 1/4 of the sides or, PUP, 1/1.

    width is that of the decoder's convolutions, or of MLA's aggregated maps and branches.
    """

    stage_outputs = tuple(StageOutput("backbone", part=stage) for stage in range(4))

    def __init__(
        self, decoder: Decoder, sizes: Sizes, classes: int, width: tuple[int, int] = MLA_WIDTHS
    ) -> None:
        super().__init__()
        # mmsegmentation gives the class token to all decoders but MLA.
        self.backbone = VisionTransformer(sizes, class_token=decoder != "mla")
        self.neck: nn.Module = nn.Identity()
        if decoder == "mla":
            self.neck = MLANeck(sizes.width, width[0])
            self.decode_head: nn.Module = MLAHead(width[0], width[1], classes)
        else:
            convolutions, kernel, scale = (1, 1, 4) if decoder == "naive" else (4, 3, 2)
            self.decode_head = UpsamplingHead(
                sizes.width,
                width[0],
                classes,
                convolutions=convolutions,
                kernel=kernel,
                scale=scale,
            )
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        return self.decode_head(self.neck(self.backbone(image)))


def _sized_as(checkpoint: Checkpoint, decoder: Decoder) -> SETR:
    check_settings(
        checkpoint,
        {
            "backbone.type": "VisionTransformer",
            "backbone.with_cls_token": decoder != "mla",
            "backbone.interpolate_mode": "bilinear",
            "decode_head.align_corners": False,
        },
    )
    sizes = sizes_of(checkpoint)
    if decoder == "mla":
        check_settings(checkpoint, {"backbone.out_indices": sizes.levels})
    first = checkpoint.length("decode_head.up_convs.0.0.conv.weight")
    neck = "neck.mla.channel_proj.0.conv.weight"
    width = (checkpoint.length(neck), first) if decoder == "mla" else (first, first)
    return SETR(decoder, sizes, checkpoint.outputs, width)


def _has_sizes(tensors: Mapping[str, Tensor], decoder: Decoder, encoder: str) -> bool:
    keys = " ".join(tensors)
    found: Decoder = "pup" if "decode_head.up_convs.1." in keys else "naive"
    found = "mla" if "neck.mla." in keys else found
    projection = tensors.get("backbone.patch_embed.projection.weight")
    width = 0 if projection is None or not projection.ndim else len(projection)
    sizes = {(each.width, each.depth): name for name, each in ENCODERS.items()}
    found_encoder = sizes.get((width, depth_of(tensors)), "")
    return found_encoder == encoder and (found == decoder or "decode_head." not in keys)


MODELS = tuple(
    Model(
        name=f"setr-{decoder}{encoder}",
        title="Rethinking Semantic Segmentation from a Sequence-to-Sequence Perspective with "
        "Transformers (arXiv 2012.15840)",
        description=description,
        transformer=True,
        published=MODEL_ZOO if sizes is LARGE else "",
        build=partial(SETR, decoder, sizes),
        build_for=partial(_sized_as, decoder=decoder),
        keys=("backbone.layers.0.ln1.weight", "decode_head.up_convs.0.0.conv.weight"),
        classifier="decode_head.conv_seg.weight",
        has_sizes=partial(_has_sizes, decoder=decoder, encoder=encoder),
        unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
        window=Window("slide", crop=768, stride=512),
    )
    for encoder, sizes in ENCODERS.items()
    for decoder, description in DECODERS.items()
)
