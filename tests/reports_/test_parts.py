"""Each part of a report in HTML, against a stored page part and against hostile names."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from reports import parts, tables
from reports.table import Cell, Head, Table
from tests.helpers.goldens import assert_golden
from tests.helpers.sample_report import (
    COUNTED,
    class_frame,
    severity_frame,
    suite_frame,
    summary_frame,
)


def summary_card() -> Markup:
    numbers = summary_frame().iloc[0]
    return parts.card_html(parts.card("b0", numbers, ("blur", "weather")))


PARTS = {
    "suite_table": parts.table(tables.suite_table(suite_frame(("b0", "b1")), COUNTED), "suite"),
    "severity_table": parts.table(tables.severity_table(severity_frame(), COUNTED), "severities"),
    "class_table": parts.table(tables.class_table(class_frame(), "b0"), "classes"),
    "summary_card": summary_card(),
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
    markup = parts.table(table, "evil")
    assert "<script" not in markup
    assert markup.count("alert(&#34;x&#34;)") == 7


def test_a_line_may_break_after_separators_only() -> None:
    assert parts.breakable("espnet@a/b_2") == "espnet@<wbr>a/<wbr>b_<wbr>2"
    assert parts.breakable("<b>_") == "&lt;b&gt;_"
    assert parts.breakable("a&b_c") == "a&amp;b_<wbr>c"


def test_a_card_leaves_out_what_the_summary_lacks() -> None:
    numbers = summary_frame().drop(columns=["mPC", "weather"]).iloc[0]
    card = parts.card("b0", numbers, ("blur", "weather"))
    assert [figure.label for figure in card.headline] == ["clean", "suite score", "retention"]
    assert [figure.label for figure in card.bars] == ["clean", "blur"]
    assert [figure.label for figure in card.further] == ["rPC", "pixel accuracy"]
