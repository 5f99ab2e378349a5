"""Which stored cells are a sample of a run, and which are not."""

from __future__ import annotations

from dataclasses import replace

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.sampling import cell_order, step_cells
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.runs.sample import find_sample
from tests.helpers.stored_runs import stored_spec


def first_cells(spec: Spec, share: float) -> set[Cell]:
    return {cell for step in cell_order(spec).first(share) for cell in step_cells(spec, step)}


def test_the_longest_beginning_of_the_order_is_the_sample() -> None:
    spec = stored_spec(frames=100, models=["b0"])
    cells = first_cells(spec, 0.1)
    (last,) = first_cells(spec, 0.5) - first_cells(spec, 0.5 - 1 / len(cell_order(spec).corrupted))
    found = find_sample(spec, {*cells, last}, ())  # what comes later is left out
    assert found is not None
    assert found.cells == cells
    assert found.share == 0.1


def test_finished_frames_that_have_more_cells_are_no_sample() -> None:
    spec = stored_spec(frames=200, models=["b0"])
    order = [step.frame for step in cell_order(spec).corrupted]
    *others, last = sorted(range(200), key=order.index)
    cells = {cell for number in others for cell in spec.cells(spec.frames[number])}
    begun = {cell for cell in spec.cells(spec.frames[last]) if cell.condition == "clean"}
    assert find_sample(spec, cells | begun, ()) is None
    assert find_sample(spec, cells | begun, (), 0.1) is not None


def test_a_sample_of_one_condition_keeps_all_clean_frames() -> None:
    spec = stored_spec(frames=40, models=["b0"])
    name = next(condition.name for condition in spec.conditions if condition.name != "clean")
    spec = replace(spec, suite=spec.suite.select([name], [1]), batch=1)
    found = find_sample(spec, first_cells(spec, 0.5), ())
    assert found is not None
    assert len(found.frames) == 40
    assert found.share == 0.5
