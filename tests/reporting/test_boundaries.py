"""The section on boundaries: the numbers of the table "measures", and what is kept of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.reporting.kept import kept_shares
from robustbench_seg.reports.document import Fold, Plots, Section
from robustbench_seg.reports.formats import FORMATS, terminal
from robustbench_seg.reports.table import Table
from robustbench_seg.reports.text import MISSING
from robustbench_seg.scores.boundary import SCORES
from tests.helpers.sample_report import SUITE, TabledRun, run_tables, tabled_run
from tests.helpers.sample_runs import model

MODELS = ("b0", "b5")
NAMES = ("clean", *SUITE.corruptions, "suite score", "retention")


def _run(names: tuple[str, ...] = NAMES, *, width: float = np.nan, **changes: Any) -> TabledRun:
    """Return a run whose scores halve from name to name, `width` from their ends."""
    given = run_tables(MODELS)
    starts = dict(zip(SCORES, (0.4, 0.8, 0.2), strict=True))
    values = [
        (each, metric, name, start * 0.5**place)
        for each in MODELS
        for metric, start in starts.items()
        for place, name in enumerate(names)
    ]
    rows = [(*row, row[-1] - width, row[-1] + width, 12) for row in values]
    columns = ["model", "metric", "score", "value", "low", "high", "n_images"]
    miou = given["tidy"][given["tidy"]["metric"] == "miou"]
    measured = [miou.assign(metric=metric) for metric in SCORES]
    given["tidy"] = pd.concat([given["tidy"], *measured], ignore_index=True)
    given["measures"] = pd.DataFrame(rows, columns=columns)
    spec = {"suite": SUITE, "measures": ("boundary:0.5%",), **changes}
    return tabled_run(given, models=tuple(map(model, MODELS)), **spec)


def _section(run: TabledRun) -> Section:
    (found,) = [each for each in run.report().sections if each.heading == "Boundaries"]
    return found


def test_the_table_has_each_score_and_what_is_kept_of_it() -> None:
    run = _run()
    run.given["measures"].loc[lambda rows: rows["metric"] == "band_miou", "value"] **= 2
    plots, table, fold = _section(run).parts
    assert isinstance(table, Table)
    assert [[cell.text for cell in row] for row in table.rows[:2]] == [
        ["b0", "clean", "16.0", "", "80.0", "", "20.0", "", ""],
        # Half of each score, and so a quarter of the squares.
        ["b0", "motion blur", "4.0", "25.0", "40.0", "50.0", "10.0", "50.0", "\u221225.0"],
    ]
    assert len(table.rows) == len(MODELS) * (2 + len(SUITE.corruptions))
    assert [row[1].text for row in table.rows[: len(NAMES) - 1]][-1] == "suite"
    assert "a band of 0.5 % of the image diagonal on" in table.caption
    assert "95 %" not in table.caption
    assert isinstance(plots, Plots)
    assert [plot.name for plot in plots.plots] == ["boundaries-1-b0", "boundaries-2-b5"]
    assert isinstance(fold, Fold)
    assert len(fold.parts) == len(SCORES)


def test_numbers_have_their_intervals() -> None:
    table = _section(_run(width=0.05)).parts[1]
    assert isinstance(table, Table)
    assert table.rows[0][2].interval == "35.0\u201345.0"
    assert "Ranges are 95 % intervals" in table.caption


@pytest.mark.parametrize(
    ("measure", "words"),
    [("boundary:5px", "band of 5 pixels on"), ("boundary:2%", "band of 2 % of the")],
)
def test_the_caption_says_how_wide_the_band_is(measure: str, words: str) -> None:
    table = _section(_run(measures=(measure,))).parts[1]
    assert isinstance(table, Table)
    assert words in table.caption


def test_resolutions_are_compared_with_the_one_that_their_changes_refer_to() -> None:
    suite = load_suite("resolution")
    names = ("clean", *(condition.name for condition in suite.conditions))
    plots, table = _section(_run(names, suite=suite)).parts
    assert isinstance(table, Table)
    assert isinstance(plots, Plots)
    against = suite.curves[1] if suite.curves else ""
    row = next(row for row in table.rows if row[1].text == against)
    assert [cell.text for cell in row[3::2]] == ["", "", ""]
    assert f"percent of the score on {against}" in table.caption


def test_nothing_is_kept_of_a_score_of_zero() -> None:
    run = _run()
    run.given["measures"].loc[lambda rows: rows["score"] == "clean", "value"] = 0.0
    plots, table, *_ = _section(run).parts
    assert isinstance(table, Table)
    assert {row[3].text for row in table.rows} == {"", MISSING}
    assert isinstance(plots, Plots)
    assert plots.plots[0].draw().axes[0].get_xlim() == (0, 100)


def test_a_figure_has_a_mark_for_each_score_and_row() -> None:
    kept = pd.DataFrame(
        [[0.5, 0.6, 0.4], [np.nan, 1.2, 0.3]], index=["fog", "frost"], columns=list(SCORES)
    )
    axes, key = kept_shares(kept).axes
    marks = np.array([line.get_xdata() for line in axes.lines])
    np.testing.assert_allclose(marks, 100 * kept.to_numpy().T)
    assert axes.get_xlim() == (0, 120)
    assert [text.get_text() for text in key.texts] == ["band mIoU", "interior mIoU", "Boundary IoU"]


def test_runs_without_boundaries_have_no_such_section() -> None:
    run = _run()
    run.given["measures"]["metric"] = "ece"
    assert "Boundaries" not in [each.heading for each in run.report().sections]


def test_each_text_format_has_the_section_and_the_terminal_leaves_it_to_them() -> None:
    report = _run().report()
    for name in ("html", "md", "latex"):
        assert "Boundaries" in FORMATS[name].render(report)
    shown = io.StringIO()
    terminal.show(report, Console(file=shown, width=120))
    assert "Summary" in shown.getvalue()
    assert "interior mIoU" not in shown.getvalue()
