"""Untrusted weights files: read as tensors, without running code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import InputError

WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")
"""Keys under which codebases store the weights; the averaged ones, which they evaluate, first."""
PREFIXES = re.compile(r"^(module\.)?(_orig_mod\.)?")
"""Prefixes that training on several devices, and compiling, add to the names."""


class Stub:
    """An object that accepts any arguments and any state, and keeps nothing."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, _: Any) -> None: ...


# mmengine pickles the history of its losses beside the weights, which is not needed. Stubs of these
# names are created instead, which runs no code of mmengine.
STUBS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (Stub, "mmengine.logging.history_buffer.HistoryBuffer"),
    (Stub, "builtins.getattr"),  # pickles references to its methods
    # Its numbers are NumPy's, whose modules have an underscore since NumPy 2.
    (Stub, "numpy.ndarray"),
    (Stub, "numpy.dtype"),
    (Stub, "numpy.core.multiarray._reconstruct"),
    (Stub, "numpy.core.multiarray.scalar"),
    (Stub, "numpy._core.multiarray._reconstruct"),
    (Stub, "numpy._core.multiarray.scalar"),
]


class Contents(NamedTuple):
    """The contents of a weights file, or of a folder."""

    path: Path
    """The weights file, or the index of its shards."""
    files: Sequence[Path]
    """The weights file, or its shards, sorted."""
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    """Metadata in the file: `classes`, names as a JSON list; `config`, the configuration of the
    training as OpenMMLab's codebases write it, in Python; and others."""
    config: Mapping[str, Any]
    """The model's configuration in a folder; empty for a file."""


def read_weights(path: Path) -> Contents:
    """Read the tensors of a .safetensors file, or of a PyTorch file (.pth, .bin) of any version.

    No code in the file is run. WRAPPERS are unwrapped and PREFIXES removed; floating-point values
    become float32, on the CPU. Raises InputError.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a weights file (.safetensors, .pth, .bin)")
    if path.suffix == ".safetensors":
        loaded, metadata = _read_safetensors(path)
    else:
        loaded = _read_torch(path)
        metadata = _metadata(loaded)
    for key in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
            break
    if not isinstance(loaded, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    ):
        raise InputError(f"{path}: holds no weights; save a state_dict (tensors by name)")
    for name, value in loaded.items():
        special = value.is_quantized or value.is_complex() or value.layout != torch.strided
        if special or value.device.type != "cpu":  # a tensor on "meta" has no values
            raise InputError(
                f"{path}: {name} is quantized, complex, sparse or on meta; save plain tensors"
            )
    tensors: dict[str, Tensor] = {}
    for name, value in loaded.items():
        name = PREFIXES.sub("", name)
        if name in tensors:
            raise InputError(f"{path}: holds {name} twice, once with a prefix; keep one of them")
        tensors[name] = value.float() if value.is_floating_point() else value
    return Contents(path, [path], tensors, metadata, config={})


def _read_safetensors(path: Path) -> tuple[object, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: not a safetensors file, or truncated; download or save it again"
        ) from error


def _read_torch(path: Path) -> object:
    try:
        with torch.serialization.safe_globals(STUBS):
            return torch.load(path, weights_only=True, map_location="cpu")
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
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append((hashlib.file_digest(file, "sha256").hexdigest(), path.name))
    if len(digests) == 1:
        return digests[0][0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in digests)
    return hashlib.sha256(lines.encode()).hexdigest()
