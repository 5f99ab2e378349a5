"""The models that we have written, by name: what is the same for all weights of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import nn

from ..errors import InputError
from .base import IMAGENET, Preprocessing, Window
from .checkpoints import Checkpoint
from .deeplab import deeplabv3plus
from .espnet import PREPROCESSING as ESPNET_PREPROCESSING
from .espnet import ESPNet, espnet_of
from .segformer import VARIANTS, segformer


@dataclass(frozen=True)
class Model:
    """What is the same for all weights of a model."""

    title: str
    """The title of the paper."""
    description: str
    build: Callable[[int], nn.Module]
    """From the number of outputs to a network with newly drawn weights."""
    build_for: Callable[[Checkpoint], nn.Module]
    """From a checkpoint to a network of its sizes, whose weights are of no account."""
    preprocessing: Preprocessing
    window: Window
    spare_outputs: int = 0
    """Outputs after those of the classes, which are dropped."""


def _segformer_for(name: str, checkpoint: Checkpoint) -> nn.Module:
    return segformer(name, checkpoint.outputs, epsilon=checkpoint.kind.epsilon)


def _deeplab_for(checkpoint: Checkpoint) -> nn.Module:
    stride = checkpoint.metadata.get("output_stride", "8")  # the rest are mmsegmentation's
    if stride not in ("8", "16"):
        raise InputError(f"{checkpoint.path}: its output stride is {stride!r}; expected 8 or 16")
    width = checkpoint.length("decode_head.bottleneck.conv.weight")
    return deeplabv3plus(checkpoint.outputs, width=width, output_stride=int(stride))


MODELS: Mapping[str, Model] = {
    name: Model(
        title="SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers",
        description=f"MiT-{name.upper()} encoder and an all-MLP decoder; arXiv 2105.15203",
        build=partial(segformer, name),
        build_for=partial(_segformer_for, name),
        preprocessing=IMAGENET,
        window=Window("slide", crop=1024, stride=768),
    )
    for name in VARIANTS
} | {
    "espnet": Model(
        title="ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation",
        description="a small CNN (p = 2, q = 8 or as in the file); arXiv 1803.06815",
        build=ESPNet,
        build_for=lambda checkpoint: espnet_of(checkpoint.tensors),
        preprocessing=ESPNET_PREPROCESSING,
        window=Window("whole"),
        spare_outputs=1,  # background, the last
    ),
    "deeplabv3plus-mobilenetv2": Model(
        title="Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
        description="DeepLabv3+ on MobileNetV2, head of width 256 or as in the file; "
        "arXiv 1802.02611",
        build=deeplabv3plus,
        build_for=_deeplab_for,
        preprocessing=IMAGENET,
        window=Window("whole"),
    ),
}
