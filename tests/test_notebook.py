"""Progress in a notebook: by default a bar below the cell."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from robustbench_seg import notebook
from robustbench_seg.progress import Progress, silent
from robustbench_seg.protocol.parameters import documented


@documented
def work(*, progress: Progress = silent) -> None:
    """Work in two stages, the first of which has two steps."""
    progress("reading <b>", 0, 2, "")
    progress("reading <b>", 1, 2, "a & b")
    progress("predicting", 1, 4, "mIoU 62.2")
    progress("reading <b>", 2, 2, "")
    progress("predicting", 3, 4, "")


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Let this process look like a kernel; return what it displays, as HTML and text."""
    found: list[tuple[str, str]] = []

    def display(bars: Any, *, display_id: bool) -> SimpleNamespace:
        def update(bars: Any) -> None:
            found.append((bars._repr_html_(), repr(bars)))

        assert display_id
        update(bars)
        return SimpleNamespace(update=update)

    package, module = ModuleType("IPython"), ModuleType("IPython.display")
    vars(package)["get_ipython"] = lambda: SimpleNamespace(kernel=object())
    vars(module)["display"] = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(notebook, "INTERVAL", 0.0)
    return found


def test_a_call_in_a_notebook_shows_its_stages(displayed: list[tuple[str, str]]) -> None:
    work()
    pages, texts = zip(*displayed, strict=True)
    assert texts[0] == "starting"
    assert 'progress style="' in pages[0]
    assert texts[2] == "reading <b>: 1 of 2, ETA 0:00:00, a & b"
    assert "reading &lt;b&gt;" in pages[2]
    assert "1/2 \u00b7 ETA 0:00:00 \u00b7 a &amp; b" in pages[2]
    assert texts[3] == "predicting: 1 of 4, ETA -:--:--, mIoU 62.2"
    assert texts[4] == "reading <b>: 2 of 2"
    assert texts[5].startswith("predicting: 3 of 4, ETA 0:00:0")
    assert '<progress value="3" max="4"' in pages[5]
    assert displayed[6:] == [("<span></span>", "")]


def test_after_an_error_the_bar_says_how_far_the_work_has_come(
    displayed: list[tuple[str, str]],
) -> None:
    @documented
    def fail(*, progress: Progress = silent) -> None:
        """Fail after one of three steps."""
        progress("reading", 1, 3, "")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert displayed[-1][1].startswith("reading: 1 of 3")


def test_a_callback_of_the_user_and_a_terminal_show_no_bar(
    displayed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = []
    work(progress=lambda stage, done, total, note: notes.append(note))
    assert notes == ["", "a & b", "mIoU 62.2", "", ""]
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    work()
    assert displayed == []
    assert "Default: a bar in a notebook" in (work.__doc__ or "")
