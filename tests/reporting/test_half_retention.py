"""The section on half of clean mIoU: words, curves, and all formats."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from robustbench_seg.reporting.half_retention import half_retention, half_table
from robustbench_seg.reporting.report import Report
from robustbench_seg.reports.document import Plots
from robustbench_seg.reports.formats.terminal import show
from robustbench_seg.reports.table import Table
from robustbench_seg.scores.half_retention import HALF_COLUMNS
from tests.helpers.sample_runs import make_run, model

INF, NAN = math.inf, math.nan


def cell(*numbers: float) -> tuple[str, str]:
    """Return the texts of the cell of value, low, high and kept."""
    found = pd.DataFrame([("b0", "fog", *numbers)], columns=HALF_COLUMNS)
    ((_, made),) = half_table(found, [2, 3, 4.5], "over 12 images").rows
    return made.text, made.below


def test_what_is_not_reached_is_said_in_words() -> None:
    assert cell(2.345, 2.1, 2.6, 0.2) == ("2.3", "2.1\u20132.6")
    assert cell(2.345, NAN, NAN, 0.2) == ("2.3", "")
    assert cell(INF, 4.2, INF, 0.61) == ("not reached (61.0)", "4.2\u2013not reached")
    assert cell(INF, INF, INF, 0.61) == ("not reached (61.0)", "")
    assert cell(-INF, -INF, 2.2, 0.1) == ("below 2", "below 2\u20132.2")
    assert cell(NAN, NAN, NAN, NAN) == ("\u2013", "")


def test_each_curve_has_a_mark_where_half_is_left(tmp_path: Path) -> None:
    report = Report(make_run(tmp_path, [model("b0"), model("b1")]))
    plots, table = half_retention(report).parts
    assert isinstance(plots, Plots)
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == [
        *("fog", "gaussian noise", "mean over the corruptions"),
    ]
    for plot, name in zip(plots.plots, ("fog", "gaussian_noise"), strict=True):
        drawn = {
            round(float(line.get_xdata()[0]), 6): float(line.get_ydata()[0])  # type: ignore[index,arg-type]
            for line in plot.draw().axes[0].get_lines()
            if line.get_marker() == "X"
        }
        found = report.table("half_retention")
        found = found[(found["corruption"] == name) & found["value"].map(math.isfinite)]
        halves = 50 * report.table("summary")["clean"].astype(float)[found["model"]]
        expected = dict(zip(found["value"].round(6), halves, strict=True))
        assert drawn == pytest.approx(expected)
        assert drawn or name == "gaussian_noise"


def test_every_format_shows_it_and_a_file_has_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [model("b0")])
    run.write("html,md,latex,csv", tmp_path / "out")
    texts = [(tmp_path / "out" / name).read_text("utf-8") for name in ("report.html", "report.md")]
    written = StringIO()
    show(run.report(), Console(file=written, width=100))
    texts += [(tmp_path / "out" / "report.tex").read_text("utf-8"), written.getvalue()]
    for text in texts:
        assert "Half of clean mIoU" in text
        assert "mean over the corruptions" in text
    first, *rows = (tmp_path / "out/half_retention.csv").read_text("utf-8").splitlines()
    assert first == "model,corruption,value,low,high,kept"
    assert len(rows) == 3
