"""Weight files, read as what they are, untrusted: tensors come out, no code is run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ...errors import InputError
from ..segformer import REDUCTIONS, VARIANTS


def read(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a .safetensors file, or of a PyTorch file (.pth, .bin) of any age.

    No code in the file is run. `state_dict` or `model` is unwrapped and a prefix `module.` is
    removed; half-precision values become float32, on the CPU. Raises InputError.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a weights file (.safetensors, .pth, .bin)")
    loaded = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for key in ("state_dict", "model"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    ):
        raise InputError(f"{path}: holds no weights: expected tensors by name (a state_dict)")
    return {
        name.removeprefix("module."): value.float() if value.is_floating_point() else value
        for name, value in loaded.items()
    }


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: not a safetensors file, or truncated; download or save it again"
        ) from error


def _read_torch(path: Path) -> object:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    # torch tells of damaged files by whatever its readers stumble over.
    except Exception as error:
        if "unsupported global" in str(error).lower():
            raise InputError(
                f"{path}: refused: it holds Python objects beside tensors, and reading them could "
                "run code; save its state_dict alone, or as safetensors"
            ) from error
        raise InputError(
            f"{path}: not a weights file, or truncated; download or save it again"
        ) from error


def open_folder(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the weights' file and the configuration in a folder as Hugging Face lays it out.

    Raises InputError where one is missing, or the configuration is not that of a B0 to B5.
    """
    files = [folder / name for name in ("model.safetensors", "pytorch_model.bin")]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        raise InputError(f"{folder}: no model.safetensors or pytorch_model.bin in this folder")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'config.json'}: missing or not JSON") from error
    if not isinstance(config, dict):
        raise InputError(f"{folder / 'config.json'}: not a model's configuration")
    heads = list(VARIANTS["b0"].heads)
    for key, value in {"num_attention_heads": heads, "sr_ratios": list(REDUCTIONS)}.items():
        if config.get(key, value) != value:
            raise InputError(
                f"{folder / 'config.json'}: {key} is {config[key]}, not {value} as in B0 to B5"
            )
    return path, config


def read_metadata(path: Path) -> dict[str, str]:
    """Return what a safetensors file says about itself; nothing for other files."""
    if path.suffix != ".safetensors":
        return {}
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
