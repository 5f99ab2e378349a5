"""Stubs for the objects that training codebases pickle beside the weights.

mmengine keeps the history of its losses there. It is not needed, and no code of mmengine is run to
skip it: a stub of the same name accepts any arguments and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Stub:
    """An object that accepts any arguments and holds nothing."""

    def __new__(cls, *_: Any) -> Stub:
        """Accept any arguments."""
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        """Ignore the state in the file."""


def _stub(path: str) -> type[Stub]:
    module, _, name = path.rpartition(".")
    return type(name, (Stub,), {"__module__": module, "__init__": lambda *_: None})


STUBS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    _stub(path)
    for path in (
        "mmengine.logging.history_buffer.HistoryBuffer",
        "builtins.getattr",  # pickles references to its methods
        # Its numbers are NumPy's, whose modules have an underscore since NumPy 2.
        "numpy.ndarray",
        "numpy.dtype",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
    )
]
"""Classes for torch.serialization.safe_globals, which torch.load creates for these names."""
