"""Hostile input of every kind: all of it in `nox -s hostile`, else a sample of each kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

WHOLE = os.environ.get("ROBUSTSEG_HOSTILE") == "all"


def sample(items: Iterable[T], kind: Callable[[T], str]) -> list[T]:
    """Return the items that are tested: all in `nox -s hostile`, else the first of each kind."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(kind(item), []).append(item)
    return [item for own in found.values() for item in (own if WHOLE else own[:1])]
