"""Each part of a report in HTML, against a stored page part and against hostile names."""

from __future__ import annotations

import pandas as pd
import pytest

from reports.document import Cards
from reports.formats import html
from reports.table import Cell, Head, Table
from robustbench_seg.reporting import tables
from robustbench_seg.reporting.sections import summary
from tests.helpers.goldens import assert_golden
from tests.helpers.sample_report import (
    COUNTED,
    class_frame,
    sample_report,
    scored_severity_frame,
    suite_frame,
    summary_frame,
)


def cards(**tables: pd.DataFrame) -> Cards:
    """Return the cards of a report with these tables."""
    section = summary(sample_report(tables=tables))
    assert section is not None
    (found,) = (part for part in section.parts if isinstance(part, Cards))
    return found


PARTS = {
    "suite_table": html.table(tables.suite_table(suite_frame(("b0", "b1")), COUNTED), "suite"),
    "severity_table": html.table(
        tables.severity_table(scored_severity_frame(), COUNTED), "severities"
    ),
    "class_table": html.table(tables.class_table(class_frame(), "b0"), "classes"),
    "summary_card": html.card(cards().cards[0]),
}


@pytest.mark.parametrize("name", PARTS)
def test_html_part_is_golden(name: str) -> None:
    assert_golden(f"reports_{name}.html", f"{PARTS[name]}\n")


def test_names_are_escaped_in_every_place_of_a_table() -> None:
    evil = '<script>alert("x")</script>'
    table = Table(
        caption=evil,
        columns=(Head(evil, small=evil, tooltip=evil), Head("number")),
        rows=((Cell(evil), Cell(evil, tooltip=evil)),),
    )
    markup = html.table(table, "evil")
    assert "<script" not in markup
    assert markup.count("alert(&#34;x&#34;)") == 7


def test_a_line_may_break_after_separators_only() -> None:
    assert html.breakable("espnet@a/b_2") == "espnet@<wbr>a/<wbr>b_<wbr>2"
    assert html.breakable("<b>_") == "&lt;b&gt;_"
    assert html.breakable("a&b_c") == "a&amp;b_<wbr>c"


def test_a_card_leaves_out_what_the_summary_lacks() -> None:
    (card,) = cards(summary=summary_frame().drop(columns=["mPC", "weather"])).cards
    assert [label for label, _ in card.headline] == ["clean mIoU", "suite score", "retention"]
    assert [label for label, _ in card.bars] == ["clean", "blur"]
    assert [label for label, _ in card.further] == ["rPC", "pixel accuracy"]
