"""A document in a terminal: every name as it is, every number at every width."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from robustbench_seg.reports.document import Document, Fold, Part, Section, one_line
from robustbench_seg.reports.formats import terminal
from robustbench_seg.reports.table import Cell, Head, Table

EVIL = ":car: [bold]x[/] [link=http://a]y[/link] \\[ {1} \x1b[31m"


def document(*sections: Section, title: str = "a suite", stamps: tuple[str, ...] = ()) -> Document:
    return Document(
        title=title,
        subtitle="a subtitle",
        stamps=stamps,
        notes=(f"a note of {title}",),
        meanings=(("mIoU", "is a mean"),),
        sections=sections,
        provenance={"Run": {"seed": "0"}},
    )


def shown(document: Document, width: int = 80, encoding: str = "utf-8") -> str:
    """Return what a console of some width shows, as the bytes that it writes say."""
    written = io.BytesIO()
    console = Console(file=io.TextIOWrapper(written, encoding, newline=""), width=width)
    terminal.show(document, console)
    console.file.flush()
    return written.getvalue().decode(encoding)


def of_parts(*parts: Part, width: int = 80, encoding: str = "utf-8") -> str:
    return shown(document(Section("A section", parts)), width, encoding)


def wide_table(rows: int, columns: int = 17) -> Table:
    return Table(
        "A caption.",
        tuple(Head(f"corruption {number}") for number in range(columns)),
        tuple(
            (
                Cell(f"model-{row}@streets"),
                *(Cell(f"{row}.{number}", ends=(row / 10, 0.9)) for number in range(columns)),
            )
            for row in range(rows)
        ),
        (
            Head("model", whole_height=True),
            Head("blur", small="severities: 1\u20135", span=columns - 1),
            Head("noise", span=1),
        ),
    )


def test_document_has_its_title_stamps_tables_and_notes() -> None:
    table = Table("A caption.", (Head("model"), Head("mIoU")), ((Cell("b0"), Cell("49.2")),))
    text = shown(
        document(
            Section("Numbers", ("a paragraph", Fold("more", (table,)))),
            Section("Long", ("left out",), terminal=False),
            Section("Published", ("not ours",), foreign=True),
            Section("Without texts", ()),
            stamps=("UNTRAINED: random weights",),
        )
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[:2] == ["a suite", "UNTRAINED: random weights"]
    assert lines[2:5] == ["Numbers", "- a paragraph", "A caption."]
    assert [line.split() for line in lines[5:8:2]] == [["model", "mIoU"], ["b0", "49.2"]]
    assert lines[8:] == ["- a note of a suite"]


def test_stamps_stand_out_and_intervals_do_not() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, color_system="standard", width=80)
    cell = Cell("49.2", ends=(0.4, 0.5), best=True)
    table = Table("", (Head("model"), Head("mIoU")), ((Cell("b0"), cell),))
    terminal.show(document(Section("A", (table,)), stamps=("PARTIAL: 1 of 2",)), console)
    assert "\x1b[1;37;41m PARTIAL: \x1b[0m1 of 2\n" in written.getvalue()
    assert "\x1b[1m49.2\x1b[0m" in written.getvalue()
    assert "\x1b[2m40.0\u201350.0\x1b[0m" in written.getvalue()


def test_names_mean_nothing_to_the_terminal() -> None:
    table = Table(EVIL, (Head(EVIL), Head(EVIL)), ((Cell(EVIL), Cell(EVIL)),) * 2)
    text = shown(document(Section(EVIL, (EVIL, table)), title=EVIL, stamps=(EVIL,)), width=300)
    assert text.count(one_line(EVIL)) >= 9
    assert "\x1b" not in text


@given(st.text(st.characters(categories=("L", "N", "P", "S"))), st.integers(60, 200))
def test_any_name_is_shown_whole_at_any_width(name: str, width: int) -> None:
    table = Table("", (Head("a"), Head("b")), ((Cell(name), Cell("1.0")),))
    text = "".join(of_parts(table, width=width).split())
    assert one_line(name) in text.replace("1.0", "")


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 100, 160, 200])
@pytest.mark.parametrize("rows", [1, 2, 9, 20])
def test_every_number_is_shown_within_the_width(rows: int, width: int) -> None:
    text = of_parts(wide_table(rows), width=width)
    assert max(map(len, text.splitlines())) <= width
    numbers = re.findall(r"(?<![\d.])\d+\.\d+(?![\d.\u2013])", text)
    for row in range(rows):
        for number in range(17):
            assert f"{row}.{number}" in numbers


def test_a_wide_table_with_few_rows_is_transposed() -> None:
    beside = of_parts(wide_table(2, 3), width=80)
    assert re.search(r"model-0@streets +0\.0 +0\.1 +0\.2\n", beside)
    below = of_parts(wide_table(2), width=80)
    assert re.search(r"^ +model-0@streets +model-1@streets\n", below, re.MULTILINE)
    first = r"blur +corruption 0 +0\.0 +1\.0\nseverities: 1\u20135 +0\.0\u201390\.0"
    assert re.search(first, below)
    assert below.count("blur") == 1
    assert re.search(r"noise +corruption 16 +0\.16 +1\.16\n", below)


def test_a_wide_table_with_many_rows_is_split_and_keeps_its_names() -> None:
    text = of_parts(wide_table(20), width=80)
    pieces = text.split("model  ")[1:]
    assert len(pieces) > 1
    for piece in pieces:
        assert re.findall(r"^model-(\d+)@streets ", piece, re.MULTILINE) == list(
            map(str, range(20))
        )


def test_a_console_without_unicode_gets_other_dashes() -> None:
    table = Table(
        "caf\u00e9", (Head("a"), Head("b")), ((Cell("x"), Cell("\u22123", below="1\u20132")),)
    )
    text = of_parts(table, encoding="ascii")
    assert "caf?" in text
    assert "-3\n" in text
    assert "1-2\n" in text
