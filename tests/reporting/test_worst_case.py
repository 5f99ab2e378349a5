"""The section on worst cases, and which runs have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.worst_case import worst_case
from robustbench_seg.reports.table import Table
from tests.helpers.sample_runs import make_run, model


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return Report(make_run(tmp_path_factory.mktemp("run"), [model("b0"), model("b1")]))


def test_the_table_has_the_worst_cases_of_each_model(report: Report) -> None:
    (table,) = worst_case(report).parts
    assert isinstance(table, Table)
    found = report.table("worst")
    assert len(table.rows) == len(found) == 10
    for row, (_, each) in zip(table.rows, found.iterrows(), strict=True):
        name, score, miou, under, share = row
        assert (name.text, score.text) == (each["model"], each["score"])
        assert miou.text == f"{100 * each['value']:.1f}"
        assert miou.ends == (each["low"], each["high"])
        assert under.text == each["at"].replace("_", " ")
        of = "frames" if "frame" in each["score"] else "resamples"
        assert share.text == (f"{100 * each['share']:.0f} % of {of}" if each["at"] else "")
    assert "Ranges are 95 % intervals" in table.caption


def test_every_format_shows_it_and_a_file_has_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [model("b0")])
    run.write("html,md,latex,csv", tmp_path / "out")
    for name in ("report.html", "report.md", "report.tex"):
        content = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "worst of each frame" in content
        assert "Worst case" in content
    first, *rows = (tmp_path / "out/worst.csv").read_text(encoding="utf-8").splitlines()
    assert first == "model,score,value,low,high,at,share"
    assert len(rows) == 5
