"""What a weights file declares of its training: in its metadata, and in NAME.toml beside it.

    # espnet.toml, beside espnet.pth; every key is optional
    mean = [72.4, 82.9, 73.2]        # of the channels, in grey levels, 0-255
    std = [45.3, 46.2, 44.9]
    channels = "BGR"                 # the order of the channels, also of mean and std
    size = "1024x512"                # the input's WIDTHxHEIGHT
    window = "whole"                 # or "slide", or {mode = "slide", crop = 768, stride = 512}
    classes = ["road", "sidewalk"]   # names of the outputs, in their order
    trained_on = "my streets"

The metadata of a safetensors file has the same keys; lists and tables are JSON there.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...reading import SETTINGS, decode_text, read_data
from ..adapters.metadata import parse_json, parse_preprocessing, parse_window
from ..base import WHOLE

INPUT = ("mean", "std", "channels", "size", "window")
"""Keys that say how an image enters the network."""
_WORDS = ("channels", "window", "size", "trained_on", "licence")
"""Keys whose values may be plain text."""


def read_sidecar(weights: Path) -> tuple[dict[str, str], str]:
    """Return what NAME.toml beside a weights file says, as metadata, and the file's SHA-256.

    Both are empty if there is none.
    Raises InputError for a file that is not TOML, and for unknown keys and values.
    """
    path = weights.with_suffix(".toml")
    if not path.exists():
        return {}, ""
    try:
        content = read_data(path, SETTINGS)
        values = tomllib.loads(decode_text(content))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML ({error}); see docs/models.md") from error
    known = (*INPUT, "classes", "trained_on", "licence")
    if unknown := [key for key in values if key not in known]:
        raise InputError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    parse_preprocessing(str(path), values)
    parse_window(str(path), values.get("window"), WHOLE)
    names = values.get("classes", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}: classes is {names!r:.60}; expected a list of names")
    for key in ("trained_on", "licence"):
        if not isinstance(values.get(key, ""), str):
            raise InputError(f"{path}: {key} is {values[key]!r:.60}; expected a text")
    metadata = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }
    return metadata, hashlib.sha256(content).hexdigest()


def input_settings(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the keys `INPUT` that a checkpoint's metadata has.

    What OpenMMLab's configuration in it says comes after its own keys. Raises InputError for a
    value that is not JSON.
    """
    own = {
        key: _value(f"{path}: metadata {key}", key, metadata[key])
        for key in INPUT
        if key in metadata
    }
    return {**_of_configuration(metadata.get("config", "")), **own}


def _value(where: str, key: str, text: str) -> Any:
    return text if key in _WORDS and text[:1] not in ("[", "{") else parse_json(where, text)


def _of_configuration(config: str) -> dict[str, Any]:
    """Return the settings in a configuration of mmsegmentation, from 0.x to 1.x, in Python.

    The text is parsed and not run. Its images are BGR, and `to_rgb` or `bgr_to_rgb` reverses them.
    """
    try:
        tables = list(_tables(ast.parse(config)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, Any] = {}
    for table in tables:
        if isinstance(table.get("mean"), list) and isinstance(table.get("std"), list):
            reversed_ = table.get("to_rgb", table.get("bgr_to_rgb", False))
            found |= {"mean": table["mean"], "std": table["std"]}
            found["channels"] = "RGB" if reversed_ else "BGR"
        mode = table.get("mode")
        if mode == "whole":
            found["window"] = mode
        elif mode == "slide":
            found["window"] = {
                "mode": mode,
                "crop": table.get("crop_size"),
                "stride": table.get("stride"),
            }
    return found


def _tables(tree: ast.AST) -> Iterator[dict[str, Any]]:
    """Yield each dict(...) and {...} with the values in it that are plain, outer ones first."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "dict"
        ):
            pairs = [(each.arg, each.value) for each in node.keywords if each.arg]
        elif isinstance(node, ast.Dict):
            pairs = [
                (key.value, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        else:
            continue
        yield {key: _plain(value) for key, value in pairs}


def _plain(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):  # a name or a call
        return None
    return list(value) if isinstance(value, tuple) else value
