"""The section on what becomes what, of a stored run in each format."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from robustbench_seg.protocol.suites import TakenSuite
from robustbench_seg.reporting.confusions import share_map
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.document import Fold, Plots, Section
from robustbench_seg.reports.formats import terminal
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.store import Store
from tests.helpers.sample_runs import frame, make_spec
from tests.helpers.stored_runs import as_counts, cells_of_spec, stored_spec, with_classes, write_run

HEADING = "What becomes what"


def _run(folder: Path, classes: int = 6, models: tuple[str, ...] = ("b0", "b5")) -> Run:
    write_run(folder, with_classes(stored_spec(frames=4, models=models), classes))
    return Run.open(folder)


def _section(run: Run) -> Section:
    (found,) = [each for each in run.report().sections if each.heading == HEADING]
    return found


def test_the_section_has_the_confusions_of_each_model_and_their_figures(tmp_path: Path) -> None:
    run = _run(tmp_path)
    *plots, table, fold = _section(run).parts
    assert isinstance(table, Table)
    assert isinstance(fold, Fold)
    found = run.table("confusions")
    suite = found[found["corruption"] == "suite"].groupby("model", sort=False).head(10)
    expected = [
        [model, truth, predicted, f"{100 * clean:.1f}", f"{100 * share:.1f}"]
        for model, truth, predicted, _, clean, share, _ in suite.to_numpy().tolist()
    ]
    assert [[cell.text for cell in row[:5]] for row in table.rows] == expected
    by_corruption = found[found["corruption"] != "suite"]
    largest = by_corruption.groupby(["model", "corruption"], sort=False)["change"].max()
    (each,) = fold.parts
    assert isinstance(each, Table)
    assert sorted(row[-1].value or 0 for row in each.rows) == sorted(largest.round(6))
    names = [plot.name for part in plots if isinstance(part, Plots) for plot in part.plots]
    assert names == [
        *("confusions-1-b0-clean", "confusions-1-b0-suite"),
        *("confusions-2-b5-clean", "confusions-2-b5-suite"),
    ]


def test_the_section_stands_after_the_classes_though_it_is_made_first(tmp_path: Path) -> None:
    headings = [section.heading for section in _run(tmp_path).report().sections]
    assert headings[0] == "Summary"
    assert headings.index("By class") < headings.index(HEADING) < headings.index("References")


def test_the_figure_shows_shares_of_half_a_percent_and_more() -> None:
    shares = np.array([[0.9, 0.006, 0.004, 0.09], [0.0, 1.0, 0.0, 0.0], [np.nan] * 4])
    (axes,) = share_map(shares, ("road", "a name of many letters", "sky")).axes
    assert [text.get_text() for text in axes.texts] == ["90", "1", "9", "100"]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        *("road", "a name of many lett\u2026", "sky", "no class")
    ]


def test_many_classes_have_no_figure(tmp_path: Path) -> None:
    assert not any(isinstance(part, Plots) for part in _section(_run(tmp_path, 41)).parts)


def test_a_run_without_growing_confusions_has_no_section(tmp_path: Path) -> None:
    spec = stored_spec()
    perfect = {cell: np.diag(matrix.sum(axis=1)) for cell, matrix in cells_of_spec(spec).items()}
    with Store.create_or_resume(tmp_path, spec) as store:
        store.add(as_counts(perfect))
    assert HEADING not in [each.heading for each in Run.open(tmp_path).report().sections]


def test_every_format_has_the_section(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", models=("b0",))
    run.write("html,md,latex,csv", tmp_path / "out")
    for name in ("report.html", "report.md", "report.tex"):
        assert HEADING in (tmp_path / "out" / name).read_text(encoding="utf-8")
    found = pd.read_csv(tmp_path / "out" / "confusions.csv")
    pd.testing.assert_frame_equal(found, run.table("confusions"))
    shown = StringIO()
    terminal.show(run.report(), Console(file=shown, width=120))
    assert "Summary" in shown.getvalue()
    assert "largest under" not in shown.getvalue()


def test_a_class_that_a_condition_lacks_is_not_in_the_mean_over_conditions(tmp_path: Path) -> None:
    taken = TakenSuite.of("streets", ("fog", "night"))
    frames = tuple(
        frame(number, condition=name, class_pixels=(100, 0 if name == "fog" else 100, 100))
        for number, name in enumerate(("clean", "clean", "fog", "night", "night"))
    )
    write_run(tmp_path, make_spec(suite=taken, frames=frames))
    run = Run.open(tmp_path)
    found = run.table("confusions")
    assert not found[found["truth"] == "sky"]["corruption"].isin(["suite", "fog"]).any()
    *_, table, _ = _section(run).parts
    assert isinstance(table, Table)
    assert {row[1].text for row in table.rows} <= {"road", "person"}
