"""The kinds of weights that are known, and the keys that tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ..segformer import MMSEGMENTATION, OFFICIAL, TRANSFORMERS, Codebase
from . import key_mapping as names

Tensors = Mapping[str, Tensor]
SEGFORMER = "segformer"
_IMAGENET = r"backbone\.head\..*"
"""What classifies whole images."""
_IMAGENET_CNN = r"(backbone\.)?(fc|head|conv2)\..*"
"""The same of the CNNs' encoders."""
# The CNNs of mmsegmentation: what tells their heads and their encoders apart.
_HEADS = {"fcn": "conv_cat.", "pspnet": "psp_modules.", "deeplabv3plus": "c1_bottleneck."}
_ENCODERS = {
    "mobilenetv2": "layer7.0.conv.2.conv.weight",
    "resnet101": "layer3.22.conv3.weight",
    "resnet50": "layer3.5.conv3.weight",
}


def _as_they_are(tensors: Tensors) -> Tensors:
    return tensors


def _with_prefix(tensors: Tensors, table: names.Names) -> Tensors:
    return names.renamed({f"backbone.{name}": value for name, value in tensors.items()}, table)


@dataclass(frozen=True)
class CheckpointFormat:
    """Weights of one model, or of all SegFormers, under the names of one codebase."""

    model: str
    """The model's name; SEGFORMER for all of B0 to B5."""
    marks: tuple[str, ...]
    """Beginnings of keys that such weights have, and that no kind after this one has all of."""
    outputs: str | None
    """A tensor, under our names, whose length is the number of outputs; None: only an encoder."""
    unused: str = r"(?!)"
    """A pattern of the names, ours, of tensors that predict nothing; matches none by default."""
    rename: Callable[[Tensors], Tensors] = _as_they_are
    """Gives tensors our names. What it does not know keeps its name, and is told as unexpected."""
    codebase: Codebase = OFFICIAL
    """Of a SegFormer: whose code wrote the file."""


KINDS = (
    CheckpointFormat(
        SEGFORMER,  # NVlabs/SegFormer
        ("backbone.patch_embed1.proj.weight",),
        "decode_head.linear_pred.weight",
        unused=r"decode_head\.conv_seg\..*",  # the official decoder never calls it
    ),
    CheckpointFormat(
        SEGFORMER,  # the official encoders, trained to classify whole images
        ("patch_embed1.proj.weight",),
        None,
        unused=_IMAGENET,
        rename=partial(_with_prefix, table={}),
    ),
    CheckpointFormat(
        SEGFORMER,  # an encoder of the Hugging Face hub, such as nvidia/mit-b0
        ("segformer.encoder.patch_embeddings.0.proj.weight", "classifier.weight"),
        None,
        unused=_IMAGENET,
        rename=partial(names.renamed, table=names.HUB),
        codebase=TRANSFORMERS,
    ),
    CheckpointFormat(
        SEGFORMER,  # the same from the memory of transformers 5
        ("segformer.stages.0.patch_embeddings.proj.weight", "classifier.weight"),
        None,
        unused=_IMAGENET,
        rename=partial(names.renamed, table=names.TRANSFORMERS_5),
        codebase=TRANSFORMERS,
    ),
    CheckpointFormat(
        SEGFORMER,  # the Hugging Face hub, and transformers 4
        ("segformer.encoder.patch_embeddings.0.proj.weight",),
        "decode_head.linear_pred.weight",
        rename=partial(names.renamed, table=names.HUB),
        codebase=TRANSFORMERS,
    ),
    CheckpointFormat(
        SEGFORMER,  # the memory of transformers 5
        ("segformer.stages.0.patch_embeddings.proj.weight",),
        "decode_head.linear_pred.weight",
        rename=partial(names.renamed, table=names.TRANSFORMERS_5),
        codebase=TRANSFORMERS,
    ),
    CheckpointFormat(
        SEGFORMER,  # mmsegmentation, from 0.17 to 1.x
        ("backbone.layers.0.0.projection.weight", "decode_head."),
        "decode_head.conv_seg.weight",
        unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
        rename=partial(names.renamed, table=names.MMSEGMENTATION),
        codebase=MMSEGMENTATION,
    ),
    CheckpointFormat(
        SEGFORMER,  # encoders for mmsegmentation, in a whole model's form
        ("backbone.layers.0.0.projection.weight",),
        None,
        unused=_IMAGENET,
        rename=partial(names.renamed, table=names.MMSEGMENTATION),
        codebase=MMSEGMENTATION,
    ),
    CheckpointFormat(
        SEGFORMER,  # and on their own
        ("layers.0.0.projection.weight",),
        None,
        unused=_IMAGENET,
        rename=partial(_with_prefix, table=names.MMSEGMENTATION),
        codebase=MMSEGMENTATION,
    ),
    CheckpointFormat("espnet", ("encoder.level2_0.c1.conv.weight",), "conv.conv.weight"),
    *(
        CheckpointFormat(
            f"{head}-{encoder}",  # mmsegmentation
            (f"backbone.{encoder_mark}", f"decode_head.{head_mark}"),
            "decode_head.conv_seg.weight",
            unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
        )
        for head, head_mark in _HEADS.items()
        for encoder, encoder_mark in _ENCODERS.items()
    ),
    *(
        CheckpointFormat(
            encoder,  # of mmsegmentation's CNNs, in a whole model's form
            (f"backbone.{encoder_mark}", "head."),
            None,
            unused=_IMAGENET_CNN,
        )
        for encoder, encoder_mark in _ENCODERS.items()
    ),
    *(
        CheckpointFormat(
            encoder,  # and on its own
            (encoder_mark,),
            None,
            unused=_IMAGENET_CNN,
            rename=partial(_with_prefix, table={}),
        )
        for encoder, encoder_mark in _ENCODERS.items()
    ),
)


def kind_of(tensors: Tensors) -> CheckpointFormat | None:
    """Return the first kind all of whose marks the tensors have, if there is one."""

    def has(mark: str) -> bool:
        return any(name.startswith(mark) for name in tensors)

    return next((kind for kind in KINDS if all(map(has, kind.marks))), None)
