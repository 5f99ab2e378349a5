"""The models that we have written, by name: what is the same for all weights of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from torch import nn

from .base import IMAGENET, Preprocessing, Window
from .checkpoints import Checkpoint
from .checkpoints.mmsegmentation import output_stride
from .deeplab import deeplabv3plus
from .encoder_decoder import Encoder
from .espnet import PREPROCESSING as ESPNET_PREPROCESSING
from .espnet import ESPNet, espnet_of
from .fcn import fcn
from .mobilenet import MobileNetV2
from .pspnet import pspnet
from .resnet import ResNet
from .segformer import VARIANTS, segformer


@dataclass(frozen=True)
class Model:
    """What is the same for all weights of a model."""

    title: str
    """The title of the paper, and its number at arXiv."""
    description: str
    """The name of the architecture, for a line of `robustseg models`."""
    build: Callable[[int], nn.Module]
    """From the number of outputs to a network with newly drawn weights."""
    build_for: Callable[[Checkpoint], nn.Module]
    """From a checkpoint to a network of its sizes, whose weights are of no account."""
    preprocessing: Preprocessing
    window: Window
    spare_outputs: int = 0
    """Outputs after those of the classes, which are dropped."""


def _segformer_for(name: str, checkpoint: Checkpoint) -> nn.Module:
    return segformer(
        name,
        checkpoint.outputs,
        codebase=checkpoint.format.codebase,
        decoder_width=checkpoint.decoder_width,
    )


class _Build(Protocol):
    def __call__(self, backbone: Encoder, classes: int, *, width: int) -> nn.Module: ...


class _Head(NamedTuple):
    title: str
    description: str
    build: _Build
    widest: str
    """A tensor as long as the head is wide."""


_HEADS = {
    "fcn": _Head(
        "Fully Convolutional Networks for Semantic Segmentation (arXiv 1411.4038)",
        "FCN",
        fcn,
        "decode_head.conv_cat.conv.weight",
    ),
    "pspnet": _Head(
        "Pyramid Scene Parsing Network (arXiv 1612.01105)",
        "PSPNet",
        pspnet,
        "decode_head.bottleneck.conv.weight",
    ),
    "deeplabv3plus": _Head(
        "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation "
        "(arXiv 1802.02611)",
        "DeepLabv3+",
        deeplabv3plus,
        "decode_head.bottleneck.conv.weight",
    ),
}
_BACKBONES: Mapping[str, Callable[[int], Encoder]] = {
    "resnet50": partial(ResNet, 50),
    "resnet101": partial(ResNet, 101),
    "mobilenetv2": MobileNetV2,
}


def _cnn(head: _Head, encoder: Callable[[int], Encoder]) -> Model:
    # What is trained here has mmsegmentation's sizes, but the smallest model those of its paper.
    small = head.build is deeplabv3plus and encoder is MobileNetV2
    width, stride = (256, 16) if small else (512, 8)
    return Model(
        title=head.title,
        description=head.description,
        build=lambda classes: head.build(encoder(stride), classes, width=width),
        build_for=lambda checkpoint: head.build(
            encoder(output_stride(checkpoint)),
            checkpoint.outputs,
            width=checkpoint.length(head.widest),
        ),
        preprocessing=IMAGENET,
        window=Window("whole"),
    )


_SEGFORMERS = {
    name: Model(
        title="SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers "
        "(arXiv 2105.15203)",
        description="SegFormer" if variant.positions is None else "SegFormer with PE",
        build=partial(segformer, name),
        build_for=partial(_segformer_for, name),
        preprocessing=IMAGENET,
        window=Window("slide", crop=1024, stride=768),
    )
    for name, variant in VARIANTS.items()
}
_CNNS = {
    f"{head}-{backbone}": _cnn(_HEADS[head], _BACKBONES[backbone])
    for head in _HEADS
    for backbone in _BACKBONES
}
MODELS: Mapping[str, Model] = {
    **_SEGFORMERS,
    "espnet": Model(
        title="ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation "
        "(arXiv 1803.06815)",
        description="ESPNet",
        build=ESPNet,
        build_for=lambda checkpoint: espnet_of(checkpoint.tensors),
        preprocessing=ESPNET_PREPROCESSING,
        window=Window("whole"),
        spare_outputs=1,  # background, the last
    ),
    **_CNNS,
}
