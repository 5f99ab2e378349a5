"""The encoders of the convolutional networks by name, and a model of each head on each of them.

mmsegmentation's Cityscapes models of FCN, PSPNet and DeepLabv3+ on ResNets and MobileNetV2 load
here. Their tensors do not show the output stride ("d8", "d16" and "d32" in their names), other
dilations, nor align_corners, with which those of 769x769 crops upsample. The configuration inside
the file does; files without one are read as "d8" on crops of 512x1024.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn

from ..errors import InputError
from . import mobilenet, resnet
from .checkpoint import Checkpoint
from .encoder_decoder import Dilated, Encoder, EncoderDecoder, Form, dilate
from .mobilenet import MobileNetV2
from .model import MODEL_ZOO, Model
from .openmmlab import check_settings, network_settings
from .resnet import ResNet

Head = Callable[[Encoder, Form, int], nn.Module]
"""Build a head for an encoder with a number of classes."""
LARGEST = 64
"""Largest dilation that a file may request, which limits the memory."""


class EncoderKind(NamedTuple):
    """An encoder, and how its checkpoints are recognised."""

    build: Callable[[Form], Encoder]
    strides: tuple[int, ...]
    """Strides of its layers before any becomes a dilation."""
    stem: int
    """Stride of what comes before its layers."""
    key: str
    """A key of its checkpoints."""
    blocks: int
    """Blocks in its third layer, in which encoders of equal keys differ."""
    form: Form = Form()
    """The form of a new network."""


def _resnet(depth: int, key: str, form: Form) -> EncoderKind:
    blocks = resnet.BLOCKS[depth][2]
    return EncoderKind(partial(ResNet, depth), resnet.STRIDES, resnet.STEM, key, blocks, form)


ENCODERS: Mapping[str, EncoderKind] = {
    "resnet18": _resnet(18, "backbone.layer3.0.conv2.weight", Form(width=128, shallow_width=12)),
    "resnet50": _resnet(50, "backbone.layer3.0.conv3.weight", Form()),
    "resnet101": _resnet(101, "backbone.layer3.0.conv3.weight", Form()),
    "mobilenetv2": EncoderKind(
        MobileNetV2,
        mobilenet.STRIDES,
        mobilenet.STEM,
        "backbone.layer3.0.conv.2.conv.weight",
        mobilenet.LAYERS[2][2],
    ),
}
"""Encoders by name."""


def on_each_encoder(
    name: str,
    head: Head,
    *,
    title: str,
    description: str,
    key: str,
    widest: str,
    smallest_batch: int = 1,
    forms: Mapping[str, Form] | None = None,
    supported: Callable[[Form], Mapping[str, Any]] = lambda _: {},
) -> tuple[Model, ...]:
    """Declare a model NAME-ENCODER for each encoder.

    key is a prefix of keys that only this head has, widest the key of a tensor as long as the head
    is wide. New networks have mmsegmentation's form, but where `forms` has another for the encoder.
    `supported` gives the settings of mmsegmentation's configuration that a form goes with.
    """

    def declare(encoder_name: str, kind: EncoderKind) -> Model:
        def build(form: Form, outputs: int) -> nn.Module:
            encoder = kind.build(form)
            return EncoderDecoder(encoder, head(encoder, form, outputs), form)

        def build_for(checkpoint: Checkpoint) -> nn.Module:
            form = replace(form_of(checkpoint, kind), width=checkpoint.length(widest))
            check_settings(checkpoint, supported(form))
            return build(form, checkpoint.outputs)

        return Model(
            name=f"{name}-{encoder_name}",
            title=title,
            description=description,
            published=MODEL_ZOO,
            build=partial(build, (forms or {}).get(encoder_name, kind.form)),
            build_for=build_for,
            keys=(kind.key, key),
            classifier="decode_head.conv_seg.weight",
            has_sizes=lambda tensors: layer3_blocks(tensors) == kind.blocks,
            unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
            smallest_batch=smallest_batch,
        )

    return tuple(declare(encoder_name, kind) for encoder_name, kind in ENCODERS.items())


def form_of(checkpoint: Checkpoint, kind: EncoderKind) -> Form:
    """Return the form of a network by its checkpoint, without the width of its head.

    It is in mmsegmentation's configuration, but for the output stride of what was trained here,
    which is in the metadata. Raises InputError for settings that are not supported.
    """
    settings = network_settings(checkpoint)
    check_settings(checkpoint, {"backbone.contract_dilation": True, "backbone.style": "pytorch"})
    layers = _layers(checkpoint, kind, settings)
    grid, dilation = settings.get("backbone.multi_grid"), settings.get("decode_head.dilation", 1)
    _check_numbers(checkpoint, "backbone.multi_grid", () if grid is None else grid, 0, 3)
    _check_numbers(checkpoint, "decode_head.dilation", (dilation,), 1)
    shallow = "decode_head.c1_bottleneck.conv.weight"
    return replace(
        kind.form,
        shallow_width=checkpoint.length(shallow) if shallow in checkpoint.tensors else 0,
        output_stride=kind.stem * math.prod(layer.stride for layer in layers),
        layers=layers,
        multi_grid=grid or (),
        plain_stem="backbone.conv1.weight" in checkpoint.tensors,
        head_dilation=dilation,
        align_corners=settings.get("decode_head.align_corners") is True,
    )


def _layers(
    checkpoint: Checkpoint, kind: EncoderKind, settings: Mapping[str, Any]
) -> tuple[Dilated, ...]:
    number, names = len(kind.strides), ("backbone.strides", "backbone.dilations")
    if settings.keys() & set(names):
        strides = settings.get(names[0], kind.strides)
        dilations = settings.get(names[1], (1,) * number)  # mmsegmentation's default
        for name, values in zip(names, (strides, dilations), strict=True):
            _check_numbers(checkpoint, name, values, number)
        return tuple(map(Dilated, strides, dilations))
    given = checkpoint.metadata.get("output_stride", "8")
    if given not in ("8", "16"):
        raise InputError(f"{checkpoint.path}: its output stride is {given!r}; expected 8 or 16")
    return dilate(kind.strides, kind.stem, int(given))


def _check_numbers(checkpoint: Checkpoint, name: str, values: object, *lengths: int) -> None:
    given = values if isinstance(values, tuple) else (None,)
    in_range = all(type(each) is int and 0 < each <= LARGEST for each in given)
    if len(given) not in lengths or not in_range:
        raise InputError(
            f"{checkpoint.path}: {name} in its configuration is {values!r:.60}; expected "
            f"{lengths[-1]} numbers from 1 to {LARGEST}"
        )


def layer3_blocks(tensors: Mapping[str, Tensor]) -> int:
    """Return the number of blocks in an encoder's third layer, by the names of its tensors."""
    return len(set(re.findall(r"\bbackbone\.layer3\.(\d+)\.", " ".join(tensors))))
