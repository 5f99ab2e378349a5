"""Names from files in every output: what a terminal, browser or spreadsheet would obey is shown."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from robustbench_seg import cli
from robustbench_seg.cli.console import notice, print_table, say
from robustbench_seg.reporting.files import csv_content
from robustbench_seg.reports import FORMATS, paper
from robustbench_seg.reports.document import Document
from robustbench_seg.reports.formats import terminal
from robustbench_seg.reports.svg import drawn
from tests.helpers.frames import image_path, label_path, write_tree
from tests.helpers.sample_report import sample_document

TEXTS = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "eight bits": "\x9b31mred",
    "erase": "road\x08\x08\x08\x08sky",
    "override": "road\u202eyks",
    "isolate": "\u2067road\u2069",
    "marks": "road\u200f\u200e\u061c",
    "separators": "road\u2028sky\u2029",
    "nothing": "ro\u200bad\ufeff",
    "tags": "road\U000e0041",
}
ACTIVE = {mark for text in TEXTS.values() for mark in text} - set("[]0;1m3dwnerokadysi")


def harmless(text: str) -> bool:
    """Whether a text has none of the marks, but line ends and tabs."""
    return not any(
        mark in ACTIVE or unicodedata.category(mark) in ("Cc", "Cf")
        for mark in text
        if mark not in "\n\t"
    )


def of_terminal(document: Document) -> str:
    output = StringIO()
    terminal.show(document, Console(file=output, width=200, color_system=None))
    return output.getvalue()


OUTPUTS: dict[str, Callable[[Document], str]] = {
    "terminal": of_terminal,
    "html": lambda document: str(FORMATS["html"].render(document)),
    "notebook": lambda document: str(document._repr_html_()),  # type: ignore[attr-defined]
    "md": lambda document: str(FORMATS["md"].render(document)),
    "latex": lambda document: str(FORMATS["latex"].render(document)),
}


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_reports_show_every_mark(output: str) -> None:
    name = " ".join(TEXTS.values())
    document = sample_document((name, "b1"))
    shown = OUTPUTS[output](document)
    assert harmless(shown)
    assert re.search(r"(\\|textbackslash\{\})+x1b", shown)


def test_figures_show_every_mark() -> None:
    figure = Figure()
    figure.text(0.1, 0.5, " ".join(TEXTS.values()))
    shown = paper.svg(drawn(figure)).decode()
    assert harmless(shown)
    assert r"\x1b" in shown
    ElementTree.fromstring(shown)


@pytest.mark.parametrize("kind", TEXTS)
def test_the_command_shows_every_mark(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(TEXTS[kind])
    notice(TEXTS[kind])
    print_table(TEXTS[kind], [TEXTS[kind]], [[TEXTS[kind]]])
    printed = capsys.readouterr()
    assert harmless(printed.out)
    assert harmless(printed.err)
    assert printed.out.count("\\") >= 4


@pytest.mark.parametrize("kind", TEXTS)
def test_a_taxonomy_with_such_a_class_is_shown(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path / "tree", 1, width=64, height=32)
    escaped = "".join(f"\\U{ord(mark):08x}" for mark in TEXTS[kind])
    names = [f'{{ name = "{escaped}" }}', *(f'{{ name = "c{n}" }}' for n in range(18))]
    (tmp_path / "c.toml").write_text(f"classes = [{', '.join(names)}]\nignore = [255]\n")
    folders = ("--images", image_path(root, 0).parent, "--labels", label_path(root, 0).parent)
    words = ("datasets", "check", *folders, "--classes", tmp_path / "c.toml")
    monkeypatch.setattr("sys.argv", ["robustseg", *map(str, words)])
    cli.run()
    printed = capsys.readouterr()
    assert harmless(printed.out + printed.err)


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://a","b")']


def test_no_cell_of_a_csv_file_is_a_formula() -> None:
    index = pd.MultiIndex.from_product([FORMULAS, ["=a", "b"]], names=["=model", "class"])
    table = pd.DataFrame({"@score": -0.5, "n": 3, "text": "-x"}, index)
    rows = list(csv.reader(io.StringIO(csv_content(table).decode())))
    assert rows[0] == ["'=model", "class", "'@score", "n", "text"]
    assert len(rows) == 1 + len(table)
    for row in rows[1:]:
        assert row[2:] == ["-0.5", "3", "'-x"]
        assert not any(cell[:1] in ("=", "+", "@", "\t", "\r", "\n") for cell in row)


def test_numbers_of_a_csv_file_stay_as_pandas_writes_them() -> None:
    table = pd.DataFrame(
        {"a": [-1.5, float("nan")], "b": [-3, 4], "c": ["x", None], "d": [True, False]},
        pd.Index(["m", "n"], name="model"),
    )
    assert csv_content(table).decode() == table.to_csv(lineterminator="\n")
    numbered = table.reset_index()
    assert csv_content(numbered).decode() == numbered.to_csv(index=False)
