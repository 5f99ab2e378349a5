"""Figures that another process draws: the same as those of this one, whatever happens to it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from robustbench_seg.processes import available_cores
from robustbench_seg.reporting import ahead, drawer, figures
from robustbench_seg.reports.document import Fold, Plot, Plots, Section
from tests.helpers.paths import GOLDEN
from tests.helpers.sample_report import COUNTED, severity_frame


def plot(name: str = "map") -> Plot:
    scores = severity_frame().droplevel(0)
    return Plot(name, "a map", "a map", partial(figures.heat_map, scores, COUNTED, 0.8))


def section(*plots: Plot) -> Section:
    return Section("Maps", ("text", Plots("", plots[:1]), Fold("more", (Plots("", plots[1:]),))))


def begun(*plots: Plot) -> list[Plot]:
    """Return the plots of a section as their drawing has begun."""
    (found,) = ahead.begun([section(*plots)])
    text, first, fold = found.parts
    assert text == "text"
    assert isinstance(first, Plots)
    assert isinstance(fold, Fold)
    (rest,) = fold.parts
    assert isinstance(rest, Plots)
    return [*first.plots, *rest.plots]


def fails() -> Figure:
    raise ValueError("the figure is wrong")


def ends_its_process() -> Figure:
    if "pytest" not in sys.modules:
        os._exit(3)
    return plot().draw()


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawer, "available_cores", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_figures_are_drawn_elsewhere_as_here() -> None:
    with drawer.drawing_ahead():
        drawings = [
            each.coming.result()
            for each in begun(plot(), plot("other"))
            if isinstance(each, ahead.PlotAhead)
        ]
    assert drawings == [plot().drawing()] * 2


@pytest.mark.usefixtures("two_cores")
def test_an_error_of_a_figure_is_raised_and_the_next_is_drawn() -> None:
    with drawer.drawing_ahead():
        wrong, right = begun(Plot("wrong", "", "", fails), plot())
        with pytest.raises(ValueError, match="the figure is wrong"):
            wrong.drawing()
        assert right.drawing() == plot().drawing()


@pytest.mark.usefixtures("two_cores")
def test_figures_of_a_lost_process_are_drawn_here() -> None:
    with drawer.drawing_ahead():
        lost, next_one, unknown = begun(
            Plot("lost", "", "", ends_its_process),
            plot(),
            Plot("unknown", "", "", lambda: Figure()),
        )
        assert lost.drawing() == next_one.drawing() == plot().drawing()
        assert "<svg" in unknown.drawing().svg


@pytest.mark.usefixtures("two_cores")
def test_figures_that_are_asked_for_later_are_drawn_here() -> None:
    with drawer.drawing_ahead():
        plots = begun(*[plot()] * 9)
    assert [each.drawing() for each in plots] == [plot().drawing()] * 9


def test_without_a_second_core_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = plot()
    assert begun(mine)[0] is mine
    monkeypatch.setattr(drawer, "available_cores", lambda: 1)
    with drawer.drawing_ahead():
        assert type(begun(mine)[0]) is Plot


@pytest.mark.slow
@pytest.mark.skipif(available_cores() == 1, reason="needs two cores")
@pytest.mark.parametrize("command", ["report", "compare"])
def test_nothing_is_drawn_by_the_command_itself(command: str, tmp_path: Path) -> None:
    arguments = [command, str(GOLDEN / "runs-0.1.0" / "draws"), "--out", str(tmp_path)]
    code = (
        "import atexit, sys; from robustbench_seg.__main__ import main;"
        "slow = set('matplotlib seaborn scipy numba torch'.split());"
        "atexit.register(lambda: print(slow & set(sys.modules), file=sys.stderr));"
        f"sys.argv[1:] = {arguments}; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")
