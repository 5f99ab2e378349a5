"""Untrusted weights files: read as tensors, without running code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ...errors import InputError
from ...reading import open_data, read_data
from .pickle_stubs import load_tensors
from .state_dicts import first, flatten

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Contents(NamedTuple):
    """The contents of a weights file, or of a folder."""

    path: Path
    """The weights file, or the index of its shards."""
    sha256: str
    """Digest of the file, or of its shards, sorted: of the bytes that were parsed."""
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    """Metadata in the file: `classes`, names as a JSON list; `config`, the configuration of the
    training as OpenMMLab's codebases write it, in Python; and others."""
    config: Mapping[str, Any]
    """The model's configuration in a folder; empty for a file."""
    objects: tuple[str, ...] = ()
    """Names of the classes and functions in the file that were not read."""


def read_weights(path: Path) -> Contents:
    """Read the tensors of a .safetensors file, or of a PyTorch file (.pth, .bin) of any version.

    Tensors are found at any depth of containers, which become parts of their names. No code in the
    file is run. Raises InputError.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; give a weights file (.safetensors, .pth, .bin)")
    objects: tuple[str, ...] = ()
    content = read_data(path)
    if path.suffix == ".safetensors":
        loaded, metadata = _read_safetensors(path, content)
    else:
        loaded, objects = _read_torch(path, content)
        metadata = _metadata(loaded)
    tensors = flatten(path, loaded)
    if not tensors:
        beside = f" beside Python objects ({first(objects)}), which could run code" * bool(objects)
        raise InputError(f"{path}: holds no weights{beside}; save a state_dict (tensors by name)")
    return Contents(path, joint_digest({path.name: content}), tensors, metadata, {}, objects)


def plain(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return dense tensors on the CPU, floating-point values as float32; InputError for others."""
    for name, value in tensors.items():
        special = value.is_quantized or value.is_complex() or value.layout != torch.strided
        if special or value.device.type != "cpu":  # a tensor on "meta" has no values
            raise InputError(
                f"{path}: {name} is quantized, complex, sparse or on meta; save plain tensors"
            )
        if value.is_floating_point() and value.dtype not in _FLOATS:
            raise InputError(
                f"{path}: {name} is {dtype_name(value)}, whose scale is not known; save float32"
            )
    return {name: v.float() if v.is_floating_point() else v for name, v in tensors.items()}


def dtype_name(tensor: Tensor) -> str:
    """Return the name of a tensor's dtype, such as "float32"."""
    return str(tensor.dtype).removeprefix("torch.")


def _read_safetensors(path: Path, content: bytes) -> tuple[object, dict[str, str]]:
    try:
        tensors = load(content)
        # The bytes begin with the length of a JSON header, which the parser has checked.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return tensors, dict(header.get("__metadata__") or {})
    except (SafetensorError, KeyError) as error:  # KeyError: a dtype that torch lacks
        raise InputError(
            f"{path}: not a safetensors file, or truncated; download or save it again"
        ) from error


def _read_torch(path: Path, content: bytes) -> tuple[object, tuple[str, ...]]:
    try:
        return load_tensors(content)
    # torch reports damaged files by the exceptions of its readers, of any type.
    except Exception as error:
        if re.search("unsupported global|unrecognized function", str(error), re.IGNORECASE):
            named = re.search(r"GLOBAL ([\w.]+)", str(error))
            held = f" ({named[1]})" if named else ""
            raise InputError(
                f"{path}: refused: it holds Python objects{held} beside tensors, and reading them "
                "could run code; save its state_dict alone, or as safetensors"
            ) from error
        raise InputError(
            f"{path}: not a weights file, or truncated; download or save it again"
        ) from error


def _metadata(loaded: object) -> dict[str, str]:
    """Return the configuration and the class names that OpenMMLab's codebases store."""
    meta: Any = loaded.get("meta") if isinstance(loaded, Mapping) else None
    if not isinstance(meta, Mapping):
        return {}
    text = meta.get("cfg", meta.get("config"))  # the former since mmengine
    config = {"config": text} if isinstance(text, str) else {}
    dataset = meta.get("dataset_meta")  # since mmengine
    for holder in (meta, dataset if isinstance(dataset, Mapping) else {}):
        for key in ("CLASSES", "classes"):
            names = holder.get(key)
            if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
                return config | {"classes": json.dumps(names)}
    return config


def sha256(*paths: Path) -> str:
    """Return the SHA-256 of a file; for several, that of the lines that `sha256sum` prints."""
    digests = {}
    for path in paths:
        with open_data(path) as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return joint_digest(digests)


def joint_digest(parts: Mapping[str, bytes | str]) -> str:
    """Return what `sha256` does, of files that were read: content or digest by name."""
    digests = {
        name: part if isinstance(part, str) else hashlib.sha256(part).hexdigest()
        for name, part in parts.items()
    }
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256(lines.encode()).hexdigest()
