"""Models by name, and the weights that a choice of one means.

A choice is NAME or NAME@WEIGHTS. WEIGHTS is the name of the data they were trained on, `random`, a
file, a folder or a repository. Without WEIGHTS, those trained on the data at hand are taken, else
published ones of its taxonomy: those of Cityscapes on the embedded scenes. Models of other projects
are chosen through one of the `ADAPTERS`, or by a name that a package registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from ..errors import InputError
from ..names import check_name
from .adapters.huggingface import load_huggingface
from .adapters.mmsegmentation import load_mmsegmentation
from .adapters.onnx import load_onnx
from .adapters.predictions import load_predictions
from .adapters.python import load_python, load_registered, registered
from .adapters.torchscript import load_torchscript
from .base import NOTHING, Segmenter
from .catalogue import MODELS
from .checkpoint import Checkpoint
from .checkpoints import fill, open_checkpoint
from .class_mask import in_order
from .class_names import ClassOrder, check_class_count
from .declared import declare
from .label_convention import read_convention
from .model_names import model_name, nearest_names
from .named_weights import RANDOM, find_weights, find_weights_for

Load = Callable[[str, str, Sequence[str]], Segmenter]
"""Load a model from a target, the data's name and its classes, or raise InputError."""

ADAPTERS: Mapping[str, tuple[str, Load]] = {
    "hf": ("REPOSITORY_OR_FOLDER", load_huggingface),
    "onnx": ("FILE", load_onnx),
    "torchscript": ("FILE", load_torchscript),
    "python": ("MODULE:FACTORY", load_python),
    "predictions": ("FOLDER", load_predictions),
    "mmseg": ("CONFIG.py@CHECKPOINT", load_mmsegmentation),
}
"""Adapters by the prefix of their choices: the form of a target, for messages, and its `Load`."""


class Choice(NamedTuple):
    """A model's name and the weights given with it, or an adapter's prefix and target."""

    model: str
    weights: str | None
    prefix: str = ""


def parse_choice(choice: str) -> Choice:
    """Parse NAME, NAME@WEIGHTS or PREFIX:TARGET; NAME may be spelled in other ways.

    Raises InputError for an unknown model or prefix, or nothing after "@" or ":".
    """
    forms = ", ".join(f"{prefix}:{form}" for prefix, (form, _) in ADAPTERS.items())
    prefix, colon, target = choice.partition(":")
    if colon and prefix in ADAPTERS:
        if not target:
            raise InputError(f"--model {choice}: nothing after ':'; write {forms}")
        return Choice(target, None, prefix)
    text, at, weights = choice.partition("@")
    known = dict.fromkeys([*MODELS, *registered()])
    name = text if text in known else model_name(text)
    if name not in known:
        near = nearest_names(name, known)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise InputError(
            f"--model {choice}: no model {name!r}; known: {', '.join(known)}, and models "
            f"from elsewhere: {forms}{meant}"
        )
    if at and not weights:
        raise InputError(f"--model {choice}: nothing after '@'; write a data name, random or FILE")
    return Choice(name, weights or None)


def is_built_in(choice: str) -> bool:
    """Return whether a choice names a model of the catalogue."""
    name, _, prefix = parse_choice(choice)
    return not prefix and name in MODELS


def build_model(
    name: str, classes: int, *, seed: int = 0, init: str | Path | None = None
) -> nn.Module:
    """Build a model to train, with weights drawn from a random seed or read from the file `init`.

    For a file with only an encoder (`mit_b0.pth`), the decoder's weights are drawn. The global
    random generators keep their states. Raises InputError for an unknown model or unfit file.
    """
    choice = parse_choice(name)
    if choice.prefix or choice.model not in MODELS:
        raise InputError(
            f"--model {name}: cannot be trained here; train one of {', '.join(MODELS)}"
        )
    if choice.weights is not None:
        raise InputError(f"--model {name}: training starts from --init FILE; give the model's name")
    network = _draw(choice.model, classes, seed)
    if init is not None:
        checkpoint = _open_weights(init, choice.model)
        if not checkpoint.encoder_only:
            _check_classes(checkpoint, choice.model, classes, "the data")
        fill(network, checkpoint)
    return network


def load_models(
    choices: Iterable[str | Segmenter],
    *,
    data: str,
    taxonomy: str = "",
    weights: str | None = None,
    classes: Sequence[str],
    seed: int = 0,
    encoders: bool = False,
    class_order: ClassOrder = "by-name",
) -> tuple[Segmenter, ...]:
    """Load several models as `load_model` does; segmenters stay as they are.

    Raises InputError as `load_model`, and for two models of one name.
    """
    load = partial(
        load_model,
        data=data,
        taxonomy=taxonomy,
        weights=weights,
        classes=classes,
        seed=seed,
        encoders=encoders,
        class_order=class_order,
    )
    segmenters = tuple(one if isinstance(one, Segmenter) else load(one) for one in choices)
    names = [segmenter.name for segmenter in segmenters]
    for name in names:
        check_name(name)
        if names.count(name) > 1:
            raise InputError(
                f"--model: two models are named {name}; give each once, or rename a file"
            )
    return segmenters


