"""Loading checkpoints: recognised by their keys, converted to our names, and loaded strictly.

Our names are those of the authors' SegFormer (https://github.com/NVlabs/SegFormer) and ESPNet, and
mmsegmentation's of the other CNNs. Other names are converted by one of the `FORMATS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...names import check_name
from ..catalogue import MODELS
from ..checkpoint import Checkpoint, CheckpointFormat
from ..model import ENCODER, Model
from ..weights_files import split_choice
from .files import Contents, dtype_name, plain, read_weights
from .folders import read_folder
from .formats import FORMATS
from .sidecar import read_sidecar
from .state_dicts import USUAL_PREFIXES, choose, first, notes_on, under

_COUNTER = re.compile(r".*\.num_batches_tracked")  # of batch norm's training
_TRAINING = re.compile(r"(n_averaged|\w*(criterion|loss|metric|optim)\w*\..*)", re.IGNORECASE)
"""Tensors of training alone that some codebases keep among those of the network."""
_CLASSIFIER = re.compile(r"(backbone\.)?(fc|head|conv2)(\.\w+){1,2}")
"""Classifiers of whole images, beside an encoder."""


class _Recognised(NamedTuple):
    """Tensors that are weights of known models."""

    format: CheckpointFormat
    family: list[Model]
    """Models with the keys of the tensors."""
    tensors: dict[str, Tensor]
    """Tensors by our names."""


def open_checkpoint(choice: str | Path) -> Checkpoint:
    """Read a weights file, or a folder as Hugging Face lays it out (config.json, weights).

    FILE::SET chooses one of several sets of weights in a file, such as the averaged ones. Raises
    InputError for a file that cannot be read safely, holds no known model, or several and none is
    chosen.
    """
    check_name(str(choice))
    path, chosen = split_choice(choice)
    found = read_folder(path) if path.is_dir() else read_weights(path)
    declared, sidecar_sha256 = read_sidecar(found.path)
    metadata = found.metadata | declared
    sets = _known_sets(found)
    prefix = choose(found.path, {prefix: each.tensors for prefix, each in sets.items()}, chosen)
    format_, family, tensors = sets[prefix]
    encoder_only = _is_encoder(tensors)
    unused = [re.compile(format_.unused), *([_CLASSIFIER] if encoder_only else [])]
    beside = [prefix + name for name in tensors if _TRAINING.fullmatch(name)]
    if prefix not in USUAL_PREFIXES:
        beside += [name for name in found.tensors if not name.startswith(prefix)]
    return Checkpoint(
        format=format_,
        models=tuple(model.name for model in family if model.has_sizes(tensors)),
        encoder_only=encoder_only,
        tensors={
            name: value
            for name, value in tensors.items()
            if not any(p.fullmatch(name) for p in (*unused, _COUNTER, _TRAINING))
        },
        classes=_class_names(metadata, found.config),
        metadata=metadata,
        path=found.path,
        sha256=found.sha256,
        notes=tuple(notes_on(prefix, beside, found.objects)),
        sidecar_sha256=sidecar_sha256,
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
    both = sorted(own & given.keys())
    problems = {
        "missing": sorted(own - given.keys()),
        "unexpected": sorted(given.keys() - own),
        "of another shape": [
            f"{name} {list(given[name].shape)} instead of {list(state[name].shape)}"
            for name in both
            if given[name].shape != state[name].shape
        ],
        "of another kind": [
            f"{name} {dtype_name(given[name])} instead of {dtype_name(state[name])}"
            for name in both
            if given[name].is_floating_point() != state[name].is_floating_point()
        ],
    }
    if any(problems.values()):
        lists = "; ".join(
            f"{len(names)} {what}: {first(names)}" for what, names in problems.items() if names
        )
        raise InputError(f"{checkpoint.path}: the weights do not fit the model; {lists}")
    network.load_state_dict({**given, **counters}, strict=not checkpoint.encoder_only)


def _known_sets(found: Contents) -> dict[str, _Recognised]:
    """Return the sets of tensors of known models, by the prefix that their names share.

    Encoders count only where there is no whole model. Raises InputError if there is neither.
    """
    tensors = found.tensors
    for encoder in ("", ENCODER):  # encoders are published with and without it

        def read(
            prefix: str, inner: Sequence[str] = (), encoder: str = encoder
        ) -> _Recognised | None:
            own = plain(found.path, under(prefix, tensors, inner))
            return _recognise({encoder + name: value for name, value in own.items()})

        kinds = {prefix: _kind(read(prefix)) for prefix in _prefixes(tensors, encoder)}
        known = [prefix for prefix, kind in kinds.items() if kind]
        # Inside a set, a part that looks like another model is no set.
        apart = [p for p in known if all(kinds[p] == kinds[q] for q in known if p.startswith(q))]
        sets = {p: read(p, [q for q in apart if q.startswith(p) and q != p]) for p in apart}
        held = {prefix: each for prefix, each in sets.items() if each}
        if held:
            return {p: each for p, each in held.items() if not _is_encoder(each.tensors)} or held
    plain(found.path, tensors)  # unusual tensors are the likelier cause
    raise InputError(
        f"{found.path}: weights of no known model, with keys like {first(tensors)}; known are "
        f"{', '.join(dict.fromkeys(model.description for model in MODELS.values()))}"
    )


def _prefixes(names: Iterable[str], encoder: str) -> list[str]:
    """Return what stands before the keys of known models in names, each once."""
    keys = [key for model in MODELS.values() for key in model.keys]
    keys += [format_.key for format_ in FORMATS]
    starts = [re.escape(key.removeprefix(encoder)) for key in keys if key.startswith(encoder)]
    pattern = re.compile(rf"((?:.*?\.)??)(?:{'|'.join(dict.fromkeys(starts))})")
    return list(dict.fromkeys(match[1] for name in names if (match := pattern.match(name))))


def _kind(recognised: _Recognised | None) -> tuple[str, ...]:
    if recognised is None:
        return ()
    return recognised.format.key, *(model.name for model in recognised.family)


def _recognise(tensors: dict[str, Tensor]) -> _Recognised | None:
    """Convert tensors to our names if they are weights of a known model."""
    if family := _models_with_keys(tensors):
        model = next((each for each in family if each.has_sizes(tensors)), family[0])
        own = CheckpointFormat(model.keys[0], model.classifier, model.unused)
        return _Recognised(own, family, tensors)
    for format_ in FORMATS:
        if any(name.startswith(format_.key) for name in tensors):
            converted = format_.convert(tensors)
            return _Recognised(format_, _models_with_keys(converted), converted)
    return None


def _models_with_keys(tensors: Mapping[str, Tensor]) -> list[Model]:
    def fits(model: Model) -> bool:
        keys = [key for key in model.keys if key.startswith(ENCODER) or not encoder_only]
        return bool(keys) and all(any(name.startswith(key) for name in tensors) for key in keys)

    encoder_only = _is_encoder(tensors)
    return list(filter(fits, MODELS.values()))


def _is_encoder(tensors: Mapping[str, Tensor]) -> bool:
    return all(name.startswith(ENCODER) or _CLASSIFIER.fullmatch(name) for name in tensors)


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
