"""Intervals in a report: beside the numbers, on the bars, and told what they cover."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from reports import Intervals, Report, tables
from reports.formats import old_html as html
from tests.helpers.sample_report import sample_report


def with_intervals(report: Report) -> Report:
    """Return the report with intervals of two points to both sides; mPC has none."""
    summary = report.summary
    low, high = summary - 0.02, summary + 0.02
    low["mPC"] = high["mPC"] = math.nan
    covers = "over 16 images, fixed draw"
    return replace(report, intervals=Intervals(low, high, summary * math.nan, covers))


def test_a_card_has_the_intervals_of_its_numbers() -> None:
    source = html.render(with_intervals(sample_report()))
    headline = re.search(r'<dl class="headline">(.*?)</dl>', source, re.DOTALL)
    assert headline is not None
    assert re.findall(r"<dd>([\d.]+)<small>([^<]*)</small></dd>", headline[1])[0] == (
        "81.0",
        "79.0\u201383.0",
    )
    lines = re.findall(r'class="ends" style="left:([\d.]+)%;width:([\d.]+)%"', source)
    assert len(lines) == 3  # clean and two categories
    assert lines[0] == ("79.0", "4.0")
    assert "95 % intervals, over 16 images, fixed draw" in source
    further = re.search(r'<dl class="further">(.*?)</dl>', source, re.DOTALL)
    assert further is not None
    assert re.search(r"<dt>mPC</dt><dd>[\d.]+</dd>", further[1])


def test_the_table_of_several_models_has_them_too() -> None:
    report = with_intervals(sample_report(("b0", "b1")))
    table = tables.summary_table(report.summary, intervals=report.intervals)
    assert table.caption.endswith("Below them 95 % intervals, over 16 images, fixed draw.")
    assert [row[1].interval for row in table.rows] == ["79.0\u201383.0", "69.0\u201373.0"]
    assert table.rows[0][1].value == 0.81  # what it is sorted by is the number alone
    source = html.render(report)
    assert '<td data-value="0.81">81.0<small>79.0\u201383.0</small></td>' in source


def test_a_report_without_intervals_shows_none() -> None:
    source = html.render(sample_report(("b0", "b1")))
    assert 'class="ends"' not in source
    assert "95 %" not in source
