"""The intervals of the tables of a report: those of the run, each at its number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reports import Report, contents
from robustbench_seg.reporting.report import report_of
from robustbench_seg.reporting.uncertainty import table_ends
from tests.helpers.sample_runs import frame, make_run, model


def test_every_number_lies_in_its_interval() -> None:
    run = make_run(Path("a"), [model("b0"), model("b1")])
    ends = table_ends(run)
    for name, table in (("suite", "suite"), ("severity", "severities"), ("class", "classes")):
        values = run.table(table)
        low, high = ends[f"{name}_table"]
        assert low.shape == high.shape == values.shape
        assert (
            (low.to_numpy() <= values.to_numpy()) & (values.to_numpy() <= high.to_numpy())
        ).all()
    known = run.table("intervals").set_index(["model", "class", "score"])
    fog = known.loc[[("b1", "all", "fog")]]
    assert ends["suite_table"][0].loc["b1", ("weather", "fog")] == fog["low"].item()
    person = known.loc[[("b1", "person", "noise")]]
    assert ends["class_table"][1].loc[[("b1", "person")]]["noise"].item() == person["high"].item()
    tidy = run.table("tidy").query("metric == 'miou' and condition == 'fog' and severity == 3")
    row = ends["severity_table"][1].loc[[("b1", "fog")]]
    assert row[3].item() == tidy[tidy["model"] == "b1"]["high"].item()


def test_reports_show_them_below_the_numbers() -> None:
    report = report_of(make_run(Path("a"), [model("b0"), model("b1")]))
    assert isinstance(report, Report)
    for table in (
        contents.suite(report),
        contents.severities(report),
        contents.classes(report, "b1"),
    ):
        assert "Below, 95 % intervals over 6 images, fixed draw." in table.caption
        for row in table.rows:
            assert all(cell.interval for cell in row if cell.value is not None)
    low, high = report.ends["class_table"]
    cell = contents.classes(report, "b1").rows[0][1]
    own = [frame.loc[[("b1", "road")]]["clean"].item() for frame in (low, high)]
    assert cell.ends == pytest.approx(own)


def test_one_image_has_no_intervals() -> None:
    report = report_of(make_run(Path("a"), frames=[frame(0)]))
    assert isinstance(report, Report)
    table = contents.suite(report)
    assert "95 %" not in table.caption
    assert not any(cell.interval for cell in table.rows[0])
    assert np.isnan(report.ends["suite_table"][0].to_numpy()).all()
