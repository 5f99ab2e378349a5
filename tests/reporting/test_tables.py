"""Frames of scores become tables of the texts that a reader should see."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustbench_seg.reporting import tables
from robustbench_seg.reporting.words import corruption_name, severity_range, short_name
from robustbench_seg.reports.table import Cell, Head, Table
from robustbench_seg.reports.text import percent, points
from tests.helpers.sample_report import (
    COUNTED,
    class_frame,
    scored_severity_frame,
    severity_frame,
    suite_frame,
    summary_frame,
)


def texts(row: tuple[Cell, ...]) -> list[str]:
    return [cell.text for cell in row]


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ((1, 2, 3), "1\u20133"),
        ((3, 1, 2), "1\u20133"),
        ((1, 2), "1, 2"),
        ((1, 3, 5), "1, 3, 5"),
        ((), "none"),
    ],
)
def test_severities_are_written_as_ranges(severities: tuple[int, ...], text: str) -> None:
    assert severity_range(severities) == text


def test_percent_has_one_decimal_and_a_dash_for_nan() -> None:
    assert percent(0.65812) == "65.8"
    assert percent(1.0) == "100.0"
    assert percent(math.nan) == "\u2013"


def test_names_in_words_and_under_their_category() -> None:
    assert corruption_name("jpeg_compression") == "JPEG compression"
    assert short_name("gaussian_noise", "noise") == "gaussian"
    assert short_name("jpeg_compression", "digital") == "JPEG"
    assert short_name("noise", "noise") == "noise"


def test_suite_table_groups_the_corruptions_and_prints_the_severities_counted() -> None:
    table = tables.suite_table(suite_frame(("b0", "b1")), COUNTED)
    assert [(head.text, head.small, head.span) for head in table.groups] == [
        ("model", "", 1),
        ("clean", "", 1),
        ("blur", "severities: 1\u20133", 2),
        ("weather", "", 2),
        ("mean", "", 1),
        ("retention", "", 1),
    ]
    assert [(head.text, head.small) for head in table.columns] == [
        ("motion", ""),
        ("glass", ""),
        ("fog", "1\u20133"),
        ("snow", "1, 2"),
    ]
    assert [place for place, _ in table.numbered_columns()] == [2, 3, 4, 5]
    assert texts(table.rows[0]) == ["b0", "81.0", "67.0", "67.0", "67.0", "69.0", "67.5", "83.3"]
    assert texts(table.rows[1]) == ["b1", "71.0", "57.0", "57.0", "57.0", "59.0", "57.5", "81.0"]


def test_shades_end_at_the_highest_score_and_leave_retention_out() -> None:
    table = tables.suite_table(suite_frame(("b0", "b1")), COUNTED)
    assert [cell.shade for cell in table.rows[1]] == [
        None, 0.88, 0.7, 0.7, 0.7, 0.73, 0.71, None,
    ]  # fmt: skip


def test_summary_table_keeps_the_order_of_the_frame() -> None:
    table = tables.headline_table(summary_frame())
    assert [head.text for head in table.columns] == [
        "model", "clean", "suite score", "blur", "weather", "retention", "mPC", "rPC",
        "pixel accuracy",
    ]  # fmt: skip
    assert texts(table.rows[0]) == [
        "b0", "81.0", "67.5", "67.0", "68.0", "83.3", "67.0", "82.7", "90.0",
    ]  # fmt: skip
    assert "mPC" not in table.caption
    without = tables.headline_table(summary_frame().assign(mPC=math.nan, rPC=math.nan))
    assert "No mPC and rPC: they need severities 1\u20135 of all corruptions." in without.caption


def test_severity_table_names_model_and_corruption_of_each_row() -> None:
    table = tables.severity_table(scored_severity_frame(), COUNTED)
    assert table.stub == 3
    assert texts(table.rows[0]) == [
        "b0", "blur", "motion blur", "1\u20133", "71.0", "67.0", "63.0", "67.0",
    ]  # fmt: skip
    assert texts(table.rows[3]) == [
        "b0", "weather", "snow", "1, 2", "71.0", "67.0", "63.0", "69.0",
    ]  # fmt: skip
    assert [head.text for head in table.columns[4:]] == ["1", "2", "3", "score"]


def test_class_table_distinguishes_undefined_and_unmeasured_retention() -> None:
    frame = class_frame(("b0", "b1"))
    found, never_found = tables.class_table(frame, "b1").rows
    assert texts(found) == ["road", "90.0", "60.0", "30.0", "45.0", "50.0"]
    assert texts(never_found) == ["sky", "0.0", "0.0", "0.0", "0.0", "\u2013"]
    assert never_found[-1].tooltip == "undefined: clean IoU is 0"
    unmeasured = tables.class_table(frame.assign(retention=math.nan), "b1").rows[0]
    assert unmeasured[-1].tooltip == "not measured"


def test_what_was_not_measured_is_a_dash_with_a_tooltip_and_has_no_value() -> None:
    frame = suite_frame()
    frame[("blur", "glass_blur")] = math.nan
    cell = tables.suite_table(frame, COUNTED).rows[0][3]
    assert cell == Cell("\u2013", value=None, tooltip="not measured", shade=None)


def test_a_scale_of_nothing_ends_at_one() -> None:
    assert tables.highest_of(pd.DataFrame({"a": [math.nan, 0.0]})) == 1.0
    assert tables.highest_of(pd.DataFrame({"a": [0.2, math.nan]}), severity_frame()) == 0.71


def test_columns_of_a_table_without_groups_are_counted_from_zero() -> None:
    table = Table("", (Head("a"), Head("b")), ())
    assert [place for place, _ in table.numbered_columns()] == [0, 1]


def test_severities_of_a_group_are_not_claimed_for_a_corruption_without_any() -> None:
    table = tables.suite_table(suite_frame(), {"motion_blur": (1, 2, 3)})
    assert [head.small for head in table.groups[2:4]] == ["", ""]
    assert [head.small for head in table.columns] == ["1\u20133", "", "", ""]


def test_any_frame_can_be_a_table() -> None:
    index = pd.MultiIndex.from_tuples([("b0", "left"), ("b0", "right")], names=["model", "side"])
    frame = pd.DataFrame({"share": [0.25, math.nan], "frames": [3, 1200]}, index)
    table = tables.frame_table(frame, "A caption.", tables.plain, name="sides")
    assert [head.text for head in table.columns] == ["model", "side", "share", "frames"]
    assert [texts(row) for row in table.rows] == [
        ["b0", "left", "0.25", "3"],
        ["b0", "right", "\u2013", "1200"],
    ]
    assert (table.stub, table.name, table.caption) == (2, "sides", "A caption.")


def test_points_have_their_sign() -> None:
    found = [points(change) for change in (0.0123, -0.033, 0, -0.0001, math.nan)]
    assert found == ["+1.2", "\u22123.3", "0.0", "0.0", "\u2013"]
