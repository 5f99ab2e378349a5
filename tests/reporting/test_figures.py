"""Figures: what they draw, and that their SVG can stand in a page."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from robustbench_seg.reporting import figures
from robustbench_seg.reporting.intervals import IntervalTable
from robustbench_seg.reporting.model_figures import category_curves, short
from robustbench_seg.reports.style import (
    CSS_VARIABLES,
    GROUND,
    SCORE_COLORS,
    SURFACE,
    contrast,
    score_colors,
    text_on,
)
from robustbench_seg.reports.svg import drawn, inline_svg
from tests.helpers.sample_report import COUNTED, severity_frame

SCORES = severity_frame().droplevel(0)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("text")]


def curves() -> Figure:
    scores = SCORES.droplevel(0).loc[["fog", "snow"]]
    found = IntervalTable(scores, scores - 0.02, scores + 0.02)
    return figures.severity_curves(found, COUNTED, "weather", 0.8, 0.8)


def test_heat_map_writes_every_name_and_number_as_text() -> None:
    found = texts(inline_svg(drawn(figures.heat_map(SCORES, COUNTED, 0.8)), "map", "a map"))
    assert found[:3] == ["1", "2", "3"]
    assert found[3] == "severity"
    assert found[4:8] == ["motion blur", "glass blur", "fog", "snow"]
    assert found[8:] == ["71.0", "67.0", "63.0"] * 4


def test_heat_map_hatches_the_severities_that_do_not_count() -> None:
    svg = str(inline_svg(drawn(figures.heat_map(SCORES, COUNTED, 0.8)), "map", "a map"))
    assert svg.count("fill: url(#map-") == 1
    every = dict.fromkeys(COUNTED, (1, 2, 3))
    assert "<pattern" not in inline_svg(drawn(figures.heat_map(SCORES, every, 0.8)), "map", "a map")


def test_heat_map_shows_a_dash_where_nothing_was_measured() -> None:
    scores = SCORES.copy()
    scores.iloc[1, 2] = math.nan
    svg = inline_svg(drawn(figures.heat_map(scores, COUNTED, 0.8)), "map", "a map")
    assert texts(svg)[8:14] == [
        "71.0", "67.0", "63.0", "71.0", "67.0", "\u2013",
    ]  # fmt: skip


def test_curves_name_their_lines_and_begin_at_clean() -> None:
    found = texts(inline_svg(drawn(curves()), "c", "curves"))
    assert found[:4] == ["clean", "1", "2", "3"]
    assert found[-2:] == ["fog", "snow"]


def test_a_curve_without_measured_points_is_named_with_a_dash() -> None:
    scores = SCORES.droplevel(0).loc[["fog", "snow"]]
    scores.loc["fog"] = math.nan
    found = IntervalTable(scores, scores, scores)
    figure = figures.severity_curves(found, COUNTED, "weather", math.nan, 0.8)
    assert texts(inline_svg(drawn(figure), "c", "curves"))[-2:] == ["fog \u2013", "snow"]


def test_models_share_axes_and_their_intervals_are_bands() -> None:
    places = pd.MultiIndex.from_product([["b0", "b1"], ["noise"]])
    value = pd.DataFrame([[0.5, 0.4, 0.3], [0.6, 0.5, 0.4]], index=places, columns=[1, 2, 3])
    clean = pd.DataFrame({"clean": [0.7, 0.8]}, index=["b0", "b1"])
    low, unknown = value - 0.1, pd.DataFrame(np.nan, value.index, value.columns)
    summary = IntervalTable(clean, clean - 0.1, clean + 0.1)
    axes, key = category_curves(
        IntervalTable(value, low, value + 0.1), summary, "noise", {1, 2}
    ).axes
    assert [text.get_text() for text in key.texts] == ["b0", "b1"]
    lines = [np.array(line.get_xydata()) for line in axes.lines]
    for start in ([[0, 70.0], [1, 50.0]], [[0, 80.0], [1, 60.0]]):
        assert any(np.allclose(line[:2], start) for line in lines if len(line) > 1)
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == SURFACE]
    assert [np.array(line.get_xdata()).tolist() for line in hollow] == [[3], [3]]
    bands = [band.get_paths()[0].get_extents().get_points() for band in axes.collections]
    assert np.allclose(bands, [[[1, 20], [3, 60]], [[1, 30], [3, 70]]])
    axes, _ = category_curves(IntervalTable(value, unknown, unknown), summary, "noise", {1}).axes
    assert not axes.collections


def test_long_names_keep_their_ends() -> None:
    names = [short(f"{'m' * 60}@streets (run {run})") for run in "ab"]
    assert [len(name) for name in names] == [44, 44]
    assert names[0] != names[1]


def test_svg_is_alone_with_its_name_and_takes_the_colours_of_the_page() -> None:
    svg = str(inline_svg(drawn(curves()), "c-1", "<curves> & more"))
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "<curves> & more"
    for forbidden in ("http", "<style", "metadata", "DejaVu", "xmlns"):
        assert forbidden not in svg
    assert not any(stand_in in svg for stand_in in (*CSS_VARIABLES, GROUND))
    ground = next(root.iter("path"))
    assert ground.attrib["style"] == "fill: none"
    assert {"var(--ink)", "var(--muted)", "var(--series-1)"} & set(re.findall(r"var\([^)]+\)", svg))
    names = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert names
    assert all(name.startswith("c-1-") for name in names)
    assert len(names) == len(set(names))
    used = re.findall(r"url\(#([^)]+)\)", svg) + re.findall(r'href="#([^"]+)"', svg)
    assert set(used) == set(names)


def test_svg_of_the_same_figure_has_the_same_bytes() -> None:
    assert inline_svg(drawn(curves()), "c", "x") == inline_svg(drawn(curves()), "c", "x")


def test_names_are_no_formulas_and_no_markup() -> None:
    scores = SCORES.rename(index={"fog": "$\\frac{1}{$<script>"})
    svg = inline_svg(drawn(figures.heat_map(scores, COUNTED, 0.8)), "map", "a map")
    assert "$\\frac{1}{$<script>" in texts(svg)
    assert "<script" not in svg


@given(st.lists(st.floats(0, 80), min_size=1, max_size=6))
def test_spread_keeps_order_distance_and_limits(values: list[float]) -> None:
    gap, low, high = 6.0, 3.0, 77.0
    places = figures.spread(values, gap, (low, high))
    ordered = sorted(places)
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(ordered))
    assert low - 1e-9 <= ordered[0]
    assert ordered[-1] <= high + 1e-9
    pairs = sorted(zip(values, places, strict=True))
    assert all(a[1] < b[1] for a, b in pairwise(pairs) if a[0] < b[0])


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=20))
def test_isotonic_is_that_of_scipy(values: list[float]) -> None:
    expected = isotonic_regression(values).x
    assert figures.isotonic(np.array(values)) == pytest.approx(expected, abs=1e-9)


def test_spread_moves_nothing_that_has_room() -> None:
    assert figures.spread([10.0, 40.0, 25.0], 6.0, (0.0, 80.0)) == [10.0, 40.0, 25.0]
    assert figures.spread([40.0, 40.0], 6.0, (0.0, 80.0)) == [37.0, 43.0]


def test_the_scale_in_keys_is_that_of_the_figures() -> None:
    assert [to_hex(score_colors()(step / 8)) for step in range(9)] == list(SCORE_COLORS)


@pytest.mark.parametrize("share", [step / 40 for step in range(41)])
def test_numbers_can_be_read_on_every_colour_of_the_scale(share: float) -> None:
    red, green, blue, _ = score_colors()(share)
    color = "#" + "".join(f"{round(255 * channel):02x}" for channel in (red, green, blue))
    assert contrast(color, text_on(color)) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
