"""Hugging Face folders: a configuration, and weights in one file or in shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import InputError
from ...reading import MANIFESTS, read_data
from ..mix_transformer import REDUCTIONS
from ..segformer import VARIANTS
from .files import Contents, joint_digest, read_weights

CONFIG = "config.json"
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Files with the weights, or with the names of their shards; transformers takes the first."""
_FIXED = {
    # Settings that the tensors do not show, equal for B0 to B5.
    "num_attention_heads": list(VARIANTS["b0"].heads),
    "sr_ratios": list(REDUCTIONS),
    "strides": [4, 2, 2, 2],
    "hidden_act": "gelu",
}


def weights_files(folder: Path) -> list[Path]:
    """Return the path of the weights in a folder, and if it is an index, those of its shards.

    Raises InputError if there is none, and as `shard_names`.
    """
    for name in WEIGHTS:
        if (path := folder / name).exists():
            shards = shard_names(path) if path.suffix == ".json" else ()
            return [path, *(folder / shard for shard in shards)]
    raise InputError(
        f"{folder}: no {WEIGHTS[0]} or {WEIGHTS[2]} in this folder; give one that has weights"
    )


def read_folder(folder: Path) -> Contents:
    """Read the weights and the configuration in a folder.

    Raises InputError if one is missing or cannot be read safely, and for the configuration of a
    SegFormer that differs from B0 to B5.
    """
    path, *shards = weights_files(folder)
    config = _read_json(folder / CONFIG, "a model's configuration")
    for key, value in _FIXED.items():
        if config.get("model_type") in (None, "segformer") and config.get(key, value) != value:
            raise InputError(
                f"{folder / CONFIG}: {key} is {config[key]}, not {value} as in B0 to B5; "
                f"use --model hf:{folder}"
            )
    if not shards:
        return read_weights(path)._replace(config=config)
    tensors, digests = _join(path, shards)
    return Contents(path, joint_digest(digests), tensors, {}, config)


def shard_names(index: Path) -> tuple[str, ...]:
    """Return the names of the files that an index names, sorted.

    The index is untrusted: raises InputError for a name that is not of a weights file beside it.
    """
    weight_map = _read_json(index, "an index of weights").get("weight_map")
    names = weight_map.values() if isinstance(weight_map, dict) else ()
    if not names:
        raise InputError(f"{index}: names no weights files; download it again")
    suffix = Path(index.name.removesuffix(".index.json")).suffix
    for name in names:
        # On Windows, a colon separates a drive.
        if not isinstance(name, str) or set(name) & set("/\\:") or not name.endswith(suffix):
            raise InputError(
                f"{index}: refused: it names {name!r}; expected {suffix} files of this folder"
            )
    return tuple(sorted(set(names)))


def _join(index: Path, shards: list[Path]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of all shards, and the digest of each."""
    tensors: dict[str, Tensor] = {}
    digests: dict[str, str] = {}
    for shard in shards:
        found = read_weights(shard)
        held, digests[shard.name] = found.tensors, found.sha256
        if twice := sorted(tensors.keys() & held.keys()):
            raise InputError(f"{shard}: {twice[0]} is in another shard too; download them again")
        tensors |= held
    listed = _read_json(index, "an index of weights")["weight_map"].keys()
    if differing := sorted(listed ^ tensors.keys()):
        raise InputError(
            f"{index}: does not fit its shards: {differing[0]} is in only one of them; download "
            "them again"
        )
    return tensors, digests


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        content = json.loads(read_data(path, MANIFESTS))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: missing or not JSON; download it again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not {what}; download it again")
    return content
