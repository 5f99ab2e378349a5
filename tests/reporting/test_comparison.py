"""A comparison in every form: what is the best, what differs, what others measured."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from robustbench_seg import reports
from robustbench_seg.reporting.comparison import (
    Comparison,
    breakdowns,
    compare_runs,
    figures,
    tables,
)
from robustbench_seg.reporting.comparison.description import Published
from robustbench_seg.reporting.examples import Example
from robustbench_seg.reporting.model_figures import category_curves
from robustbench_seg.reports.document import unfolded
from robustbench_seg.reports.formats import html, latex
from robustbench_seg.reports.table import Cell, Table
from tests.helpers.paths import ROOT
from tests.helpers.sample_comparison import sample_comparison
from tests.helpers.sample_report import png
from tests.helpers.sample_runs import frame, make_run, model


def texts(table: Table) -> list[list[str]]:
    return [[f"{cell.text} [{cell.interval}]" if cell.interval else cell.text for cell in row]
            for row in table.rows]  # fmt: skip


def best(table: Table) -> list[list[int]]:
    return [[place for place, cell in enumerate(row) if cell.best] for row in table.rows]


def all_tables(comparison: Comparison) -> dict[str, Table]:
    return {
        f"{section.heading} {place}": part
        for section in comparison.report().sections
        for place, part in enumerate(unfolded(section.parts))
        if isinstance(part, Table)
    }


def test_the_best_is_bold_and_has_its_interval() -> None:
    table = tables.suite_table(sample_comparison())
    assert texts(table)[0] == [
        "b0",
        "80.0 [78.0\u201382.0]",
        "60.0 [58.0\u201362.0]",
        "40.0 [38.0\u201342.0]",
        "50.0 [48.0\u201352.0]",
        "62.5 [60.5\u201364.5]",
    ]
    assert best(table) == [[1, 2, 3, 4, 5], [], []]
    alone = tables.suite_table(sample_comparison(("b0",)))
    assert best(alone) == [[], []]


def test_equals_are_both_best_and_what_is_missing_is_none() -> None:
    comparison = sample_comparison()
    value = comparison.summary.value.copy()
    value["clean"] = 0.5
    value.loc["b0", "noise"] = math.nan
    table = tables.summary_table(
        replace(comparison, summary=comparison.summary._replace(value=value))
    )
    assert [row[1].best for row in table.rows] == [True, True]
    assert [row[4].best for row in table.rows] == [False, False]
    assert table.rows[0][4] == Cell("\u2013", tooltip="not measured")


def test_the_lowest_degradation_is_best_and_the_reference_takes_no_part() -> None:
    table = tables.degradation_table(sample_comparison(("a", "b", "c")), "CD")
    assert texts(table)[0] == ["a", "100.0", "100.0", "100.0"]
    assert best(table) == [[], [1, 2, 3], []]
    assert "severities: 1, 2" in table.groups[1].small
    assert "reference, a." in table.caption


def test_differences_have_points_interval_and_corrected_p() -> None:
    table = tables.differences_table(sample_comparison())
    assert texts(table)[0] == [
        "b1",
        "clean",
        "70.0",
        "80.0",
        "\u221210.0 [\u221213.0 to +1.0]",
        "12",
        "0.040",
        "0.080",
    ]
    assert [row[7].text for row in table.rows] == ["0.080", "0.0010", "0.080"]
    assert [row[7].best for row in table.rows] == [False, True, False]
    assert "No p-value" not in table.caption


@pytest.mark.slow
def test_few_images_show_neither_interval_nor_p() -> None:
    images = [frame(number) for number in range(7)]
    comparison = compare_runs([make_run(Path("a"), [model(), model("b1")], frames=images)])
    table = tables.differences_table(comparison)
    assert {row[5].text for row in table.rows} == {"7"}
    for cell in (row[place] for row in table.rows for place in (6, 7)):
        assert (cell.text, cell.best) == ("\u2013", False)
    assert table.rows[0][6].tooltip == "n is below 8"
    assert "No p-value where n is below 8." in table.caption
    source = html.render(comparison.report())
    assert "95 % intervals need at least 10 images, and there are 7." in source
    assert "95 % intervals over" not in source
    assert "are 95 % intervals" not in source


def test_classes_come_in_the_order_in_which_they_are_lost() -> None:
    table = breakdowns.class_table(sample_comparison())
    assert [row[1].text for row in table.rows] == ["person", "road"] * 2
    assert [row[2].text for row in table.rows[:2]] == ["human", "flat"]
    assert [row[-1].text for row in table.rows[:2]] == ["2", "\u2013"]


def test_settings_that_differ_are_bold() -> None:
    assert best(tables.settings_table(sample_comparison())) == [[], [1, 2]]


def test_published_rows_stand_in_grey_below_those_of_the_runs() -> None:
    comparison = sample_comparison()
    sections = {section.heading: section for section in comparison.report().sections}
    assert "Published numbers" not in sections
    table, note = sections["By corruption"].parts
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == ["b0", "b1", "SegFormer-B5 \u2020"]
    assert [[cell.foreign for cell in row] for row in table.rows] == [
        [place == 2] * 6 for place in range(3)
    ]
    assert [cell.text for cell in table.rows[2][1:]] == ["90.0", "70.0", "50.0", "60.0", "72.5"]
    assert best(table)[2] == []
    assert note == "\u2020 Not measured here. Published elsewhere. Measured on other data."
    assert '<tr class="foreign">' in html.render(comparison.report())


def test_published_numbers_of_another_form_are_set_apart() -> None:
    means = pd.DataFrame({"clean": [0.8]}, ["SegFormer-B5"])
    comparison = replace(sample_comparison(), published=(Published("Means.", means),))
    sections = {section.heading: section for section in comparison.report().sections}
    apart = sections["Published numbers"]
    assert apart.foreign
    assert apart.parts[0] == "Not measured here. Measured on other data."
    assert '<section id="published-numbers" class="foreign"' in html.render(comparison.report())


def test_one_model_alone_is_compared_with_nothing() -> None:
    headings = [section.heading for section in sample_comparison(("b0",)).report().sections]
    assert "Differences" not in headings
    assert "Ranks" not in headings


def drawn(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_figures_name_their_models_and_draw_no_formula() -> None:
    comparison = sample_comparison(("b0", "$x$"))
    scatter = figures.scatter(comparison)
    others = (
        category_curves(comparison.curves, comparison.summary, "weather", {1, 2}),
        figures.classes(comparison),
    )
    for figure in (scatter, *others):
        assert {"b0", "$x$"} <= set(drawn(figure))
    assert "b0" not in drawn(figures.differences(comparison))
    assert "published, measured elsewhere" in drawn(scatter)
    long = figures.scatter(sample_comparison(("b0", "m" * 60)))
    assert max(map(len, drawn(long))) == 44


def test_points_of_the_scatter_are_the_scores() -> None:
    axes = figures.scatter(sample_comparison()).axes[0]
    points = [tuple(np.ravel(line.get_xydata())) for line in axes.lines]
    for expected in ((80.0, 50.0), (70.0, 40.0), (90.0, 60.0)):
        assert any(np.allclose(point, expected) for point in points if len(point) == 2)


@pytest.mark.slow
def test_every_format_says_the_same(tmp_path: Path) -> None:
    comparison = sample_comparison(stamps=("UNTRAINED: b1 is random", "RUNS DIFFER in input"))
    paths = reports.write(comparison.report(), tmp_path, [*reports.FORMATS, "svg"])
    assert [path.name for path in paths[:4]] == [each.file for each in reports.FORMATS.values()]
    sources = [paths[0].read_text("utf-8"), *(path.read_text("utf-8") for path in paths[2:4])]
    for source in sources:
        assert "UNTRAINED" in source
        assert "Not measured here" in source
        for text in ("80.0", "SegFormer", "Frames that lost most", "compare a b"):
            assert text.replace("-", "{-}") in source or text in source
    assert r"\textbf{80.0}" in sources[2]
    assert "**80.0**" in sources[1]
    assert "<strong>80.0</strong>" in sources[0]
    names = sorted(path.name for path in paths[4].iterdir())
    assert names == [
        "classes.svg",
        "curves-noise.svg",
        "curves-weather.svg",
        "differences.svg",
        "scatter.svg",
    ]


@pytest.mark.slow
def test_two_renders_have_the_same_bytes_in_any_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from robustbench_seg.reports.formats import html; "
        "from tests.helpers.sample_comparison import sample_comparison as sample; "
        "sys.stdout.buffer.write(html.render(sample().report()).encode())"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    assert html.render(sample_comparison().report()).encode() == other


@pytest.mark.slow
def test_headings_descend_by_one_and_identifiers_are_unique() -> None:
    source = html.render(sample_comparison().report())
    levels = [int(level) for level in re.findall(r"<h([1-6])", source)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = re.findall(r' id="([^"]+)"', source)
    assert len(names) == len(set(names))
    wanted = re.findall(r'aria-labelledby="([^"]+)"', source)
    wanted += re.findall(r' href="#([^"]+)"', source)
    assert set(wanted) <= set(names)
    assert all('role="img" aria-label="' in drawing for drawing in re.findall("<svg[^>]+>", source))


def test_eight_models_with_pictures_stay_under_five_megabytes() -> None:
    models = tuple(f"model-{number}-with-a-long-name@weights" for number in range(8))
    comparison = sample_comparison(models)
    large = png(1) + bytes(200_000)
    examples = tuple(
        Example(name, "frame", "fog", severity, caption, picture)
        for name in models
        for severity in (1, 5)
        for caption, picture in (("input", large), ("prediction", png(2)))
    )
    source = html.render(replace(comparison, examples=examples).report())
    assert len(source.encode()) < 1_500_000


def test_the_names_of_a_page_are_its_sections() -> None:
    source = html.render(sample_comparison().report())
    (nav,) = re.findall("<nav.*?</nav>", source, re.DOTALL)
    shown = re.findall(">([^<]+)</a>", nav)
    assert shown[0] == "Summary"
    assert shown[-1] == "Provenance"
    assert {"Differences", "By class", "Frames that lost most"} <= set(shown)
    assert len(all_tables(sample_comparison())) >= 9
    assert json.dumps(shown) == json.dumps(list(dict.fromkeys(shown)))
    assert latex.render(sample_comparison().report()).count(r"\subsection*") >= 10
