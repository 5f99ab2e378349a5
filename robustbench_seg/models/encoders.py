"""The encoders of the convolutional networks by name, and a model of each head on each of them.

mmsegmentation's Cityscapes models of FCN, PSPNet and DeepLabv3+ on ResNetV1c and MobileNetV2 that
were trained on crops of 512x1024 at output stride 8 ("d8" in their names) load here. Others have
the same tensors but are other functions: those of 769x769 crops upsample with align_corners, those
of "d16" and "d32" have other strides. The configuration inside the file distinguishes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from ..errors import InputError
from .checkpoint import Checkpoint
from .encoder_decoder import Encoder, EncoderDecoder
from .mobilenet import LAYERS, MobileNetV2
from .model import Model
from .resnet import BLOCKS, ResNet

Head = Callable[[Encoder, int, int], nn.Module]
"""Build a head for an encoder, with a width in channels and a number of classes."""

ENCODERS: Mapping[str, tuple[Callable[[int], Encoder], str, int]] = {
    "resnet50": (partial(ResNet, 50), "backbone.layer3.0.conv3.weight", BLOCKS[50][2]),
    "resnet101": (partial(ResNet, 101), "backbone.layer3.0.conv3.weight", BLOCKS[101][2]),
    "mobilenetv2": (MobileNetV2, "backbone.layer3.0.conv.2.conv.weight", LAYERS[2][2]),
}
"""Encoders by name: how to build one with an output stride, a key of its checkpoints, and the
number of blocks in its third layer, in which encoders of equal keys differ."""


def on_each_encoder(
    name: str,
    head: Head,
    *,
    title: str,
    description: str,
    key: str,
    widest: str,
    smallest_batch: int = 1,
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[Model, ...]:
    """Declare a model NAME-ENCODER for each encoder.

    key is a prefix of keys that only this head has, widest the key of a tensor as long as the head
    is wide. Trained here, a network has mmsegmentation's width and output stride, (512, 8), but
    where `sizes` has others for its encoder.
    """

    def declare(
        encoder_name: str, build_encoder: Callable[[int], Encoder], encoder_key: str, blocks: int
    ) -> Model:
        def build(stride: int, width: int, outputs: int) -> nn.Module:
            encoder = build_encoder(stride)
            return EncoderDecoder(encoder, head(encoder, width, outputs))

        width, stride = (sizes or {}).get(encoder_name, (512, 8))
        return Model(
            name=f"{name}-{encoder_name}",
            title=title,
            description=description,
            build=partial(build, stride, width),
            build_for=lambda file: build(output_stride(file), file.length(widest), file.outputs),
            keys=(encoder_key, key),
            classifier="decode_head.conv_seg.weight",
            has_sizes=lambda tensors: _layer3_blocks(tensors) == blocks,
            unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
            smallest_batch=smallest_batch,
        )

    return tuple(declare(encoder_name, *facts) for encoder_name, facts in ENCODERS.items())


def output_stride(checkpoint: Checkpoint) -> int:
    """Return the output stride of a convolutional network by its checkpoint.

    It is in mmsegmentation's configuration, or in what a training here writes (`output_stride`); a
    checkpoint without either has 8. Raises InputError for a stride that is not supported, and for a
    network that upsamples with align_corners.
    """
    config = re.sub(r"\s|,(?=\s*\))", "", checkpoint.metadata.get("config", ""))
    if "align_corners=True" in config:
        raise InputError(
            f"{checkpoint.path}: trained with align_corners=True, as mmsegmentation's 769x769 "
            "models are, which is not supported; give a model of its 512x1024 configurations"
        )
    if strides := re.search(r"strides=\(([\d,]+)\)", config):
        steps = [int(step) for step in strides[1].split(",")]
        # A ResNet begins with a stride of 4; MobileNetV2, of seven layers, with 2.
        stride = math.prod(steps) * (4 if len(steps) == 4 else 2)
        if stride != 8:
            raise InputError(
                f"{checkpoint.path}: mmsegmentation's model of output stride {stride}, which is "
                "not supported; give one of its d8 configurations"
            )
    given = checkpoint.metadata.get("output_stride", "8")
    if given not in ("8", "16"):
        raise InputError(f"{checkpoint.path}: its output stride is {given!r}; expected 8 or 16")
    return int(given)


def _layer3_blocks(tensors: Mapping[str, Tensor]) -> int:
    return len(set(re.findall(r"\bbackbone\.layer3\.(\d+)\.", " ".join(tensors))))
