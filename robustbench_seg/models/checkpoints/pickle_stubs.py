"""PyTorch files whose pickles name objects of any codebase: read as tensors and plain containers.

torch's weights-only unpickler refuses names that it does not know. Each becomes a stand-in here,
which accepts any arguments and keeps nothing. No module is imported and no code of it is run.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from typing import Any

import torch

_MOST_NAMES = 200
"""Most names that a file may have stand-ins for; each is found by reading the file once more."""
_UNKNOWN = re.compile(r"GLOBAL (\S+) was not an allowed global")
_FILLED = re.compile(r"Can only (SETITEM|append|extend).* got <class '(\S+)'>")


class Stub:
    """An object that accepts any arguments and holds nothing."""

    def __new__(cls, *_: Any) -> Any:
        """Accept any arguments."""
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        """Ignore the state in the file."""

    def __setitem__(self, *_: Any) -> None:
        """Ignore an item."""


def load_tensors(content: bytes) -> tuple[object, tuple[str, ...]]:
    """Read the bytes of a PyTorch file; return the objects in it, and the names with stand-ins.

    Raises torch's exceptions, of any type, for damaged files and for names of system modules.
    """
    kinds: dict[str, type] = {}
    while True:
        stand_ins: list[Callable[..., Any] | tuple[Callable[..., Any], str]]
        stand_ins = [(_stand_in(name, kind), name) for name, kind in kinds.items()]
        try:
            with torch.serialization.safe_globals(stand_ins):
                return torch.load(BytesIO(content), weights_only=True, map_location="cpu"), (
                    *kinds,
                )
        except Exception as error:
            name, kind = _refused(str(error))
            known = name in kinds and (kinds[name] is not Stub or kind is Stub)
            if not name or known or len(kinds) == _MOST_NAMES:
                raise
            kinds[name] = kind


def _refused(message: str) -> tuple[str, type]:
    """Return the name that torch's unpickler refused, and what its objects have to be."""
    if match := _UNKNOWN.search(message):
        name = match[1]
        return name if "." in name else f"builtins.{name}", Stub
    if match := _FILLED.search(message):  # a class derived from dict or list
        return match[2], OrderedDict if match[1] == "SETITEM" else list
    return "", Stub


def _stand_in(path: str, kind: type) -> type:
    module, _, name = path.rpartition(".")
    attributes: dict[str, Any] = {"__module__": module, "__init__": lambda *_: None}
    if kind is not Stub:  # the unpickler fills dicts and lists alone, not classes derived from them
        attributes["__new__"] = lambda *_: kind()
    return type(name, (Stub,), attributes)
