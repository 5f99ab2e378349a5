"""`robustseg compare`: the files that it writes, and bad input in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg.__main__ import main
from robustbench_seg.reporting.comparison import compare_runs
from tests.helpers.frames import write_tree


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the runs a, of one model, and b, of another."""
    root = tmp_path_factory.mktemp("runs")
    data = str(write_tree(root / "tree", 2))
    few: dict[str, Any] = {"data": data, "corruptions": ["fog"], "severities": [1, 2]}
    robustbench_seg.evaluate("b0@random", out=root / "a", **few)
    robustbench_seg.evaluate("espnet@random", out=root / "b", **few)
    return root


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["robustseg", "compare", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


@pytest.mark.slow
def test_compare_writes_every_format(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(stored)
    formats = ("--format", "html,pdf,md,latex,csv,parquet,svg")
    asked = ("a", "b", "--with", "segformer-table5", "--reference", "b")
    assert call(monkeypatch, *asked, *formats, "--out", "one") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "UNTRAINED" in printed
    assert "in percent of that of the reference, ESPNet (input 1024x512, UNTRAINED)" in printed
    names = {path.name for path in (stored / "one").iterdir()}
    assert {"report.html", "report.pdf", "report.md", "report.tex", "figures"} <= names
    assert {"summary.csv", "degradation.parquet", "differences.csv"} <= names
    assert call(monkeypatch, *asked, *formats, "--out", "two") == 0
    for name in ("report.html", "report.pdf", "report.md", "report.tex", "frames.csv"):
        assert (stored / "one" / name).read_bytes() == (stored / "two" / name).read_bytes()


@pytest.mark.slow
def test_bad_input_is_one_line(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(stored)
    cases = {
        "named twice": ("a", "a"),
        "no such table 'table5'": ("a", "b", "--with", "table5"),
        "--reference b9": ("a", "b", "--reference", "b9"),
        "no such format 'docx'": ("a", "b", "--format", "docx"),
        "absent": ("a", "absent"),
    }
    for words, arguments in cases.items():
        assert call(monkeypatch, *arguments) == 2, words
        printed = capsys.readouterr()
        assert words in printed.err
        assert printed.err.startswith("error: ")
        assert printed.err.strip().count("\n") == 0, printed.err
    assert not (stored / "results").exists()


@pytest.mark.slow
def test_the_folder_of_a_reference_joins_the_runs(stored: Path) -> None:
    joined = compare_runs([stored / "a"], stored / "b")
    assert len(joined.models) == 2
    assert joined.reference.startswith("espnet@random")
    assert compare_runs([stored / "a", stored / "b"], stored / "b").models == joined.models
