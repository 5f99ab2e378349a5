"""The intervals of a report: those of the run, each at its number, with what they cover."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.reporting.report import Report
from robustbench_seg.reports.document import Document, unfolded
from robustbench_seg.reports.formats import html
from robustbench_seg.reports.table import Table
from tests.helpers.sample_report import run_tables, sample_document
from tests.helpers.sample_runs import frame, make_run, model

PAIRED = ("suite", "severities", "classes")


def tables(document: Document) -> dict[str, Table]:
    parts = (part for section in document.sections for part in unfolded(section.parts))
    return {part.name: part for part in parts if isinstance(part, Table)}


def with_intervals(models: tuple[str, ...] = ("b0",)) -> Document:
    """Return a report with intervals of two points to both sides; mPC has none."""
    given = run_tables(models, width=0.02)
    intervals = given["intervals"]
    intervals.loc[intervals["score"] == "mPC", ["low", "high"]] = math.nan
    return sample_document(models, tables=given)


def test_every_number_lies_in_its_interval() -> None:
    run = make_run(Path("a"), [model("b0"), model("b1")])
    report = Report(run)
    found = {name: report.with_intervals(name) for name in PAIRED}
    for name, each in found.items():
        values = run.table(name)
        assert each.low.shape == each.high.shape == values.shape
        assert (each.low.to_numpy() <= values.to_numpy()).all()
        assert (values.to_numpy() <= each.high.to_numpy()).all()
        assert list(each.low.index) == list(each.high.index) == list(values.index)
    known = run.table("intervals").set_index(["model", "class", "score"])
    fog = known.loc[[("b1", "all", "fog")]]
    assert found["suite"].low.loc["b1", ("weather", "fog")] == fog["low"].item()
    person = known.loc[[("b1", "person", "noise")]]
    own = found["classes"].high.loc[[("b1", "person")]]["noise"].item()
    assert own == person["high"].item()
    tidy = run.table("tidy").query("metric == 'miou' and condition == 'fog' and severity == 3")
    row = found["severities"].high.loc[[("b1", "weather", "fog")]]
    assert row[3].item() == tidy[tidy["model"] == "b1"]["high"].item()


def test_reports_show_them_below_the_numbers() -> None:
    run = make_run(Path("a"), [model("b0"), model("b1")])
    found = tables(run.report())
    for name in ("summary-table", "suite-table", "severity-table", "classes-1", "classes-2"):
        table = found[name]
        assert "Ranges are 95 % intervals over 12 images, fixed draw." in table.caption
        for row in table.rows:
            assert all(cell.interval for cell in row if cell.value is not None)
    classes = Report(run).with_intervals("classes")
    cell = found["classes-2"].rows[0][1]
    own = [each.loc[[("b1", "road")]]["clean"].item() for each in (classes.low, classes.high)]
    assert cell.ends == pytest.approx(own)


@pytest.mark.parametrize(("images", "are"), [(1, "there is 1"), (9, "there are 9")])
def test_few_images_have_no_intervals(images: int, are: str) -> None:
    run = make_run(Path("a"), frames=[frame(number) for number in range(images)])
    assert f"95 % intervals need at least 10 images, and {are}." in "".join(run.report().notes)
    table = tables(run.report())["suite-table"]
    assert "95 %" not in table.caption
    assert not any(cell.interval for cell in table.rows[0])
    assert np.isnan(Report(run).with_intervals("suite").low.to_numpy()).all()


def test_classes_in_few_images_are_named() -> None:
    rare = [frame(number, class_pixels=(9, 0, 9 * (number < 3))) for number in range(12)]
    notes = "\n".join(make_run(Path("a"), frames=rare).report().notes)
    assert "No intervals, with fewer than 10 images: person (3)." in notes
    groups = [frame(number, group=f"{number % 11}") for number in range(12)]
    assert "fewer than 10" not in "\n".join(make_run(Path("a"), frames=groups).report().notes)


def test_a_card_has_the_intervals_of_its_numbers() -> None:
    source = html.render(with_intervals())
    headline = re.search(r'<dl class="headline">(.*?)</dl>', source, re.DOTALL)
    assert headline is not None
    assert re.findall(r"<dd>([\d.]+)<small>([^<]*)</small></dd>", headline[1])[0] == (
        "81.0",
        "79.0\u201383.0",
    )
    lines = re.findall(r'class="ends" style="left:([\d.]+)%;width:([\d.]+)%"', source)
    assert len(lines) == 2  # a line for each category
    assert lines[0] == ("65.0", "4.0")
    assert "95 % intervals over 1 image" in source
    further = re.search(r'<dl class="further">(.*?)</dl>', source, re.DOTALL)
    assert further is not None
    assert re.search(r"<dt>mPC</dt><dd>[\d.]+</dd>", further[1])


def test_the_table_of_several_models_has_them_too() -> None:
    document = with_intervals(("b0", "b1"))
    table = tables(document)["summary-table"]
    assert "Ranges are 95 % intervals over 1 image, fixed draw." in table.caption
    assert [row[1].interval for row in table.rows] == ["79.0\u201383.0", "69.0\u201373.0"]
    assert table.rows[0][1].value == 0.81  # what it is sorted by is the number alone
    source = html.render(document)
    assert '<td data-value="0.81">81.0<small>79.0\u201383.0</small></td>' in source


def test_a_report_without_intervals_shows_none() -> None:
    source = html.render(sample_document(("b0", "b1")))
    assert 'class="ends"' not in source
    assert "95 %" not in source
