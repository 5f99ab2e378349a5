"""The models by name, and the weights that a choice of one means: they follow the data.

A choice is NAME or NAME@WEIGHTS. WEIGHTS is the name of the data they were trained on, `random`,
or a file or folder. Without WEIGHTS, those trained on the data at hand are taken. Models from
elsewhere are chosen by one of the forms in `adapters`, or by a name that a package registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from ..errors import InputError
from .adapters import ADAPTERS, FORMS, load_registered, registered
from .base import NOTHING, Segmenter
from .catalogue import MODELS
from .checkpoints import Checkpoint, fill, open_checkpoint
from .class_names import check_number, differences
from .named_weights import NAMED_WEIGHTS, RANDOM, find_weights


@dataclass(frozen=True)
class ModelInfo:
    """A line of `robustseg models`."""

    name: str
    title: str
    description: str
    parameters: int | None
    """With the 19 classes of Cityscapes; None where a package has registered the model."""
    weights: tuple[str, ...]
    """The data that it has weights for, by name."""


class Choice(NamedTuple):
    """A model's name, and its weights where they are given; or an adapter's prefix and target."""

    model: str
    weights: str | None
    prefix: str = ""


def list_models() -> tuple[ModelInfo, ...]:
    """Return the models that a choice can name."""
    infos = []
    for name, model in MODELS.items():
        with torch.device("meta"):
            network = model.build(19 + model.spare_outputs)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        weights = tuple(data for known, data in NAMED_WEIGHTS if known == name)
        infos.append(ModelInfo(name, model.title, model.description, parameters, weights))
    for name, entry in registered().items():
        if name not in MODELS:
            package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            infos.append(ModelInfo(name, name, f"registered by {package}", None, ()))
    return tuple(infos)


def parse_choice(choice: str) -> Choice:
    """Read NAME, NAME@WEIGHTS or PREFIX:TARGET.

    Raises InputError for an unknown model or prefix, or nothing after "@" or ":".
    """
    prefix, colon, target = choice.partition(":")
    if colon and prefix in ADAPTERS:
        if not target:
            raise InputError(f"--model {choice}: nothing after ':'; write {', '.join(FORMS)}")
        return Choice(target, None, prefix)
    name, at, weights = choice.partition("@")
    known = dict.fromkeys([*MODELS, *registered()])
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(
            f"--model {choice}: no model {name!r}{meant}; known: {', '.join(known)}, and models "
            f"from elsewhere: {', '.join(FORMS)}"
        )
    if at and not weights:
        raise InputError(f"--model {choice}: nothing after '@'; write a data name, random or FILE")
    return Choice(name, weights or None)


def build_model(
    name: str, classes: int, *, seed: int = 0, init: str | Path | None = None
) -> nn.Module:
    """Build a model to be trained, with weights drawn by a seed, or those of the file `init`.

    Where that holds only an encoder (`mit_b0.pth`), the decoder's are drawn. The global random
    generators are left as they are. Raises InputError for an unknown model or a file that does not
    fit.
    """
    choice = parse_choice(name)
    if choice.prefix or choice.model not in MODELS:
        raise InputError(
            f"--model {name}: cannot be trained here; train one of {', '.join(MODELS)}"
        )
    if choice.weights is not None:
        raise InputError(f"--model {name}: training starts from --init FILE; give the model's name")
    model = MODELS[choice.model]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = model.build(classes + model.spare_outputs)
    if init is not None:
        checkpoint = open_checkpoint(init)
        if checkpoint.format.outputs is None:
            _check_model(checkpoint, name)
        else:
            _check(checkpoint, name, classes, "the data")
        fill(network, checkpoint)
    return network


def load_model(
    choice: str, *, data: str, weights: str | None = None, classes: Sequence[str]
) -> Segmenter:
    """Return a model with the weights that a choice, or `weights`, means for a dataset.

    data is the dataset's name and classes are the names of its classes. Nothing is fetched but
    weights of the Hugging Face hub that are not in its cache. Raises InputError for an unknown
    model, weights that are not to be had, and weights that do not fit the model or the classes.
    """
    name, chosen, prefix = parse_choice(choice)
    if prefix or name not in MODELS:
        if weights is not None or chosen is not None:
            raise InputError(
                f"--model {choice}: brings its own weights; leave {weights or chosen} out"
            )
        if prefix:
            return ADAPTERS[prefix](name, data, classes)
        return load_registered(registered()[name], data, classes)
    if weights is not None and chosen is not None:
        raise InputError(f"--model {choice} with --weights {weights}: give the weights once")
    wanted = weights or chosen or data
    if wanted == RANDOM:
        network, label, trained_on = build_model(name, len(classes)), RANDOM, NOTHING
        provenance = {"source": "drawn at random, seed 0", "sha256": "", "licence": "", "note": ""}
    else:
        found = find_weights(name, wanted, data)
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
        spare_outputs=model.spare_outputs,
    )


def _check(checkpoint: Checkpoint, name: str, classes: int, data: str) -> None:
    _check_model(checkpoint, name)
    given = checkpoint.outputs - MODELS[name].spare_outputs
    check_number(checkpoint.path, given, classes, data)


def _check_model(checkpoint: Checkpoint, name: str) -> None:
    held = checkpoint.model
    # The encoder of a CNN, which has no name of its own among the models, fits several.
    fitting = [known for known in MODELS if held and (known == held or known.endswith(f"-{held}"))]
    if name in fitting:
        return
    held = held or "a SegFormer of other sizes than B0 to B5"
    ways = f"use --model {' or '.join(fitting)}" if fitting else "give weights of the model"
    raise InputError(f"{checkpoint.path}: holds {held}, not {name}; {ways}")


def _network(checkpoint: Checkpoint, name: str) -> nn.Module:
    with torch.device("meta"):  # weights that are replaced anyway need not be drawn
        network = MODELS[name].build_for(checkpoint)
    network = network.to_empty(device="cpu")
    fill(network, checkpoint)
    return network


def _notes(checkpoint: Checkpoint, classes: Sequence[str]) -> list[str]:
    steps = checkpoint.metadata.get("steps")
    trained = [f"trained for {steps} steps"] if steps else []
    return [*trained, *differences(checkpoint.classes, classes)]