def load_model(
    choice: str,
    *,
    data: str,
    taxonomy: str = "",
    weights: str | None = None,
    classes: Sequence[str],
    seed: int = 0,
    encoders: bool = False,
    class_order: ClassOrder = "by-name",
) -> Segmenter:
    """Load a model with the weights that a choice, or `weights`, means for a dataset.

    data is the dataset's name and classes are the names of its classes. Where no weights have its
    name, published ones of its taxonomy are loaded. The seed draws the weights of NAME@random. With
    `encoders`, a file with only an encoder gives a segmenter without classes, whose decoder is
    meaningless. Classes that the model names are put into the order of the data's, unless
    `class_order` is "as-is" or only the encoder is wanted. Only weights on the Hugging Face hub are
    downloaded, once. Raises InputError for an unknown model, and for missing weights or those of
    other sizes or classes.
    """
    name, chosen, prefix = parse_choice(choice)
    as_is = encoders or class_order == "as-is"
    if prefix or name not in MODELS:
        if weights is not None or chosen is not None:
            raise InputError(
                f"--model {choice}: brings its own weights; leave {weights or chosen} out"
            )
        if prefix:
            _, load = ADAPTERS[prefix]
            segmenter = load(name, data, classes)
        else:
            segmenter = load_registered(registered()[name], data, classes)
        segmenter, names = in_order(segmenter, segmenter.classes, classes, as_is)
        note = "; ".join(filter(None, [*names, segmenter.weights["note"]]))
        return replace(segmenter, weights={**segmenter.weights, "note": note})
    if weights is not None and chosen is not None:
        raise InputError(f"--model {choice} with --weights {weights}: give the weights once")
    wanted = weights or chosen
    if wanted == RANDOM:
        source = f"drawn at random, seed {seed}"
        provenance = {"source": source, "sha256": "", "licence": "", "note": ""}
        network = _draw(name, len(classes), seed)
        return _segmenter(name, RANDOM, network, classes, NOTHING, provenance)
    found = find_weights(name, wanted, data) if wanted else find_weights_for(name, data, taxonomy)
    checkpoint = _open_weights(found.path, name)
    metadata = checkpoint.metadata
    provenance = {
        "source": found.source,
        "sha256": checkpoint.sha256,
        "licence": found.licence or metadata.get("licence", ""),
    }
    if checkpoint.sidecar_sha256:
        provenance["sidecar_sha256"] = checkpoint.sidecar_sha256
    if encoders and checkpoint.encoder_only:
        network = _draw(name, 1, seed, **checkpoint.format.settings)
        fill(network, checkpoint)
        return _segmenter(name, found.label, network, (), "ImageNet, as encoders are", provenance)
    _check_classes(checkpoint, name, len(classes), data)
    steps = [f"trained for {metadata['steps']} steps"] if metadata.get("steps") else []
    notes = [found.note, *steps, *checkpoint.notes]
    unknown = metadata.get("trained_on", f"the data of {found.path.name}")
    network = _network(checkpoint, name)
    trained_on = found.trained_on or unknown
    segmenter = _segmenter(name, found.label, network, classes, trained_on, provenance)
    if not found.named:
        folder, configuration = checkpoint.path.parent, metadata.get("config", "")
        convention = read_convention(folder, checkpoint.classes, classes, configuration)
        segmenter = replace(segmenter, convention=convention)
    segmenter, names = in_order(segmenter, checkpoint.classes, classes, as_is)
    note = "; ".join(filter(None, [*notes, *names]))
    segmenter = replace(segmenter, weights={**segmenter.weights, "note": note})
    if found.named:
        return segmenter
    return declare(segmenter, checkpoint, MODELS[name].published_sizes)


def _draw(name: str, classes: int, seed: int, **settings: Any) -> nn.Module:
    model = MODELS[name]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return model.build(classes + model.spare_outputs, **settings)


def _network(checkpoint: Checkpoint, name: str) -> nn.Module:
    model = MODELS[name]
    build = model.build_for or (lambda checkpoint: model.build(checkpoint.outputs))
    with torch.device("meta"):  # weights that are replaced anyway need not be drawn
        network = build(checkpoint)
    # Not by `to_empty`, for which torch imports SymPy: that takes longer than all else here.
    empty = {name: torch.empty(x.shape, dtype=x.dtype) for name, x in network.state_dict().items()}
    network.load_state_dict(empty, assign=True)
    fill(network, checkpoint)
    return network


def _segmenter(
    name: str,
    label: str,
    network: nn.Module,
    classes: Sequence[str],
    trained_on: str,
    provenance: dict[str, str],
) -> Segmenter:
    model = MODELS[name]
    return Segmenter(
        name=f"{name}@{label}",
        network=network.eval(),
        preprocessing=model.preprocessing,
        window=model.window,
        classes=tuple(classes),
        trained_on=trained_on,
        weights=provenance,
        spare_outputs=model.spare_outputs,
        align_corners=getattr(network, "align_corners", None),
    )


def _open_weights(path: str | Path, name: str) -> Checkpoint:
    checkpoint = open_checkpoint(path)
    fitting = checkpoint.models
    if name not in fitting:
        held = checkpoint.model or ("an encoder" if fitting else "a network of other sizes")
        remedy = f"use --model {' or '.join(fitting)}" if fitting else "give weights of the model"
        raise InputError(f"{checkpoint.path}: holds {held}, not {name}; {remedy}")
    return checkpoint


def _check_classes(checkpoint: Checkpoint, name: str, classes: int, data: str) -> None:
    given = checkpoint.outputs - MODELS[name].spare_outputs
    check_class_count(checkpoint.path, given, classes, data)
