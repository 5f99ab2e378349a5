"""`mmseg:CONFIG.py@CHECKPOINT` and `mmseg:CHECKPOINT`: the models of mmsegmentation 1.x.

mmsegmentation builds the network, which runs as in its `inference_model`. A configuration file is
code, which mmengine executes: use only those that you trust. A checkpoint runs no code: its tensors
are read with `weights_only=True`, and the configuration in it is parsed as data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InputError
from ..base import Segmenter
from ..checkpoint import Checkpoint, CheckpointFormat
from ..checkpoints import fill
from ..checkpoints.files import Contents, joint_digest, plain, read_weights
from ..checkpoints.state_dicts import first, under
from ..class_names import check_class_count
from ..label_convention import read_convention
from ..weights_files import split_choice
from .external import existing_file, file_label, provenance
from .mmseg_config import check_texts, parse_config, without_sources
from .mmseg_network import (
    MmsegNetwork,
    build,
    check_registered,
    class_names,
    execute_config,
    import_mmseg,
)
from .mmseg_pipeline import read_padding, read_preprocessing, read_window

_CODE = ".py@"


class _Configuration(NamedTuple):
    """The settings that say how a model is run."""

    where: str
    """Where they stand, for messages."""
    values: Mapping[str, Any]
    model: dict[str, Any]
    """Settings of the network, without weights that the checkpoint replaces."""


def load_mmsegmentation(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Load a model of mmsegmentation.

    Raises InputError for missing files and packages, for a configuration that cannot be followed
    exactly, and for a checkpoint of another one.
    """
    choice = f"mmseg:{target}"
    config_path, checkpoint_path, chosen = _files(choice, target)
    contents = read_weights(checkpoint_path)
    if config_path is None:
        config = _stored(contents)
        import_mmseg(choice)
        check_registered(choice, config.where, config.model)
        digest = contents.sha256
    else:
        import_mmseg(choice)
        config = _configuration(str(config_path), execute_config(choice, config_path))
        settings = json.dumps(config.values, sort_keys=True, default=str)
        digest = joint_digest({"configuration": settings.encode(), "weights": contents.sha256})
    preprocessor = config.model.get("data_preprocessor") or {}
    preprocessing = read_preprocessing(config.where, _steps(config), preprocessor)
    padding = read_padding(config.where, preprocessor)
    window = read_window(config.where, config.model.get("test_cfg") or {}, padding)
    model = build(choice, config.model)
    check_class_count(config.where, model.num_classes, len(classes), data)
    tensors = _state_dict(contents, chosen)
    fill(model, _checkpoint(contents, tensors))
    names = json.loads(contents.metadata.get("classes", "null")) or class_names(config.values)
    name = file_label(contents.path)
    sources = [path.name for path in (config_path, contents.path) if path is not None]
    return Segmenter(
        name=f"mmseg:{name}",
        network=MmsegNetwork(model, padding).eval(),
        preprocessing=preprocessing,
        window=window,
        classes=tuple(names or classes),
        trained_on=f"the data of {contents.path.name}",
        weights=provenance(" and ".join(sources), digest),
        convention=read_convention(contents.path.parent, names, classes, str(config.values)),
        align_corners=model.align_corners,
    )


def _files(choice: str, target: str) -> tuple[Path | None, Path, str]:
    """Return the configuration, the checkpoint, and the set of weights in it that is meant."""
    before, mark, after = target.partition(_CODE)
    if (mark and not after) or target.endswith(".py"):
        raise InputError(
            f"--model {choice}: names no checkpoint; write mmseg:CONFIG.py@CHECKPOINT.pth, or "
            "mmseg:CHECKPOINT.pth for one that holds its configuration"
        )
    config = existing_file(choice, f"{before}.py", "a configuration file") if mark else None
    path, chosen = split_choice(after if mark else target)
    return config, existing_file(choice, str(path), "a checkpoint file"), chosen


def _stored(contents: Contents) -> _Configuration:
    """Return the configuration in a checkpoint, which must not be able to run code."""
    if "config" not in contents.metadata:
        raise InputError(
            f"{contents.path}: holds no configuration (meta, cfg); give it: "
            "mmseg:CONFIG.py@CHECKPOINT"
        )
    where = f"{contents.path}: its configuration"
    config = _configuration(where, parse_config(where, contents.metadata["config"]))
    check_texts(where, config.model)
    return config


def _configuration(where: str, values: Mapping[str, Any]) -> _Configuration:
    model = values.get("model")
    if not isinstance(model, Mapping) or "data_preprocessor" not in model:
        raise InputError(
            f"{where}: has no model with a data_preprocessor, as those of mmsegmentation 1.x have; "
            "give one of that version: mmseg:CONFIG.py@CHECKPOINT"
        )
    return _Configuration(where, values, without_sources(dict(model)))


def _steps(config: _Configuration) -> Sequence[Mapping[str, Any]]:
    steps = config.values.get("test_pipeline")
    if not isinstance(steps, list | tuple) or not all(isinstance(each, Mapping) for each in steps):
        raise InputError(
            f"{config.where}: has no test_pipeline, a list of steps; write it, as in the "
            "configurations of mmsegmentation"
        )
    return steps


def _state_dict(contents: Contents, chosen: str) -> dict[str, Any]:
    tensors = contents.tensors
    names = {name.partition(".")[0] for name in tensors}
    if chosen and chosen not in names:
        raise InputError(
            f"{contents.path}::{chosen}: holds no such set of weights, but {first(sorted(names))}"
        )
    wanted = chosen or ("state_dict" if "state_dict" in names else "")
    own = under(f"{wanted}." if wanted else "", tensors)
    return plain(contents.path, own)


def _checkpoint(contents: Contents, tensors: Mapping[str, Any]) -> Checkpoint:
    """Return the tensors as `fill` takes them."""
    return Checkpoint(
        format=CheckpointFormat(key="", classifier=""),
        models=(),
        encoder_only=False,
        # Counters of batch norm's training, which some checkpoints lack.
        tensors={n: each for n, each in tensors.items() if not n.endswith("num_batches_tracked")},
        classes=None,
        metadata=contents.metadata,
        path=contents.path,
        sha256=contents.sha256,
    )
