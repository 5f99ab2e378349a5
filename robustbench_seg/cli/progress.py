"""Progress of long work: bars in a terminal, and elsewhere a line every half a minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from ..progress import STARTING, Stage, stages
from ..progress import Progress as Callback
from . import console as outputs

INTERVAL = 30.0
"""Seconds between two lines where there is no terminal."""
_NARROW = 100
"""Width in characters below which bars are short."""


@contextmanager
def progress_bars() -> Iterator[Callback]:
    """Show the progress of each stage of long work, and what the library logs."""
    with ExitStack() as stack:
        stack.enter_context(_logged())
        yield stack.enter_context(_bars() if outputs.errors.is_terminal else _lines())


@contextmanager
def _logged() -> Iterator[None]:
    """Print what the library logs, such as the folder of a run."""
    log, lines = logging.getLogger("robustbench_seg"), _LogLines(logging.INFO)
    level = log.level
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(lines)
        log.setLevel(level)


class _LogLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        outputs.say(record.getMessage())


@contextmanager
def _lines() -> Iterator[Callback]:
    """Print a line when a stage begins, and one every 30 s, also while a step takes longer.

    They go to stdout as all other lines do, so that stderr holds nothing but errors.
    """
    begun = [Stage(STARTING, 0, 0, 0)]
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(INTERVAL):
            with suppress(OSError):  # what reads the output has ended, as the next result says
                outputs.say(begun[-1].line())

    def begin(stage: Stage) -> None:
        begun.append(stage)
        outputs.say(stage.line())

    outputs.say(begun[-1].line())
    threading.Thread(target=repeat, daemon=True).start()
    try:
        yield stages(begin, lambda _: None)
    finally:
        ended.set()


@contextmanager
def _bars() -> Iterator[Callback]:
    """Show a bar for each stage that is not finished; all vanish with the block."""
    room = outputs.errors.width
    bars = Progress(
        _Texts(lambda stage: Text(stage.name), Column(max_width=room // 3, overflow="ellipsis")),
        BarColumn(bar_width=16 if room >= _NARROW else 10),
        _Texts(lambda stage: Text(stage.count()), Column(justify="right")),
        _Texts(lambda stage: Text(stage.eta()), Column()),
        _Texts(lambda stage: _Note(stage.note), Column(ratio=1)),
        console=outputs.errors,
        transient=True,
        expand=True,
        redirect_stdout=outputs.console.is_terminal,
    )
    starting = Stage(STARTING, 0, 0, 0)
    tasks: dict[str, TaskID] = {STARTING: bars.add_task(STARTING, total=None, stage=starting)}

    def begin(stage: Stage) -> None:
        for task in bars.tasks:
            finished = task.total is None or task.finished
            bars.update(task.id, visible=not finished)
        tasks[stage.name] = bars.add_task(stage.name, stage=stage)
        update(stage)

    def update(stage: Stage) -> None:
        bars.update(tasks[stage.name], completed=stage.done, total=stage.total)

    with bars:
        yield stages(begin, update)


class _Texts(ProgressColumn):
    """A column made of a task's stage, whose lines never break."""

    def __init__(self, text: Callable[[Stage], RenderableType], column: Column) -> None:
        column.no_wrap = True
        super().__init__(column)
        self._text = text

    def render(self, task: Task) -> RenderableType:
        """Return the text of a task."""
        return self._text(task.fields["stage"])


@dataclass(frozen=True)
class _Note:
    """As many of a note's parts as there is room for: a part of a number would mislead."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return that any width will do."""
        return Measurement(0, len(self.text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the parts from the first on."""
        yield Text(fitting(self.text, options.max_width), no_wrap=True)


def fitting(note: str, room: int) -> str:
    """Return the parts of a note, from the first on, that fit into a number of characters."""
    parts = note.split("; ")
    while parts and len("; ".join(parts)) > room:
        parts.pop()
    return "; ".join(parts)
