"""The kinds of weights that are known, and the keys that tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from .hub import from_hub

Tensors = Mapping[str, Tensor]
SEGFORMER = "segformer"


def _as_they_are(tensors: Tensors) -> Tensors:
    return tensors


def _of_backbone(tensors: Tensors) -> Tensors:
    return {f"backbone.{name}": value for name, value in tensors.items()}


@dataclass(frozen=True)
class Kind:
    """Weights of one model, or of all SegFormers, under the names of one codebase."""

    model: str
    """The model's name; SEGFORMER for all of B0 to B5."""
    marks: tuple[str, ...]
    """Keys that such weights have, and that no kind after this one has all of."""
    outputs: str | None
    """A tensor, under our names, whose length is the number of outputs; None: only an encoder."""
    unused: str = r"(?!)"
    """A pattern of the names, ours, of tensors that predict nothing; matches none by default."""
    rename: Callable[[Tensors], Tensors] = _as_they_are
    """Gives tensors our names. What it does not know keeps its name, and is told as unexpected."""
    epsilon: float = 1e-6
    """Of the layer norms in SegFormer's blocks and stages: it depends on who wrote the file."""


KINDS = (
    Kind(
        SEGFORMER,  # NVlabs/SegFormer
        ("backbone.patch_embed1.proj.weight",),
        "decode_head.linear_pred.weight",
        unused=r"decode_head\.conv_seg\..*",  # the official decoder never calls it
    ),
    Kind(
        SEGFORMER,  # the Hugging Face hub
        ("segformer.encoder.patch_embeddings.0.proj.weight",),
        "decode_head.linear_pred.weight",
        rename=from_hub,
        # transformers leaves every layer norm at torch's default, whatever config.json says.
        epsilon=1e-5,
    ),
    Kind(
        SEGFORMER,  # the official encoders, trained to classify whole images
        ("patch_embed1.proj.weight",),
        None,
        unused=r"backbone\.head\..*",  # of the 1,000 classes of ImageNet
        rename=_of_backbone,
    ),
    Kind("espnet", ("encoder.level2_0.c1.conv.weight",), "conv.conv.weight"),
    Kind(
        "deeplabv3plus-mobilenetv2",
        ("backbone.layer7.0.conv.2.conv.weight",),
        "decode_head.conv_seg.weight",
        unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
    ),
)


def kind_of(tensors: Tensors) -> Kind | None:
    """Return the first kind all of whose marks the tensors have, if there is one."""
    return next((kind for kind in KINDS if all(mark in tensors for mark in kind.marks)), None)
