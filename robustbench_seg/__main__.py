"""The script `robustseg`, also `python -m robustbench_seg`."""

from __future__ import annotations

import gc
import os
import signal
import stat
import sys
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from threading import Timer, main_thread
from types import FrameType
from typing import Any


def main() -> None:
    """Run the command line and exit; Ctrl-C at any moment, also during imports, exits with 130.

    So do SIGTERM, by which schedulers end jobs, and SIGHUP, when a terminal is closed.
    """
    for name in ("SIGTERM", "SIGHUP"):  # the second is unknown to Windows, and ignored by nohup
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)
    # Threads that spin while they wait are many times slower if anything else runs on the same
    # cores. Must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Imports and figures make many objects and few cycles: looking for these after every 700 new
    # objects takes a tenth of the time of a report.
    gc.set_threshold(10_000, 10, 10)
    unraisable = sys.unraisablehook
    sys.unraisablehook = partial(_stop_later, unraisable)
    try:
        with _second_process():
            from .cli import run

            sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        sys.unraisablehook = unraisable
        # Python's end would look for cycles in all that there is, for a quarter of a second.
        gc.freeze()


def _second_process() -> AbstractContextManager[None]:
    """Start a second process, before anything slow is imported, for commands that make a report."""
    if not {"report", "compare", "merge"}.intersection(sys.argv[1:2]):
        return nullcontext()
    from .reporting.beside import second_process

    # With these sections, all that draws is imported.
    return second_process("robustbench_seg.reporting.comparison.sections")


def _stop_later(unraisable: Callable[[Any], object], ignored: Any) -> None:
    """Stop again where Python ignores it: in finalizers and in callbacks of weak references."""
    if ignored.exc_type is KeyboardInterrupt:
        timer = Timer(0.1, _interrupt)
        timer.daemon = True
        timer.start()
    else:
        unraisable(ignored)


def _interrupt() -> None:
    """Signal the main thread, also out of a sleep where the system can."""
    thread = main_thread().ident
    if hasattr(signal, "pthread_kill") and thread is not None:
        signal.pthread_kill(thread, signal.SIGTERM)
    else:  # Windows
        interrupt_main(signal.SIGTERM)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Stop as Ctrl-C does."""
    if number != signal.SIGTERM:
        # The terminal is gone, and what is written to it would fail.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            with suppress(OSError):
                if stat.S_ISCHR(os.fstat(stream).st_mode):
                    os.dup2(nowhere, stream)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
