"""Documents as LaTeX: of sound structure, compiled if TeX is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_seg.reports.formats import latex
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.sample_report import (
    sample_document,
)
from tests.helpers.sample_tables import TABLES

EVIL = (
    r"\input{/etc/passwd} \write18{x} $x^2$ %&#_{}~^ <script>|`'\" ``--- [b]*[c] \\ \end{tabular} "
    "caf\u00e9 \u4e2d\u6587 \u202e \x00 \n\n\\par"
)
LONG = Table("Long.", (Head("n"), Head("m")), tuple((Cell(str(n)), Cell("0")) for n in range(80)))
WIDE = Table(
    "Wide.", tuple(Head(str(n)) for n in range(20)), (tuple(Cell("1.0") for _ in range(20)),)
)


def hostile_report() -> str:
    return latex.render(
        sample_document(
            (EVIL, "b1"),
            title=EVIL,
            note=f"{EVIL}\udc80",
            classes=(EVIL, "sky"),
            stamps=(f"PARTIAL: {EVIL}",),
        )
    )


@pytest.mark.parametrize("table", [*TABLES.values(), LONG, WIDE])
def test_every_row_has_as_many_cells_as_the_table_has_columns(table: Table) -> None:
    source = latex.table(table)
    form = re.search(r"\\begin\{(?:tabular|longtable)\}\{([lr]+)\}", source)
    assert form is not None
    rows = [line for line in source.splitlines() if line.endswith(("\\\\", "\\\\*"))]
    rows = [line for line in rows if not line.startswith(r"\caption")]
    assert len(rows) > len(table.rows)
    for row in rows:
        spans = map(int, re.findall(r"\\multicolumn\{(\d+)\}", row))
        assert row.count(" & ") + 1 + sum(span - 1 for span in spans) == len(form[1])


@pytest.mark.slow
@given(st.text())
def test_no_text_reaches_tex_as_a_command(text: str) -> None:
    left = re.sub(
        r"\\(?:text[a-z]+|nobreakspace)\{\}|\\[{}$&#%_]|\{[-\[\]]\}", "", latex.escape(text)
    )
    assert not set(left) & set('\\{}$&#%^_~<>|"`[]\n\r\x00')
    left.encode("latin-1")


def test_lines_of_long_texts_break() -> None:
    row = (Cell("versions"), Cell("numpy 2.4.6, " * 9), Cell("2"))
    source = latex.table(Table("a", (Head("setting"), Head("b0"), Head("b1")), (row,)))
    form = r"\begin{tabular}{l>{\raggedright\arraybackslash}p{0.80\linewidth}r}"
    assert form in source


def test_an_interval_stands_below_its_number() -> None:
    table = Table("", (Head("model"), Head("mIoU")), ((Cell("b0"), Cell("5.0", ends=(0, 0.1))),))
    number, interval = latex.table(table).splitlines()[8:10]
    assert number == r"b0 & 5.0 \\*"
    assert interval == r" & {\scriptsize 0.0\textendash{}10.0} \\"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
@pytest.mark.parametrize("source", [latex.render(sample_document(("b0", "b1"))), hostile_report()])
def test_report_compiles(source: str, tmp_path: Path) -> None:
    body = "\n".join(map(latex.table, (LONG, WIDE)))
    (tmp_path / "report.tex").write_text(
        source.replace(r"\end{document}", body + "\n" + r"\end{document}"), encoding="utf-8"
    )
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "report.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert "Output written on report.pdf" in log
    assert "passwd" not in re.findall(r"\(([^()\s]+)", log)
