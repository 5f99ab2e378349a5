"""Plots on users' axes: their numbers, the axes and the style that they are drawn with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import NOTHING
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.run import Run
from tests.helpers.sample_runs import make_run, model

ODD = r"my $\frac$ model"
"""A name that is no formula."""


@pytest.fixture(autouse=True)
def _pyplot() -> Iterator[None]:
    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(Path("a"), [model("b0@streets"), model(ODD)])


@pytest.fixture(scope="module")
def other() -> Run:
    return make_run(Path("b"), [model("b5@streets")], share=0.5)


def lines(axes: Axes) -> dict[str, list[float]]:
    """Return the lines of the legend; what does not count is NaN."""
    _, labels = axes.get_legend_handles_labels()
    found = {str(line.get_label()): numbers(line.get_ydata()) for line in axes.get_lines()}
    return {label: found[label] for label in labels}


def numbers(values: Any) -> list[float]:
    return [float(value) for value in values]


def marks(axes: Axes) -> Line2D:
    """Return the marks of the first series of rows, after the line at 0."""
    return axes.get_lines()[1]


def labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


@pytest.mark.slow
def test_severity_draws_a_line_for_each_model_from_clean(run: Run, other: Run) -> None:
    axes = run.plot.severity()
    assert axes.figure is pyplot.gcf()  # a notebook shows the figures of pyplot
    drawn = lines(axes)
    assert list(drawn) == ["SegFormer-B0", ODD]
    table: Any = 100 * run.table("severities").loc["b0@streets"]
    clean = 100 * float(run.table("summary")["clean"].astype(float)["b0@streets"])
    every = [clean, *table.mean()]
    assert drawn["SegFormer-B0"] == pytest.approx([*every[:3], np.nan], nan_ok=True)
    _, dotted, hollow, *_ = axes.get_lines()
    assert numbers(dotted.get_ydata()) == pytest.approx([*[np.nan] * 2, *every[2:]], nan_ok=True)
    assert np.array(hollow.get_xydata()) == pytest.approx(np.array([[3, every[3]]]))
    assert hollow.get_markerfacecolor() == "#ffffff"
    fog = run.plot.severity("weather")
    foggy = [clean, *table.loc[("weather", "fog")][:2], np.nan]
    assert lines(fog)["SegFormer-B0"] == pytest.approx(foggy, nan_ok=True)
    alone = lines(other.plot.severity())
    assert list(alone) == ["weather", "noise"]
    assert axes.get_xlabel() == "severity"
    assert axes.get_ylabel() == "mIoU in percent"
    assert axes.get_ylim()[0] == 0
    assert len(axes.collections) == 2  # the intervals of both models
    axes.figure.canvas.draw()  # dollar signs in names are no formulas
    with pytest.raises(InputError, match="category 'rain': unknown; there are weather, noise"):
        run.plot.severity("rain")


@pytest.mark.slow
def test_axes_that_are_given_are_drawn_on_and_keep_what_is_there(run: Run, other: Run) -> None:
    figure, own = pyplot.subplots()
    number = len(pyplot.get_fignums())
    assert run.plot.severity(ax=own) is own
    top = own.get_ylim()[1]
    other.plot.severity(ax=own)
    assert len(lines(own)) == 4
    assert own.get_ylim()[1] == top
    for draw in (run.plot.heat_map, run.plot.classes):
        axes = figure.add_subplot()
        assert draw(ax=axes) is axes
    assert run.plot.compare(other, ax=axes) is axes
    assert len(pyplot.get_fignums()) == number


def test_the_style_of_the_user_is_obeyed_and_left_alone(run: Run) -> None:
    style: dict[Any, Any] = {
        "axes.prop_cycle": matplotlib.rcsetup.cycler(
            color=["#112233", "#445566"], marker=["x", "+"]
        ),
        "font.size": 7.0,
        "image.cmap": "gray",
        "lines.linewidth": 3.5,
    }
    with matplotlib.rc_context(style):
        before = dict(matplotlib.rcParams)
        first, dotted, _, second, *_ = run.plot.severity().get_lines()
        assert (dotted.get_color(), dotted.get_linewidth()) == ("#112233", 3.5)
        assert [first.get_color(), second.get_color()] == ["#112233", "#445566"]
        assert [first.get_marker(), second.get_marker()] == ["x", "+"]
        assert first.get_linewidth() == 3.5
        drawn = marks(run.plot.classes())
        assert (drawn.get_color(), drawn.get_linestyle()) == ("#112233", "None")
        axes = run.plot.heat_map()
        assert axes.texts[0].get_fontsize() == 7.0
        (mesh,) = (each for each in axes.collections if isinstance(each, QuadMesh))
        red, green, blue, _ = mesh.to_rgba(np.asarray(mesh.get_array())).reshape(-1, 4)[0]
        assert red == green == blue
        assert dict(matplotlib.rcParams) == before


def test_the_heat_map_has_the_numbers_of_the_table_and_hatches_what_does_not_count(
    run: Run,
) -> None:
    table = run.table("severities")
    for name in (ODD, None):
        axes = run.plot.heat_map(name)
        own = table.loc[name or "b0@streets"].to_numpy()
        assert [text.get_text() for text in axes.texts] == [f"{100 * v:.1f}" for v in own.ravel()]
        assert labels(axes) == ["fog", "gaussian noise"]
        assert sum(bool(patch.get_hatch()) for patch in axes.patches) == 3
    assert "SegFormer-B0, mIoU in percent" in axes.get_title()
    with pytest.raises(InputError, match="model 'b9': not in this run; there are SegFormer-B0, my"):
        run.plot.heat_map("b9")


@pytest.mark.slow
def test_classes_and_differences_have_their_intervals(run: Run, other: Run) -> None:
    axes = run.plot.classes()
    assert labels(axes)[0] == "person"  # lost first
    kept = run.table("classes")["retention"]["b0@streets"]
    assert len(lines(axes)) == 2
    assert [len(axes.figure.legends), axes.get_legend()] == [1, None]  # it hides no row
    assert run.plot.classes(ax=pyplot.figure().add_subplot()).get_legend()
    assert numbers(marks(axes).get_xdata()) == pytest.approx(
        [100 * kept[name] for name in labels(axes)]
    )
    comparison = compare_runs([other, run])
    axes = run.plot.compare(other)
    table = 100 * comparison.differences.loc["b0@streets", ["difference", "low", "high"]].dropna()
    assert "mPC" not in labels(axes)  # which needs severities that were not run
    assert axes.get_xlabel() == "difference from SegFormer-B5 in points"
    assert labels(axes)[:2] == ["clean", "suite score"]
    assert other.plot.classes().get_title().endswith("\nSegFormer-B5")
    assert numbers(marks(axes).get_xdata()) == pytest.approx(list(table["difference"]))
    bars, _ = (each for each in axes.collections if isinstance(each, LineCollection))
    ends = np.array([segment[:, 0] for segment in bars.get_segments()])
    assert ends == pytest.approx(table[["low", "high"]].to_numpy())
    color: Any = marks(axes).get_color()
    assert to_hex(np.asarray(bars.get_color())[0]) == to_hex(color)
    again = comparison.plot.differences()
    assert numbers(marks(again).get_xdata()) == numbers(marks(axes).get_xdata())
    with pytest.raises(InputError, match="SegFormer-B5 is the only model"):
        compare_runs([other]).plot.differences()


def test_the_stamps_of_a_run_stand_above_its_plots() -> None:
    untrained = make_run(Path("c"), [model("b0@random", trained_on=NOTHING)])
    assert "UNTRAINED" in untrained.plot.severity().get_title()
    assert "UNTRAINED" in untrained.plot.heat_map().get_title()
