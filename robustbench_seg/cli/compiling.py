"""Telling that Numba compiles: once on a machine, since what it has compiled stays on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE = "Compiling for this processor: only the first time, and the first images take longer."


@contextmanager
def told_of_compiling(say: Callable[[str], None]) -> Iterator[None]:
    """Say a line when the first function is compiled in the block, if any is."""
    from numba.core import event

    class Teller(event.Listener):  # type: ignore[misc]  # Numba is untyped
        told = False

        def on_start(self, _event: object) -> None:
            if not self.told:
                say(LINE)
            self.told = True

        def on_end(self, _event: object) -> None:
            """Say nothing."""

    with event.install_listener("numba:compile", Teller()):
        yield
