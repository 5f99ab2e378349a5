"""A progress bar in notebooks, which needs neither a terminal nor ipywidgets."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from importlib import import_module

from .progress import STARTING, Progress, Stage, silent, stages

INTERVAL = 0.2
"""Seconds between two updates of the bar."""


def in_notebook() -> bool:
    """Return whether a notebook shows what this process displays."""
    # A kernel has imported IPython; elsewhere it need not be installed.
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def default_progress() -> Iterator[Progress]:
    """Show a bar below the cell of a notebook, which vanishes at the end; elsewhere nothing."""
    if not in_notebook():
        yield silent
        return
    bar = _Bar(Stage(STARTING, 0, 0, 0))
    handle = import_module("IPython.display").display(bar, display_id=True)
    updated = 0.0

    def show(stage: Stage) -> None:
        nonlocal updated
        now = time.monotonic()
        if stage is not bar.stage or now - updated >= INTERVAL:
            updated, bar.stage = now, stage
            handle.update(bar)

    yield stages(show, show)
    bar.stage = None  # after an error the bar stays, and says how far the work has come
    handle.update(bar)


@dataclass
class _Bar:
    """The bar of the stage that advanced last; None: nothing is shown."""

    stage: Stage | None

    def __repr__(self) -> str:
        return self.stage.line() if self.stage else ""

    def _repr_html_(self) -> str:
        stage = self.stage
        if stage is None:
            return "<span></span>"  # IPython takes an empty text for none
        known = f' value="{stage.done}" max="{stage.total}"' if stage.total else ""
        texts = escape(" \u00b7 ".join(filter(None, (stage.count(), stage.eta(), stage.note))))
        return (
            '<div style="display: flex; gap: 0.8em; align-items: center; white-space: nowrap">'
            f"<span>{escape(stage.name)}</span>"
            f'<progress{known} style="flex: 0 0 12em"></progress>'
            f'<span style="overflow: hidden; text-overflow: ellipsis">{texts}</span></div>'
        )
