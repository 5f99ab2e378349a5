"""The section on confidence, of a stored run in each format."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from robustbench_seg.reporting.confidence import reliability_diagram, risk_coverage
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.document import Fold, Plots, Section
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.calibration_counts import coarse_bins
from robustbench_seg.scores.confidence_bins import split_counts
from robustbench_seg.scores.counters import Counts, Prediction, Probabilities
from robustbench_seg.scores.counters.confidence import Confidence
from tests.helpers.stored_runs import cells_of_spec, stored_spec, write_run

COUNTER = Confidence()


def counts_of(matrix: NDArray[np.int64], least: float = 0.4) -> Counts:
    """Return made-up counts of pixels that have these labels, with confidences above `least`."""
    truth, labels = (
        np.repeat(places, matrix.ravel())[np.newaxis].astype(np.uint8)  # (1, pixels)
        for places in np.indices(matrix.shape).reshape(2, -1)
    )
    drawn = np.random.default_rng(int(matrix[0, 0])).uniform(least, 1, truth.shape)
    top: NDArray[np.float32] = drawn.astype(np.float32)
    maps = Probabilities(top, np.zeros_like(top), np.zeros_like(top))
    return COUNTER.count(truth, Prediction(labels, maps), len(matrix), len(matrix))


def _run(folder: Path, labels_alone: str = "", **changes: Any) -> Run:
    spec = stored_spec(measures=("calibration",), **changes)
    cells = {
        cell: (matrix, counts_of(matrix) * (cell.model != labels_alone))
        for cell, matrix in cells_of_spec(spec).items()
    }
    with Store.create_or_resume(folder, spec) as store:
        store.add(cells)
    return Run.open(folder)


def _section(run: Run) -> Section | None:
    found = [each for each in run.report().sections if each.heading == "Confidence"]
    return found[0] if found else None


@pytest.mark.slow
def test_the_section_has_scores_and_figures_of_each_model(tmp_path: Path) -> None:
    run = _run(tmp_path)
    section = _section(run)
    assert section is not None
    _, *plots, table, _ = section.parts
    assert isinstance(table, Table)
    found = run.table("measures").set_index(["model", "metric", "score"])["value"]
    ece = {row[0].text: row for row in table.rows if row[1].text == "ECE"}
    for model in ("b0", "b5"):
        clean, suite = (found[(model, "ece", name)] for name in ("clean", "suite score"))
        row = ece[model]
        assert [cell.text for cell in row[2:4]] == [f"{100 * clean:.1f}", f"{100 * suite:.1f}"]
        assert row[4].value == round(suite - clean, 6)
    names = [plot.name for part in plots if isinstance(part, Plots) for plot in part.plots]
    assert names == [
        f"{name}-{number}-{model}"
        for number, model in ((1, "b0"), (2, "b5"))
        for name in ("reliability", "risk-coverage", "ece")
    ]


@pytest.mark.slow
def test_a_model_that_gives_labels_alone_is_said_to_have_none(tmp_path: Path) -> None:
    section = _section(_run(tmp_path / "one", labels_alone="b5"))
    assert section is not None
    sentence, _, *plots, table, _ = section.parts
    assert isinstance(sentence, str)
    assert sentence.endswith("labels alone: b5.")
    assert isinstance(table, Table)
    assert {row[0].text for row in table.rows} == {"b0"}
    assert [part.heading for part in plots if isinstance(part, Plots)] == ["b0"]
    section = _section(_run(tmp_path / "all", labels_alone="b0", models=("b0",)))
    assert section is not None
    assert len(section.parts) == 1


def test_a_run_without_calibration_has_no_section(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert _section(Run.open(tmp_path)) is None


@pytest.mark.slow
def test_every_format_has_the_section(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", models=("b0",))
    run.write("html,md,latex,csv", tmp_path / "out")
    for name in ("report.html", "report.md", "report.tex"):
        assert "FPR95" in (tmp_path / "out" / name).read_text(encoding="utf-8")
    shown = StringIO()
    Console(file=shown, width=120).print(run.report())
    assert "FPR95" in shown.getvalue()


def test_the_figures_show_accuracy_by_confidence_and_risk_by_coverage() -> None:
    matrix = np.array([[600, 100], [100, 200]])
    bins = coarse_bins(split_counts(counts_of(matrix, 0.7)))
    (axes,) = reliability_diagram({"clean": bins}).axes
    diagonal, line = axes.get_lines()
    assert np.array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    confidence = np.asarray(line.get_xdata(), float)
    assert len(confidence) == 5  # bins from 10/15
    assert (confidence > 70).all()
    (axes,) = risk_coverage({"clean": bins}).axes
    (line,) = axes.get_lines()
    assert np.asarray(line.get_ydata(), float)[-1] == 20  # percent wrong of all pixels


def test_the_table_by_class_shows_the_scores_of_clean_and_suite(tmp_path: Path) -> None:
    run = _run(tmp_path, labels_alone="b5")
    scores = ["accuracy", "mean_confidence", "ece"]
    found = run.table("class_confidence").set_index(["model", "class", "corruption"])[scores]
    section = _section(run)
    assert section is not None
    (table,) = (each for part in section.parts if isinstance(part, Fold) for each in part.parts)
    assert isinstance(table, Table)
    assert [row[1].text for row in table.rows] == list(run.spec.class_names)
    for model, name, *cells in table.rows:
        keys = [(model.text, name.text, corruption) for corruption in ("clean", "suite")]
        expected = found.loc[keys].to_numpy(dtype=float).ravel()  # (2, 3) -> (6,)
        assert model.text == "b0"
        assert [cell.text for cell in cells] == [f"{100 * value:.1f}" for value in expected]


@pytest.mark.slow
def test_the_table_by_class_is_shown_once(tmp_path: Path) -> None:
    headings = [section.heading for section in _run(tmp_path).report().sections]
    assert "Confidence" in headings
    assert "Further tables" not in headings
