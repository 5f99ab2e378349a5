"""Frames that go bad during a run, and NaN logits: recorded, reported, left out of scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

import robustbench_seg
from robustbench_seg import corrupt_folder
from robustbench_seg.cli import app
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation import evaluate
from robustbench_seg.evaluation.evaluate import prepare
from robustbench_seg.protocol.request import Request
from robustbench_seg.reporting.run import Run
from tests.helpers.evaluating import Prepared, finish
from tests.helpers.frames import image_path, label_path, name, write_tree

FEW: dict[str, Any] = {"corruptions": ["contrast", "fog"], "severities": [1, 3], "batch": 2}
CELLS = 5


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", 3, width=64, height=32)


def planned(tree: Path, out: Path, **options: Any) -> Prepared:
    return prepare(Request(models=("b0@random",), data=str(tree), out=out, **FEW, **options))


def truncate(tree: Path) -> None:
    path = image_path(tree, 1)
    path.write_bytes(path.read_bytes()[:-200])


def repaint(tree: Path) -> None:
    with Image.open(label_path(tree, 1)) as label:
        changed = np.array(label)
    changed[:8] = 255
    Image.fromarray(changed).save(label_path(tree, 1))


def remove(tree: Path) -> None:
    image_path(tree, 1).unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncate, "cannot be read as an image"),
        (repaint, "its label has changed since the run was begun"),
        (remove, "no such file"),
    ],
)
def test_a_frame_that_goes_bad_is_left_out_of_all_scores_and_retried(
    tree: Path, tmp_path: Path, spoil: Any, reason: str
) -> None:
    shutil.copytree(tree, tmp_path / "before")
    begun = planned(tree, tmp_path / "run")
    spoil(tree)
    run = finish(begun)
    assert run.frames == (name(0), name(2))
    assert not run.complete
    assert run.failed_frames == {name(1)}
    assert len(run.failures) == CELLS
    assert all(reason in failure.reason for failure in run.failures)
    (stamp,) = (stamp for stamp in run.report().stamps if "FAILED" in stamp)
    assert stamp.startswith(f"FAILED: {CELLS} predictions on 1 of 3 frames")
    assert not [stamp for stamp in run.report().stamps if "PARTIAL" in stamp]
    failed = next(note for note in run.report().notes if note.startswith("Failed"))
    assert name(1) in failed
    assert reason in failed
    assert f"and {CELLS - 1} more" in failed

    shutil.copytree(tmp_path / "before", tree, dirs_exist_ok=True)
    mended = finish(begun)
    assert mended.complete
    assert not mended.failures
    whole = finish(planned(tree, tmp_path / "whole"))
    for table in whole.tables:
        pd.testing.assert_frame_equal(mended.table(table), whole.table(table), check_exact=True)


def test_stored_cells_of_a_bad_frame_stay(tree: Path, tmp_path: Path) -> None:
    begun = planned(tree, tmp_path / "run")

    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(begun, interrupt)  # after the first two of five conditions
    image_path(tree, 0).write_bytes(b"")
    run = finish(begun)
    assert len(run.failures) == CELLS - 2
    assert {failure.cell.frame for failure in run.failures} == {name(0)}


@pytest.mark.slow
def test_strict_stops_at_the_first_failure(tree: Path, tmp_path: Path) -> None:
    begun = planned(tree, tmp_path / "run", strict=True)
    truncate(tree)
    with pytest.raises(InputError, match=rf"--strict: .* {name(1)} .*cannot be read"):
        finish(begun)
    run = Run.open(tmp_path / "run")
    assert run.frames == (name(0),)
    assert 0 < len(run.failures) < CELLS


@pytest.mark.slow
def test_a_bad_image_of_a_copy_costs_one_condition(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    corrupt_folder(tree, copy, corruptions=FEW["corruptions"], severities=FEW["severities"])

    def planned_of_copy(out: str) -> Prepared:
        folder = tmp_path / out
        return prepare(
            Request(models=("b0@random",), data=str(tree), copy=copy, batch=5, out=folder)
        )

    whole = finish(planned_of_copy("whole"))
    begun = planned_of_copy("run")
    path = next((copy / "fog" / "3").rglob(f"{name(1)}*"))
    content = path.read_bytes()
    Image.fromarray(np.zeros((32, 64, 3), np.uint8)).save(path)
    run = finish(begun)
    assert run.frames == (name(0), name(2))  # without the frame that lacks one condition
    (failure,) = run.failures
    assert (failure.cell.condition, failure.cell.severity) == ("fog", 3)
    assert "its pixels are not those that were written" in failure.reason

    label = label_path(tree, 1).read_bytes()
    label_path(tree, 1).write_bytes(b"")  # costs the conditions of its batch too
    steps: list[tuple[int, int]] = []
    (failure,) = finish(begun, lambda _, done, total, __: steps.append((done, total))).failures
    assert (failure.cell.condition, failure.cell.severity) == ("fog", 3)
    assert steps[-1] == (3 * CELLS, 3 * CELLS)

    label_path(tree, 1).write_bytes(label)
    path.write_bytes(content)
    mended = finish(begun)
    assert not mended.failures
    for table in whole.tables:
        pd.testing.assert_frame_equal(mended.table(table), whole.table(table), check_exact=True)


class Dazzled(nn.Module):
    """A network that returns NaN for images without contrast, also beside others in a batch."""

    def forward(self, image: Tensor) -> Tensor:
        """Return logits (N, 19, h, w) for images (N, 3, h, w)."""
        logits = image.mean(1, keepdim=True).repeat(1, 19, 1, 1)  # (N, 3, h, w) -> (N, 19, h, w)
        logits[image.std((1, 2, 3)) < 0.2] = float("nan")
        return logits


def test_nan_logits_cost_their_cells_alone(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dazzled.py").write_text("from tests.e2e.test_failures import Dazzled as make\n")
    monkeypatch.chdir(tmp_path)
    run = robustbench_seg.evaluate("python:dazzled.py:make", data=str(tree), out="run", **FEW)
    conditions = {(failure.cell.condition, failure.cell.severity) for failure in run.failures}
    assert conditions == {("contrast", 3)}
    assert "gives NaN or infinite logits" in run.failures[0].reason


@pytest.mark.slow
def test_the_command_exits_with_1_and_prints_the_failures(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiling(count: int) -> Any:
        def make(*arguments: Any) -> Prepared:
            made = prepare(*arguments)
            for index in range(count):
                image_path(tree, 2 - index).write_bytes(b"")
            return made

        return make

    command = f"eval --model b0@random --data {tree} --corruptions fog --severities 1 --format csv"
    monkeypatch.setattr(evaluate, "prepare", spoiling(1))
    one = CliRunner().invoke(app, [*command.split(), "--out", str(tmp_path / "one")])
    assert one.exit_code == 1
    assert "FAILED: 2 predictions on 1 of 3 frames" in one.output
    assert (tmp_path / "one" / "summary.csv").is_file()
    again = CliRunner().invoke(app, ["report", str(tmp_path / "one"), "--format", "csv"])
    assert again.exit_code == 0
    assert "FAILED" in again.output

    write_tree(tmp_path / "other", 3, width=64, height=32)
    shutil.copytree(tmp_path / "other", tree, dirs_exist_ok=True)
    monkeypatch.setattr(evaluate, "prepare", spoiling(3))
    none = CliRunner().invoke(app, [*command.split(), "--out", str(tmp_path / "none")])
    assert none.exit_code == 1
    assert "FAILED: 6 predictions on 3 of 3 frames" in none.output


def test_programming_errors_are_not_failures(tree: Path, tmp_path: Path) -> None:
    begun = planned(tree, tmp_path / "run")
    object.__setattr__(begun[0].dataset.frames[1], "lookup", json)
    with pytest.raises(TypeError):
        finish(begun)
