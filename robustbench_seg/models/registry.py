"""The models by name, and the weights that a choice of one means: they follow the data.

A choice is NAME or NAME@WEIGHTS. WEIGHTS is the name of the data they were trained on, `random`,
or a file or folder. Without WEIGHTS, those trained on the data at hand are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from ..errors import InputError
from .base import IMAGENET, NOTHING, Preprocessing, Segmenter, Window
from .checkpoints import ENCODER, Checkpoint, fill, open_checkpoint
from .deeplab import deeplabv3plus
from .espnet import PREPROCESSING as ESPNET_PREPROCESSING
from .espnet import ESPNet, espnet_of
from .named_weights import NAMED_WEIGHTS, RANDOM, find
from .segformer import VARIANTS, segformer


@dataclass(frozen=True)
class Model:
    """What is the same for all weights of a model."""

    kind: str
    """As in `Checkpoint.kind`."""
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
    return segformer(name, checkpoint.outputs, epsilon=checkpoint.epsilon)


def _deeplab_for(checkpoint: Checkpoint) -> nn.Module:
    stride = checkpoint.metadata.get("output_stride", "8")  # the rest are mmsegmentation's
    if stride not in ("8", "16"):
        raise InputError(f"{checkpoint.path}: its output stride is {stride!r}; expected 8 or 16")
    width = checkpoint.length("decode_head.bottleneck.conv.weight")
    return deeplabv3plus(checkpoint.outputs, width=width, output_stride=int(stride))


MODELS: Mapping[str, Model] = {
    name: Model(
        kind="segformer",
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
        kind="espnet",
        title="ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation",
        description="a small CNN (p = 2, q = 8 or as in the file); arXiv 1803.06815",
        build=ESPNet,
        build_for=lambda checkpoint: espnet_of(checkpoint.tensors),
        preprocessing=ESPNET_PREPROCESSING,
        window=Window("whole"),
        spare_outputs=1,  # background, the last
    ),
    "deeplabv3plus-mobilenetv2": Model(
        kind="deeplabv3plus-mobilenetv2",
        title="Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
        description="DeepLabv3+ on MobileNetV2, head of width 256 or as in the file; "
        "arXiv 1802.02611",
        build=deeplabv3plus,
        build_for=_deeplab_for,
        preprocessing=IMAGENET,
        window=Window("whole"),
    ),
}


@dataclass(frozen=True)
class ModelInfo:
    """A line of `robustseg models`."""

    name: str
    title: str
    description: str
    parameters: int
    """With the 19 classes of Cityscapes."""
    weights: tuple[str, ...]
    """The data that it has weights for, by name."""


class Choice(NamedTuple):
    """A model's name, and its weights where they are given."""

    model: str
    weights: str | None


def models() -> tuple[ModelInfo, ...]:
    """Return the models that a choice can name."""
    infos = []
    for name, model in MODELS.items():
        with torch.device("meta"):
            network = model.build(19 + model.spare_outputs)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        weights = tuple(data for known, data in NAMED_WEIGHTS if known == name)
        infos.append(ModelInfo(name, model.title, model.description, parameters, weights))
    return tuple(infos)


