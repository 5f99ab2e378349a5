"""The report of resolutions: its table, its curves, and the published numbers beside them."""

from __future__ import annotations

import math
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.input_geometry import RelativeWindow
from robustbench_seg.protocol.suites.resolution import ResolutionSuite
from robustbench_seg.reporting.published import segformer_table1c
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.resolution import curves
from robustbench_seg.reporting.run import document
from robustbench_seg.reports.formats.html import render
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.pictures import Picture
from tests.helpers import sample_runs
from tests.helpers.sample_report import TabledRun, png, run_tables, tabled_run

MODELS = ("b0@streets", "<b0-pe>")
SCALES = (0.25, 1.0, 2.0)
NAN = math.nan


def sample(lines: tuple[str, ...] = ("",), *, intervals: bool = True) -> TabledRun:
    """Return a run whose scores fall with the distance to scale 1, and from line to line."""
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    for place, model in enumerate(MODELS):
        clean = (0.45, 0.55) if intervals else (NAN, NAN)
        rows[model, "clean"] = ("", NAN, 0.5, *clean, 0.0, NAN, NAN)
        for number, line in enumerate(lines):
            for scale in SCALES:
                change = -0.033 * (place + 1) * abs(scale - 1) - 0.1 * number
                name = ", ".join(filter(None, (f"scale {scale:g}", line)))
                ends = (0.5 + change - 0.05, 0.5 + change + 0.05)
                own = ends if intervals else (NAN, NAN)
                of_change = (change - 0.01, change + 0.01) if intervals and change else (NAN, NAN)
                rows[model, name] = (line, scale, 0.5 + change, *own, change, *of_change)
    index = pd.MultiIndex.from_tuples(list(rows), names=["model", "condition"])
    columns = ["line", "value", "miou", "low", "high", "change", "change_low", "change_high"]
    table = pd.DataFrame(list(rows.values()), index=index, columns=columns)
    conditions = table.index.get_level_values(1).unique()
    classes = pd.MultiIndex.from_product([MODELS, ["road", "sky"]], names=["model", "class"])
    suite = ResolutionSuite(
        name="resolution",
        title="Three scales",
        source="a test",
        unit="scale",
        values=SCALES,
        windows=tuple(RelativeWindow(line, "slide", 0.5) for line in lines if line),
        images=(None,),
        against=f"scale 1{', ' + lines[0] if lines[0] else ''}",
    )
    given = run_tables(MODELS)
    run = tabled_run(
        {
            "tidy": given["tidy"],
            "summary": table["miou"].unstack(),
            "resolution": table,
            "classes": pd.DataFrame(0.25, index=classes, columns=conditions),
            "intervals": given["intervals"],
        },
        models=tuple(map(sample_runs.model, MODELS)),
        frames=(sample_runs.frame(0), sample_runs.frame(1)),
        suite=suite,
    )
    run.frames = run.frames[:1]
    run.pictures = [Picture(Cell(MODELS[0], "scale 0.25", 0, "val_0"), "input", png(1))]
    return run


def table_of(run: TabledRun) -> Table:
    found = document(Report(run)).sections[0].parts[1]
    assert isinstance(found, Table)
    return found


def test_the_page_has_the_numbers_and_no_table_of_corruptions() -> None:
    page = render(sample().report())
    assert page == render(sample().report())
    text = re.sub(r"<[^>]*>", " ", unescape(page))
    for expected in (
        "47.5",
        "\u22122.5",
        "\u22123.5 to \u22121.5",
        "42.5\u201352.5",
        "256x128",
        "PARTIAL",
    ):
        assert expected in text, expected
    assert not re.search("suite score|By corruption|By severity|retention", text)
    assert "<b0-pe>" not in page
    assert "Input scale" not in page
    labels = re.findall(r'<svg[^>]*aria-label="([^"]*)"', page)
    assert len(labels) == 2
    assert "mIoU in percent against the scale" in labels[0]
    identifiers = re.findall(r'\sid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    targets = re.findall(r'<a href="#([^"]+)"', page)
    assert targets
    assert set(targets) <= set(identifiers)


def test_the_published_change_is_beside_ours() -> None:
    table = segformer_table1c()
    assert table["change"].to_dict() == pytest.approx({"PE": -0.033, "Mix-FFN": -0.007})
    section = render(sample().report()).partition('id="published"')[2]
    for number in ("77.3", "74.0", "80.5", "79.8", "\u22123.3", "\u22120.7"):
        assert number in section


def test_intervals_stand_below_the_numbers_where_they_are_known() -> None:
    with_them, without = (table_of(sample(intervals=each)) for each in (True, False))
    assert [head.text for head in with_them.columns] == ["mIoU", "change"] * 2
    assert {len(row) for row in with_them.rows} == {2 + 2 * 2}
    for row in with_them.rows:
        assert all(cell.interval for cell in row[2::2])
        assert all(bool(cell.interval) == (cell.text != "0.0") for cell in row[3::2])
    assert not any(cell.interval for row in without.rows for cell in row)
    assert "95 %" in with_them.caption
    assert "95 %" not in without.caption


@pytest.mark.parametrize("lines", [("",), ("slide", "whole")])
@pytest.mark.parametrize("column", ["miou", "change"])
def test_there_is_a_named_curve_for_every_line(lines: tuple[str, ...], column: str) -> None:
    table = sample(lines).table("resolution")
    (axes,) = curves(table, "scale", column).axes
    drawn = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert len(drawn) == len(MODELS) * len(lines)
    x, y = np.asarray(drawn[0].get_data(), float)
    assert x[1] - x[0] == pytest.approx(2 * (x[2] - x[1]))  # 0.25 to 1 are two octaves, 1 to 2 one
    first = table[table["line"] == lines[0]].loc[MODELS[0]]
    measured = first[first["value"].notna()][column]
    assert list(y) == pytest.approx(list(100 * measured))
    names = {text.get_text() for text in axes.texts}
    assert names == {", ".join(filter(None, (model, line))) for model in MODELS for line in lines}
    low, high = axes.get_ylim()
    for line in drawn:
        values = np.asarray(line.get_ydata(), float)
        assert low <= values.min() <= values.max() <= high
    assert low <= 0 < high


def test_what_is_not_measured_leaves_a_gap() -> None:
    run = sample()
    table = run.table("resolution")
    table.loc[[(MODELS[0], "scale 2")], ["miou", "change", "low", "high"]] = NAN
    assert "\u2013" in {cell.text for cell in table_of(run).rows[-1]}
    curves(table, "scale", "miou")
