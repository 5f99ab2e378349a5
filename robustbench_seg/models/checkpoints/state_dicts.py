"""State dicts inside what training code saves: at any depth of containers, under any prefix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ...errors import InputError
from ..weights_files import SEPARATOR

_DEPTH = 50
"""Depth of containers to which tensors are looked for, which limits the length of their names."""
_KEY_LENGTH = 200
_WRAPPING = {"module", "_orig_mod", "_forward_module", "_fsdp_wrapped_module"}
"""Parts that wrappers for several devices, and compilers, add to the names of tensors."""
USUAL_PREFIXES = ("", "state_dict.", "model.", "state_dict_ema.", "model_ema.")
"""Prefixes that codebases write around a state dict."""
_USUAL_MODULES = ("mmengine", "numpy", "builtins")
"""Packages whose objects mmengine writes beside a state dict: the history of its losses."""
_TOP = "."
"""Name of the set whose names have no prefix."""


def flatten(path: Path, content: object) -> dict[str, Tensor]:
    """Return the tensors in dicts, lists and tuples at any depth, their keys joined by dots.

    Parts of names that wrappers add are left out. Raises InputError for a name that occurs twice.
    """
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()  # a hostile file may nest a container in itself
    pending: list[tuple[tuple[str, ...], object]] = [((), content)]
    while pending:
        parts, value = pending.pop()
        if isinstance(value, Tensor):
            kept = (part for key in parts for part in key.split(".") if part not in _WRAPPING)
            name = ".".join(kept)
            if name in tensors:
                raise InputError(
                    f"{path}: holds {name} twice, once with a prefix; keep one of them"
                )
            tensors[name] = value
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            if len(parts) < _DEPTH:
                named = [((*parts, str(key)[:_KEY_LENGTH]), item) for key, item in items]
                pending += reversed(named)
    return tensors


def under(prefix: str, tensors: Mapping[str, Tensor], but: Iterable[str] = ()) -> dict[str, Tensor]:
    """Return tensors by the rest of their names: those that begin with a prefix, and no other."""
    others = tuple(but)
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix) and not name.startswith(others)
    }


def choose(path: Path, sets: Mapping[str, Mapping[str, Tensor]], chosen: str) -> str:
    """Return the prefix of one of the sets of tensors in a file; `chosen` names it if not "".

    A set is named by its prefix, or by a part of it that no other set has. Equal sets are one.
    Raises InputError, with the names, for several sets and none chosen, and for an unknown one.
    """
    names = {prefix.rstrip(".") or _TOP: prefix for prefix in sets}
    if chosen:
        meant = [prefix for name, prefix in names.items() if chosen in (name, *name.split("."))]
        meant = [names[chosen]] if chosen in names else meant
        if len(meant) == 1:
            return meant[0]
        raise InputError(
            f"{path}{SEPARATOR}{chosen}: names {len(meant)} sets of weights; the file holds "
            f"{', '.join(names)}"
        )
    first, *others = sets
    if all(_equal(sets[first], sets[other]) for other in others):
        return first
    ways = " or ".join(f"{path.name}{SEPARATOR}{name}" for name in names)
    raise InputError(
        f"{path}: holds {len(names)} sets of weights, {', '.join(names)}; choose one: {ways}"
    )


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


def notes_on(prefix: str, left_out: Iterable[str], objects: Iterable[str]) -> list[str]:
    """Return notes on what surrounded a set of tensors: its prefix, other tensors, other objects.

    What codebases usually write needs none.
    """
    notes = []
    if prefix not in USUAL_PREFIXES:
        notes.append(f"tensors under {prefix!r}")
    if names := list(left_out):
        notes.append(f"left out {first(names)}")
    if unusual := [name for name in objects if name.split(".")[0] not in _USUAL_MODULES]:
        notes.append(f"objects not read: {first(unusual)}")
    return notes


def first(names: Iterable[str], count: int = 3) -> str:
    """Return the first names in one line."""
    names = list(names)
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
