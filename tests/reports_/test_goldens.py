"""Tables, a card and a whole comparison in each format, against golden files."""

from __future__ import annotations

import json

import pytest

from robustbench_seg.reports.document import Cards
from robustbench_seg.reports.formats import html, latex, markdown, pdf
from robustbench_seg.reports.table import Table
from tests.helpers.goldens import assert_golden
from tests.helpers.paths import GOLDEN
from tests.helpers.sample_comparison import sample_comparison
from tests.helpers.sample_report import sample_document
from tests.helpers.sample_tables import TABLES

SUFFIXES = ("html", "json", "md", "tex")


def in_format(table: Table, suffix: str) -> str:
    """Return a table in a format."""
    if suffix == "html":
        return html.table(table, table.name)
    if suffix == "json":  # as the PDF template reads it
        return json.dumps(pdf.table(table), ensure_ascii=False, indent=1)
    return markdown.table(table) if suffix == "md" else latex.table(table)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", TABLES)
def test_table(name: str, suffix: str) -> None:
    assert_golden(f"reports_{name}.{suffix}", f"{in_format(TABLES[name], suffix)}\n")


def test_card() -> None:
    cards = sample_document().sections[0].parts[0]
    assert isinstance(cards, Cards)
    assert_golden("reports_summary_card.html", f"{html.macro('card', cards.cards[0])}\n")


def test_comparison() -> None:
    """Markdown shows captions, bold and intervals."""
    assert_golden("reports_comparison.md", markdown.render(sample_comparison().report()))


def test_every_golden_file_is_tested() -> None:
    tables = {f"reports_{name}.{suffix}" for name in TABLES for suffix in SUFFIXES}
    stored = {path.name for path in GOLDEN.glob("reports_*")}
    assert stored == {*tables, "reports_summary_card.html", "reports_comparison.md"}
