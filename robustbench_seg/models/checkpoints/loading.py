"""Loading checkpoints: recognised by their keys, converted to our names, and loaded strictly.

Our names are those of the authors' SegFormer (https://github.com/NVlabs/SegFormer) and ESPNet, and
mmsegmentation's of the other CNNs. Other names are converted by one of the `FORMATS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...names import check_name
from ..catalogue import MODELS
from ..checkpoint import Checkpoint, CheckpointFormat
from ..model import ENCODER, Model
from .files import Contents, read_weights, sha256
from .folders import read_folder
from .formats import FORMATS
from .sidecar import read_sidecar

_COUNTER = re.compile(r".*\.num_batches_tracked")  # of batch norm's training
_CLASSIFIER = re.compile(r"(backbone\.)?(fc|head|conv2)\..*")  # of whole images, beside an encoder


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Read a weights file, or a folder as Hugging Face lays it out (config.json, weights).

    Raises InputError for a file that cannot be read safely, or holds no known model.
    """
    path = Path(path)
    check_name(str(path))
    found = read_folder(path) if path.is_dir() else read_weights(path)
    metadata = found.metadata | read_sidecar(found.path)
    format_, family, tensors = _recognise(found)
    encoder_only = _is_encoder(tensors)
    unused = _CLASSIFIER if encoder_only else re.compile(format_.unused)
    return Checkpoint(
        format=format_,
        models=tuple(model.name for model in family if model.has_sizes(tensors)),
        encoder_only=encoder_only,
        tensors={
            name: value
            for name, value in tensors.items()
            if not unused.fullmatch(name) and not _COUNTER.fullmatch(name)
        },
        classes=_class_names(metadata, found.config),
        metadata=metadata,
        path=found.path,
        sha256=sha256(*found.files),
    )


def fill(network: nn.Module, checkpoint: Checkpoint) -> None:
    """Copy a checkpoint's tensors into a network of the same names and shapes.

    Those of an encoder go into the network's encoder; its decoder stays as it is. Raises InputError
    that lists the first keys that are missing, unexpected or of another shape.
    """
    state = network.state_dict()
    if checkpoint.encoder_only:
        state = {name: value for name, value in state.items() if name.startswith(ENCODER)}
    counters = {n: torch.zeros_like(v) for n, v in state.items() if _COUNTER.fullmatch(n)}
    own, given = state.keys() - counters.keys(), checkpoint.tensors
    problems = {
        "missing": sorted(own - given.keys()),
        "unexpected": sorted(given.keys() - own),
        "of another shape": [
            f"{name} {list(given[name].shape)} instead of {list(state[name].shape)}"
            for name in sorted(own & given.keys())
            if given[name].shape != state[name].shape
        ],
    }
    if any(problems.values()):
        lists = "; ".join(
            f"{len(names)} {what}: {_first(names)}" for what, names in problems.items() if names
        )
        raise InputError(f"{checkpoint.path}: the weights do not fit the model; {lists}")
    network.load_state_dict({**given, **counters}, strict=not checkpoint.encoder_only)


def _recognise(found: Contents) -> tuple[CheckpointFormat, list[Model], dict[str, Tensor]]:
    """Return the format of tensors, the models with their keys, and the tensors by our names."""
    for prefix in ("", ENCODER):  # encoders are published with and without it
        tensors = {prefix + name: value for name, value in found.tensors.items()}
        if family := _models_with_keys(tensors):
            model = family[0]
            own = CheckpointFormat(model.keys[0], model.classifier, model.unused)
            return own, family, tensors
        for format_ in FORMATS:
            if any(name.startswith(format_.key) for name in tensors):
                converted = format_.convert(tensors)
                return format_, _models_with_keys(converted), converted
    known = dict.fromkeys(model.description for model in MODELS.values())
    raise InputError(
        f"{found.path}: weights of no known model, with keys like {_first(found.tensors)}; known "
        f"are {', '.join(known)}"
    )


def _models_with_keys(tensors: Mapping[str, Tensor]) -> list[Model]:
    def fits(model: Model) -> bool:
        keys = [key for key in model.keys if key.startswith(ENCODER) or not encoder_only]
        return bool(keys) and all(any(name.startswith(key) for name in tensors) for key in keys)

    encoder_only = _is_encoder(tensors)
    return list(filter(fits, MODELS.values()))


def _is_encoder(tensors: Mapping[str, Tensor]) -> bool:
    return all(name.startswith(ENCODER) or _CLASSIFIER.fullmatch(name) for name in tensors)


def _first(names: Collection[str]) -> str:
    return ", ".join(list(names)[:3]) + (", ..." if len(names) > 3 else "")


def _class_names(metadata: Mapping[str, str], config: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        names = json.loads(metadata.get("classes", "null"))
        if names is None:
            labels = config.get("id2label") or {}
            names = [labels[str(index)] for index in range(len(labels))]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    # transformers writes LABEL_0, LABEL_1, ... for classes without names.
    if not isinstance(names, list) or not names or "LABEL_0" in names:
        return None
    return tuple(map(str, names))
