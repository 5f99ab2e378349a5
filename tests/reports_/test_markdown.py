"""Documents as Markdown: names have no meaning in it, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from robustbench_seg.reports.document import one_line
from robustbench_seg.reports.formats import markdown
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.sample_report import (
    sample_document,
)

EVIL = (
    "<script>x</script> |a|b| $x^2$ `c` ~~d~~ *e* _f_ [g](http://h) ![i](j) @k # l \\ &amp; **m**"
)


def reader() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def texts(source: str) -> list[str]:
    """Return the texts of a source as they are shown; anything but text is an error."""
    shown = []
    for token in reader().parse(source):
        assert token.type != "html_block", token.content
        if token.type == "inline":
            shown.append("".join(map(text, token.children or [])))
    return shown


def text(token: Token) -> str:
    if token.type == "html_inline":
        assert token.content == "<br>"
        return "\n"
    assert token.type in ("text", "text_special", "softbreak", "strong_open", "strong_close")
    return token.content


def test_an_interval_stands_below_its_number() -> None:
    table = Table("", (Head("model"), Head("mIoU")), ((Cell("b0"), Cell("5.0", ends=(0, 0.1))),))
    assert texts(markdown.table(table)) == ["model", "mIoU", "b0", "5.0\n0.0\u201310.0"]


def test_a_hostile_name_stays_within_its_cell() -> None:
    table = Table("", (Head(EVIL, small=EVIL), Head("n")), ((Cell(EVIL), Cell(EVIL)),))
    assert texts(markdown.table(table)) == [f"{EVIL}\n{EVIL}", "n", EVIL, EVIL]


def test_hostile_names_are_shown_in_every_place() -> None:
    document = sample_document(
        (EVIL, "b1"), title=EVIL, note=EVIL, classes=(EVIL, "sky"), stamps=(f"PARTIAL: {EVIL}",)
    )
    shown = "\n".join(texts(markdown.render(document)))
    assert shown.count(EVIL) >= 10


@pytest.mark.slow
@given(st.text())
def test_any_text_is_shown_unchanged(name: str) -> None:
    table = Table("", (Head("a"), Head("b")), ((Cell("x"), Cell(name)),))
    shown = texts(markdown.table(table))
    # A blank cell is empty.
    assert shown[3] == one_line(name).strip()
    paragraph = texts(markdown.escape(name))
    assert "".join(paragraph).split() == one_line(name).split()


def test_no_text_begins_a_list_or_heading() -> None:
    for start in ("# a", "- a", "+ a", "= a", "1. a", "12) a", "> a", "* a", "    a", "---", "==="):
        assert texts(markdown.escape(start)) == [start.strip()]
        assert reader().parse(markdown.escape(start))[0].type == "paragraph_open"
    assert markdown.escape("72.0 b0@streets jpeg_compression") == "72.0 b0@streets jpeg_compression"


def test_report_has_stamps_notes_tables_and_provenance() -> None:
    source = markdown.render(sample_document(("b0", "b1"), stamps=("UNTRAINED: random weights",)))
    heads = [line for line in source.splitlines() if line.startswith("#")]
    assert heads == [
        "# a suite on streets (val)",
        "## Summary",
        "## Notes",
        "## What the numbers mean",
        "## By corruption",
        "## By severity",
        "## By class",
        "## References",
        "## Provenance",
        "### Run",
    ]
    assert "> [!CAUTION]\n> - **UNTRAINED** random weights\n" in source
    assert "- All severities were run.\n" in source
    assert "- command: robustseg eval --model b0\n" in source
