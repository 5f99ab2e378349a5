"""What the second process does is what the first would have done, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from pandas.testing import assert_frame_equal

from robustbench_seg.processes import WorkerProcess, available_cores
from robustbench_seg.reporting import ahead, beside, figures
from robustbench_seg.reports.document import Fold, Plot, Plots, Section
from robustbench_seg.scores.counters import INSIDE, Measure, read_measures
from robustbench_seg.scores.measured import measure_differences
from robustbench_seg.scores.pixel_counts import PixelCounts
from tests.helpers.paths import GOLDEN
from tests.helpers.sample_report import COUNTED, severity_frame


def plot(name: str = "map") -> Plot:
    scores = severity_frame().droplevel(0)
    return Plot(name, "a map", "a map", partial(figures.heat_map, scores, COUNTED, 0.8))


def section(*plots: Plot) -> Section:
    return Section("Maps", ("text", Plots("", plots[:1]), Fold("more", (Plots("", plots[1:]),))))


def begun(*plots: Plot) -> list[Plot]:
    """Return the plots of a section, whose drawing has begun."""
    found = ahead.drawn_ahead(section(*plots))
    text, first, fold = found.parts
    assert text == "text"
    assert isinstance(first, Plots)
    assert isinstance(fold, Fold)
    (rest,) = fold.parts
    assert isinstance(rest, Plots)
    return [*first.plots, *rest.plots]


def shows_its_process() -> Figure:
    figure = Figure()
    figure.text(0.5, 0.5, f"process {os.getpid()}")
    return figure


def fails() -> Figure:
    raise ValueError("the figure is wrong")


def ends_its_process() -> Figure:
    if parent_process():
        os._exit(3)
    return plot().draw()


def never_ends_elsewhere() -> int:
    while parent_process():
        time.sleep(1)
    return os.getpid()


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "available_cores", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_figures_are_drawn_elsewhere_as_here() -> None:
    with beside.second_process():
        found = begun(plot(), Plot("process", "", "", shows_its_process))
        drawings = [each.drawing() for each in found]
    assert drawings[0] == plot().drawing()
    assert str(os.getpid()) not in drawings[1].svg


@pytest.mark.usefixtures("two_cores")
def test_an_error_of_a_figure_is_raised_and_the_next_is_drawn() -> None:
    with beside.second_process():
        wrong, right = begun(Plot("wrong", "", "", fails), plot())
        with pytest.raises(ValueError, match="the figure is wrong"):
            wrong.drawing()
        assert right.drawing() == plot().drawing()


@pytest.mark.usefixtures("two_cores")
def test_figures_of_a_lost_process_are_drawn_here() -> None:
    with beside.second_process():
        lost, later = begun(Plot("lost", "", "", ends_its_process), plot())
        assert lost.drawing() == later.drawing() == plot().drawing()


@pytest.mark.usefixtures("two_cores")
def test_figures_that_cannot_be_sent_are_drawn_here() -> None:
    with beside.second_process():
        own, other = begun(Plot("own", "", "", lambda: plot().draw()), plot())
        assert own.drawing() == other.drawing() == plot().drawing()


@pytest.mark.usefixtures("two_cores")
def test_work_that_does_not_end_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "PATIENCE", 0.1)
    with beside.second_process():
        assert beside.begun(never_ends_elsewhere)() == os.getpid()


@pytest.mark.usefixtures("two_cores")
def test_figures_that_are_asked_for_later_are_drawn_here() -> None:
    with beside.second_process():
        plots = begun(*[plot()] * 9)
    assert [each.drawing() for each in plots] == [plot().drawing()] * 9


@pytest.mark.usefixtures("two_cores")
def test_a_process_that_cannot_be_started_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(worker: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(WorkerProcess, "start", fail)
    with beside.second_process():
        assert beside.begun(os.getpid)() == os.getpid()


def test_without_a_second_core_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert beside.begun(os.getpid)() == os.getpid()
    monkeypatch.setattr(beside, "available_cores", lambda: 1)
    with beside.second_process():
        assert beside.begun(os.getpid)() == os.getpid()


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("measure", [*read_measures(["boundary", "calibration"]), INSIDE])
def test_differences_of_each_measure_are_found_elsewhere(measure: Measure) -> None:
    draws = [("clean", 0, 0), ("fog", 1, 0)]
    pixels = PixelCounts(12, draws, ("road", "sky"), ("flat", "sky"), np.ones(2, np.bool_))
    models = {model: measure.measured(pixels, 2).scores() for model in ("b0", "b5")}
    work = partial(measure_differences, models, "b0", suite_mean, ())
    assert len(work())
    with beside.second_process():
        found = beside.begun(partial(elsewhere, work))()
    assert_frame_equal(found, work())


def suite_mean(scores: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"mean": scores.mean(axis="columns", skipna=False)})


def elsewhere(work: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    assert parent_process()
    return work()


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "robustbench_seg", "compare"]
    with subprocess.Popen(
        [*command, str(GOLDEN / "runs-0.1.0" / "draws"), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "starting\n"
        time.sleep(0.3)  # rich prints a line again if it is stopped while it prints it
        os.killpg(started.pid, number)
        # The ends of the pipes are closed when all processes have ended.
        assert started.communicate(timeout=60) == (
            "Stopped. Nothing is kept; the same command begins again.\n",
            "",
        )
    assert started.returncode == 130


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
