"""Confusions of stored runs against sums and divisions of their cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.datasets.class_maps import ClassMapSpec
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.sampling import cell_order, step_cells
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.runs.failure import Failure
from robustbench_seg.runs.run import StoredRun
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.confusions import COLUMNS, SUITE, largest_changes
from tests.helpers.stored_runs import (
    SESSION,
    as_counts,
    cells_of_spec,
    stored_spec,
    with_classes,
    write_run,
)

Matrix = NDArray[np.int64]


def _total(cells: dict[Cell, Matrix], model: str, *keys: tuple[str, int]) -> Matrix:
    """Return the sum of the matrices of a model under some conditions."""
    own = [cell for cell in cells if (cell.condition, cell.severity) in keys]
    total: Matrix = np.sum([cells[cell] for cell in own if cell.model == model], axis=0)
    return total


def _shares(matrix: Matrix) -> NDArray[np.float64]:
    return np.array([row / row.sum() for row in matrix])


def _mapped(spec: Spec) -> Spec:
    """Return a specification with a class map, so that predictions may be of no class."""
    names = spec.class_names
    return replace(
        spec, class_map=ClassMapSpec("map", "0", "wrong", "predictions", names, (), names[1:])
    )


def test_a_matrix_is_the_sum_over_frames_and_draws(tmp_path: Path) -> None:
    spec = write_run(tmp_path, stored_spec(draws=2))
    run, cells = StoredRun.open(tmp_path), cells_of_spec(spec)
    for text, key in (("clean", ("clean", 0)), ("gaussian_noise:3", ("gaussian_noise", 3))):
        found = run.matrix(text, "b5")
        np.testing.assert_array_equal(found, _total(cells, "b5", key))
        assert found.to_numpy().sum() > 0
    assert found.index.name == "truth"
    assert found.columns.name == "predicted"
    assert list(found.columns) == list(found.index) == list(spec.class_names)


def test_a_matrix_has_a_column_for_predictions_of_no_class(tmp_path: Path) -> None:
    spec = write_run(tmp_path, _mapped(stored_spec(models=["b0"])))
    found = StoredRun.open(tmp_path).matrix("fog:1")
    assert list(found.columns) == [*spec.class_names, "no class"]
    np.testing.assert_array_equal(found, _total(cells_of_spec(spec), "b0", ("fog", 1)))


def test_a_matrix_leaves_out_frames_that_failed_or_are_not_finished(tmp_path: Path) -> None:
    spec = stored_spec(frames=3, models=["b0"])
    failed = Failure(Cell("b0", "fog", 2, spec.frames[0].name, 0), "out of memory")
    write_run(tmp_path, spec, frames=2, failures=[failed])
    cells = {
        cell: matrix
        for cell, matrix in cells_of_spec(spec, spec.frames[:2]).items()
        if cell.frame == spec.frames[1].name
    }
    found = StoredRun.open(tmp_path).matrix("fog:1")
    np.testing.assert_array_equal(found, _total(cells, "b0", ("fog", 1)))


@pytest.mark.parametrize(
    ("condition", "model", "message"),
    [
        ("fog", "b0", r"'fog'; choose from: clean, fog:1, fog:2, fog:3, gau.*; did you mean fog:"),
        ("fog 3", "b0", "unknown condition 'fog 3'"),
        ("clean", "b1", "unknown model 'b1'; choose from: b0, b5"),
        ("clean", None, "model: the run has b0, b5; name one of them"),
    ],
)
def test_unknown_conditions_and_models_are_refused(
    condition: str, model: str | None, message: str, tmp_path: Path
) -> None:
    write_run(tmp_path)
    with pytest.raises(InputError, match=message):
        StoredRun.open(tmp_path).matrix(condition, model)


def test_a_run_without_a_finished_frame_has_no_matrix(tmp_path: Path) -> None:
    _store(tmp_path, stored_spec(), {})
    with pytest.raises(InputError, match="no frame is finished yet"):
        StoredRun.open(tmp_path).matrix("clean", "b0")


@pytest.mark.parametrize("mapped", [False, True])
def test_shares_are_means_over_the_severities_that_count(mapped: bool, tmp_path: Path) -> None:
    spec = stored_spec(draws=2)
    write_run(tmp_path, spec := _mapped(spec) if mapped else spec)
    run, cells = StoredRun.open(tmp_path), cells_of_spec(spec)
    for model in ("b0", "b5"):
        clean = _shares(_total(cells, model, ("clean", 0)))
        # The policy of the suite counts fog at 1 and 2, and noise at 1.
        by_severity = [_shares(_total(cells, model, ("fog", severity))) for severity in (1, 2)]
        fog = np.mean(by_severity, axis=0)
        noise = _shares(_total(cells, model, ("gaussian_noise", 1)))
        found = run.confusions.shares(model)
        expected = {"clean": clean, SUITE: (fog + noise) / 2, "fog": fog, "gaussian_noise": noise}
        assert list(found) == list(expected)
        for name, shares in expected.items():
            np.testing.assert_allclose(found[name], shares, rtol=1e-12)


def test_the_table_lists_the_confusions_that_grow_most(tmp_path: Path) -> None:
    spec = write_run(tmp_path, with_classes(stored_spec(frames=4), 6))
    run = StoredRun.open(tmp_path)
    assert "confusions" in run.tables
    found = run.table("confusions")
    assert tuple(found.columns) == COLUMNS
    for model in ("b0", "b5"):
        own, shares = found[found["model"] == model], run.confusions.shares(model)
        names = list(spec.class_names)
        for truth, predicted, corruption, clean, share, change in own.to_numpy()[:, 1:].tolist():
            place = names.index(truth), names.index(predicted)
            assert place[0] != place[1]
            assert clean == shares["clean"][place]
            assert share == shares[corruption][place]
            assert change == share - clean
        # Each pair is there under the suite and both corruptions.
        assert own[["truth", "predicted"]].value_counts().unique().tolist() == [3]
        changes = shares[SUITE] - shares["clean"]
        np.fill_diagonal(changes, 0)
        largest = np.sort(changes.ravel())[::-1][:10]
        listed = own.loc[own["corruption"] == SUITE, "change"].to_numpy()
        np.testing.assert_array_equal(listed[:10], largest[largest >= 0.005])


def test_the_largest_changes_are_those_of_wrong_predictions() -> None:
    clean = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [np.nan, np.nan, np.nan]])
    share = np.array([[0.5, 0.35, 0.15], [0.2, 0.496, 0.304], [np.nan, np.nan, np.nan]])
    assert list(largest_changes(clean, share, 10)) == [(0, 1), (0, 2)]
    assert list(largest_changes(clean, share, 1)) == [(0, 1)]
    assert list(largest_changes(share, share, 10)) == []


def test_a_table_without_growing_confusions_is_empty(tmp_path: Path) -> None:
    spec = stored_spec(models=["b0"])
    perfect = {
        cell: np.diag([sum(row) for row in matrix.tolist()])
        for cell, matrix in cells_of_spec(spec).items()
    }
    _store(tmp_path, spec, perfect)
    assert StoredRun.open(tmp_path).table("confusions").empty


def test_runs_of_resolutions_and_of_one_class_have_no_such_table(tmp_path: Path) -> None:
    one_class = with_classes(stored_spec(models=["b0"]), 1)
    resolution = replace(stored_spec(models=["b0"]), suite=load_suite("resolution"))
    for number, spec in enumerate((one_class, resolution)):
        folder = tmp_path / str(number)
        write_run(folder, spec)
        run = StoredRun.open(folder)
        assert "confusions" not in run.tables
        name = "clean" if number == 0 else run.spec.conditions[1].name
        assert run.matrix(name).to_numpy().sum() > 0


def test_a_sample_has_the_matrices_of_its_cells(tmp_path: Path) -> None:
    spec = stored_spec(frames=100, models=["b0"])
    chosen = {cell for step in cell_order(spec).first(0.1) for cell in step_cells(spec, step)}
    every = cells_of_spec(spec)
    (later,) = sorted(every.keys() - chosen, key=str)[:1]
    cells = {cell: every[cell] for cell in chosen}
    _store(tmp_path, spec, cells | {later: every[later]})
    run = StoredRun.open(tmp_path)
    assert run.sample is not None
    found = run.matrix("fog:1")
    np.testing.assert_array_equal(found, _total(cells, "b0", ("fog", 1)))
    assert 0 < found.to_numpy().sum() < _total(every, "b0", ("fog", 1)).sum()
    fog = _shares(_total(cells, "b0", ("fog", 1), ("fog", 2)))
    np.testing.assert_allclose(run.confusions.shares("b0")["fog"], fog, rtol=1e-12)


def _store(folder: Path, spec: Spec, cells: dict[Cell, Matrix]) -> None:
    with Store.create_or_resume(folder, spec) as store:
        store.add_session(SESSION)
        store.add(as_counts(cells))
