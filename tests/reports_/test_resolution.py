"""The report of resolutions: its table, its curves, and the published numbers beside them."""

from __future__ import annotations

import math
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from reports import Example, ResolutionReport
from reports.formats.old_html import render
from reports.published import segformer_table1c
from reports.resolution import curves, resolution_table
from reports.text import points
from tests.helpers.sample_report import png

MODELS = ("b0@streets", "<b0-pe>")
SCALES = (0.25, 1.0, 2.0)
NAN = math.nan


def sample(lines: tuple[str, ...] = ("",), *, intervals: bool = True) -> ResolutionReport:
    """Return a report whose scores fall with the distance to scale 1, and from line to line."""
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
    return ResolutionReport(
        title="resolution on streets (val, 2 frames)",
        subtitle="two models",
        stamps=("PARTIAL: 1 of 2 frames",),
        notes=("A note.",),
        legend=(("road", "#804080"),),
        examples=(Example(MODELS[0], "val_0", "scale 0.25", {"input": png(1)}),),
        provenance={"run": {"seed": "0"}},
        table=table,
        class_table=pd.DataFrame(0.25, index=classes, columns=conditions),
        unit="scale",
        against=f"scale 1{', ' + lines[0] if lines[0] else ''}",
        inputs={model: dict.fromkeys(conditions, "512x256") for model in MODELS},
    )


def test_the_page_has_the_numbers_and_no_table_of_corruptions() -> None:
    page = render(sample())
    assert page == render(sample())
    text = re.sub(r"<[^>]*>", " ", unescape(page))
    for expected in (
        "47.5",
        "\u22122.5",
        "\u22123.5 to \u22121.5",
        "42.5 to 52.5",
        "512x256",
        "PARTIAL",
    ):
        assert expected in text, expected
    assert not re.search("suite score|By corruption|By severity|retention", text)
    assert "<b0-pe>" not in page
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
    section = render(sample()).partition('id="published"')[2]
    for number in ("77.3", "74.0", "80.5", "79.8", "\u22123.3", "\u22120.7"):
        assert number in section


def test_without_intervals_there_is_no_column_of_them() -> None:
    with_them, without = (resolution_table(sample(intervals=each)) for each in (True, False))
    assert [head.text for head in with_them.columns[:4]] == ["mIoU", "95 %", "change", "95 %"]
    assert [head.text for head in without.columns] == ["mIoU", "change"] * 2
    assert {len(row) for row in with_them.rows} == {2 + 2 * 4}


@pytest.mark.parametrize("lines", [("",), ("slide", "whole")])
@pytest.mark.parametrize("column", ["miou", "change"])
def test_there_is_a_named_curve_for_every_line(lines: tuple[str, ...], column: str) -> None:
    report = sample(lines)
    (axes,) = curves(report.table, "scale", column).axes
    drawn = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert len(drawn) == len(MODELS) * len(lines)
    x, y = np.asarray(drawn[0].get_data(), float)
    assert x[1] - x[0] == pytest.approx(2 * (x[2] - x[1]))  # 0.25 to 1 are two octaves, 1 to 2 one
    first = report.table[report.table["line"] == lines[0]].loc[MODELS[0]]
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
    report = sample()
    report.table.loc[[(MODELS[0], "scale 2")], ["miou", "change", "low", "high"]] = NAN
    assert "\u2013" in {cell.text for cell in resolution_table(report).rows[-1]}
    curves(report.table, "scale", "miou")


def test_points_have_their_sign() -> None:
    found = [points(change) for change in (0.0123, -0.033, 0, -0.0001, NAN)]
    assert found == ["+1.2", "\u22123.3", "0.0", "0.0", "\u2013"]
