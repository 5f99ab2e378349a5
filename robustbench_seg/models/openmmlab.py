"""mmsegmentation's configuration in a checkpoint: settings of a network that no tensor shows.

The configuration is Python source. It is parsed as data and never run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from .checkpoint import Checkpoint


def network_settings(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the plain values in the configuration's `model`, by names like "backbone.strides".

    Sequences are tuples. The result is empty for a checkpoint without a configuration.
    """
    found: dict[str, Any] = {}
    for statement in _statements(checkpoint.metadata.get("config", "")):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "model":
            _collect(statement.value, "", found)
    return found


def check_settings(checkpoint: Checkpoint, supported: Mapping[str, Any]) -> None:
    """Raise InputError if the configuration gives a setting another value than the network has."""
    given = network_settings(checkpoint)
    for name, value in supported.items():
        if name in given and given[name] != value:
            raise InputError(
                f"{checkpoint.path}: trained with {name} = {given[name]!r:.60}, where {value!r} is "
                "supported; evaluate it with mmsegmentation (--model mmseg:CONFIG@CHECKPOINT)"
            )


def _statements(config: str) -> list[ast.stmt]:
    try:
        return ast.parse(config).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _collect(node: ast.expr, prefix: str, found: dict[str, Any]) -> None:
    """Add the values of dict(...) and {...}, and of those nested in it, by their dotted names."""
    pairs: list[tuple[str, ast.expr]] = []
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict":
        pairs = [(each.arg, each.value) for each in node.keywords if each.arg]
    elif isinstance(node, ast.Dict):
        keys = ((key, value) for key, value in zip(node.keys, node.values, strict=True))
        pairs = [(str(key.value), value) for key, value in keys if isinstance(key, ast.Constant)]
    for name, value in pairs:
        if isinstance(value, ast.Call | ast.Dict):
            _collect(value, f"{prefix}{name}.", found)
            continue
        try:
            plain = ast.literal_eval(value)
        except (ValueError, TypeError, RecursionError, MemoryError):  # a name, or nested calls
            continue
        found[prefix + name] = tuple(plain) if isinstance(plain, list) else plain