def parse_choice(choice: str) -> Choice:
    """Read NAME or NAME@WEIGHTS. Raises InputError for an unknown model or nothing after "@"."""
    name, at, weights = choice.partition("@")
    if name not in MODELS:
        near = get_close_matches(name, MODELS, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(f"--model {choice}: no model {name!r}{meant}; known: {', '.join(MODELS)}")
    if at and not weights:
        raise InputError(f"--model {choice}: nothing after '@'; write a data name, random or FILE")
    return Choice(name, weights or None)


def build(name: str, classes: int, *, seed: int = 0, init: str | Path | None = None) -> nn.Module:
    """Build a model to be trained, with weights drawn by a seed, or those of the file `init`.

    Where that holds only an encoder (`mit_b0.pth`), the decoder's are drawn. The global random
    generators are left as they are. Raises InputError for an unknown model or a file that does not
    fit.
    """
    choice = parse_choice(name)
    if choice.weights is not None:
        raise InputError(f"--model {name}: training starts from --init FILE; give the model's name")
    model = MODELS[choice.model]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = model.build(classes + model.spare_outputs)
    if init is not None:
        checkpoint = open_checkpoint(init)
        if checkpoint.kind == ENCODER:
            _check_kind(checkpoint, name)
        else:
            _check(checkpoint, name, classes, "the data")
        fill(network, checkpoint)
    return network


def load(
    choice: str, *, data: str, weights: str | None = None, classes: Sequence[str]
) -> Segmenter:
    """Return a model with the weights that a choice, or `weights`, means for a dataset.

    data is the dataset's name and classes are the names of its classes. Nothing is fetched but
    weights of the Hugging Face hub that are not in its cache. Raises InputError for an unknown
    model, weights that are not to be had, and weights that do not fit the model or the classes.
    """
    name, chosen = parse_choice(choice)
    if weights is not None and chosen is not None:
        raise InputError(f"--model {choice} with --weights {weights}: give the weights once")
    wanted = weights or chosen or data
    if wanted == RANDOM:
        network, label, trained_on = build(name, len(classes)), RANDOM, NOTHING
        provenance = {"source": "drawn at random, seed 0", "sha256": "", "licence": "", "note": ""}
    else:
        found = find(name, wanted, data)
        checkpoint = open_checkpoint(found.path)
        _check(checkpoint, name, len(classes), data)
        network, label = _network(checkpoint, name), found.label
        unknown = checkpoint.metadata.get("trained_on", f"the data of {found.path.name}")
        trained_on = found.trained_on or unknown
        provenance = {
            "source": found.source,
            "sha256": checkpoint.sha256,
            "licence": found.licence or checkpoint.metadata.get("licence", ""),
            "note": "; ".join(filter(None, [found.note, *_notes(checkpoint, classes)])),
        }
    model = MODELS[name]
    return Segmenter(
        name=f"{name}@{label}",
        network=network.eval(),
        preprocessing=model.preprocessing,
        window=model.window,
        classes=tuple(classes),
        trained_on=trained_on,
        weights=provenance,
    )


def _check(checkpoint: Checkpoint, name: str, classes: int, data: str) -> None:
    _check_kind(checkpoint, name)
    given = checkpoint.outputs - MODELS[name].spare_outputs
    if given != classes:
        raise InputError(
            f"{checkpoint.path}: a model of {given} classes, where the labels of {data} have "
            f"{classes}; give weights that were trained for these classes"
        )


def _check_kind(checkpoint: Checkpoint, name: str) -> None:
    of_segformer = checkpoint.kind in ("segformer", ENCODER)
    held = checkpoint.variant if of_segformer else checkpoint.kind
    kind = "segformer" if of_segformer else checkpoint.kind
    if MODELS[name].kind != kind or held not in (None, name):
        ways = f"use --model {held}" if held else "give weights of the model"
        raise InputError(f"{checkpoint.path}: holds {held or checkpoint.kind}, not {name}; {ways}")


def _network(checkpoint: Checkpoint, name: str) -> nn.Module:
    with torch.device("meta"):  # weights that are replaced anyway need not be drawn
        network = MODELS[name].build_for(checkpoint)
    network = network.to_empty(device="cpu")
    fill(network, checkpoint)
    return network


def _notes(checkpoint: Checkpoint, classes: Sequence[str]) -> list[str]:
    notes = []
    if steps := checkpoint.metadata.get("steps"):
        notes.append(f"trained for {steps} steps")
    pairs = zip(checkpoint.classes or (), classes, strict=False)
    if differing := [(own, scored) for own, scored in pairs if _plain(own) != _plain(scored)]:
        own, scored = differing[0]
        more = f", and {len(differing) - 1} more likewise" if len(differing) > 1 else ""
        notes.append(f"its class {own!r} is scored as {scored!r}{more}")
    return notes


def _plain(class_name: str) -> str:
    return "".join(filter(str.isalnum, class_name.lower()))
