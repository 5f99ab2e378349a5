"""Differences of two specifications, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = 3


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the differences of two specifications: "seed (0, 1), versions torch (2, 3)".

    Both are plain values from `Spec.to_dict`. Returns "" for equal ones.
    """
    # Through JSON, since tuples are stored as lists.
    left, right = (json.loads(json.dumps(each)) for each in (one, other))
    found = list(dict.fromkeys(_walk("", left, right)))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _walk(path: str, one: Any, other: Any) -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(one.keys() | other.keys()):
            yield from _walk(f"{path} {key}".strip(), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{path} ({len(one)}, {len(other)} of them)"
            return
        named = path == "models"
        for left, right in zip(one, other, strict=True):
            same = named and left.get("name") == right.get("name")
            yield from _walk(f"{path} {left['name']}", left, right) if same else (path,)
    else:
        short = all(len(str(value)) <= 20 for value in (one, other))
        yield f"{path} ({one}, {other})" if short else path
