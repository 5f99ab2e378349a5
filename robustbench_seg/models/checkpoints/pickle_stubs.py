"""Stand-ins for the objects that training codebases leave beside the weights in their files.

mmengine keeps the history of its losses there. None of it is needed, and its own classes are not
run to read past it: a stand-in of the same name takes whatever it is given and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Inert:
    """Is made of anything, and holds nothing."""

    def __new__(cls, *_: Any) -> Inert:
        """Take any arguments."""
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        """Leave the state that the file gives alone."""


def _stand_in(path: str) -> type[Inert]:
    module, _, name = path.rpartition(".")
    return type(name, (Inert,), {"__module__": module, "__init__": lambda *_: None})


STAND_INS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    _stand_in(path)
    for path in (
        "mmengine.logging.history_buffer.HistoryBuffer",
        "builtins.getattr",  # by which it names its methods
        # Its numbers are NumPy's, whose modules have an underscore since NumPy 2.
        "numpy.ndarray",
        "numpy.dtype",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
    )
]
"""For torch.serialization.safe_globals: classes that torch.load may make by these names."""
