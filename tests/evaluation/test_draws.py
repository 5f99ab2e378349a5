"""Runs whose chance is drawn several times, their intervals, and two runs compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import robustbench_seg
from robustbench_seg import compare
from robustbench_seg.corruptions import corrupt, corruption_names, find
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.intervals import covers
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.pixel_counts import PixelCounts
from tests.helpers.frames import image_path, label_path, write_tree

FEW: Mapping[str, Any] = {
    "corruptions": ["gaussian_noise", "brightness", "fog"],
    "severities": [1, 3],
}
PER_FRAME = 1 + 2 * (3 + 1 + 3)
"""Cells: clean, and two severities of brightness once and of noise and fog three times."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 3)


def evaluate(tree: Path, out: Path, model: str = "b0@random", **options: Any) -> Run:
    return robustbench_seg.evaluate(model, data=str(tree), out=out, **{**FEW, **options})


@pytest.fixture(scope="module")
def drawn(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("drawn") / "run", seed=5, draws=3)


def matrices(run: Run) -> dict[Cell, NDArray[np.int64]]:
    with Store.open(run.folder) as store:
        return dict(store.matrices())


@pytest.mark.slow
@pytest.mark.parametrize("name", corruption_names())
def test_what_has_chance_depends_on_the_seed(name: str) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(60, 200, (40, 56, 3)).astype(np.uint8)
    same = np.array_equal(corrupt(image, name, 3, seed=0), corrupt(image, name, 3, seed=1))
    assert same != find(name).random


def test_a_draw_is_a_run_with_the_next_seed(tree: Path, tmp_path: Path, drawn: Run) -> None:
    found = matrices(drawn)
    assert len(found) == 3 * PER_FRAME
    alone = matrices(evaluate(tree, tmp_path / "alone", seed=7))
    for cell, matrix in alone.items():
        draw = 2 if cell.condition in ("gaussian_noise", "fog") else 0
        np.testing.assert_array_equal(found[replace(cell, draw=draw)], matrix)
    first, second = (found[Cell("b0@random", "fog", 3, cell.frame, draw)] for draw in (0, 1))
    assert not np.array_equal(first, second)


def test_scores_are_means_over_draws(drawn: Run) -> None:
    tidy = drawn.table("tidy").set_index(["condition", "severity", "class", "metric"])["value"]
    accuracy = []
    for draw in range(3):
        own = [
            matrix
            for cell, matrix in matrices(drawn).items()
            if (cell.condition, cell.severity, cell.draw) == ("fog", 3, draw)
        ]
        sums = np.sum(own, axis=0)
        accuracy.append(np.trace(sums) / sums.sum())
    assert tidy["fog", 3, "all", "pixel_accuracy"] == pytest.approx(np.mean(accuracy))
    spreads = drawn.table("intervals").set_index(["class", "score"])["sd_over_draws"]
    assert spreads["all", "fog"] > 0
    assert spreads["all", "suite score"] > 0
    for without_chance in ("brightness", "clean"):
        assert spreads["all", without_chance] == pytest.approx(0, abs=1e-15)


@pytest.mark.slow
def test_an_interrupted_run_with_draws_is_resumed(tree: Path, tmp_path: Path, drawn: Run) -> None:
    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating":
            assert total == 3 * PER_FRAME
            if done >= PER_FRAME:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, tmp_path / "cut", seed=5, draws=3, progress=interrupt)
    assert len(Run.open(tmp_path / "cut").frames) == 1
    run = evaluate(tree, tmp_path / "cut", seed=5, draws=3)
    assert run.complete
    for name in run.tables:
        pd.testing.assert_frame_equal(run.table(name), drawn.table(name), check_exact=True)


def test_a_run_says_what_its_intervals_cover(tree: Path, tmp_path: Path, drawn: Run) -> None:
    assert covers(drawn) == "over 3 images of 1 group, mean of 3 draws"
    notes = "\n".join(drawn.report().notes)
    assert "drawn 3 times, with the seeds 5 to 7" in notes
    assert "95 % intervals need at least 10 images, and there are 3" in notes
    assert Report(drawn).with_intervals("summary").low.isna().all(axis=None)
    single = evaluate(tree, tmp_path / "single", limit=1)
    assert covers(single) == "over 1 image of 1 group, fixed draw"
    plain = evaluate(tree, tmp_path / "plain", corruptions=["brightness"], limit=2)
    assert covers(plain) == "over 2 images of 1 group"


def test_groups_are_drawn_where_there_are_enough(drawn: Run) -> None:
    frames = tuple(
        replace(drawn.spec.frames[number % 3], name=f"{number:02}", group=str(number // 2))
        for number in range(40)
    )
    names = tuple(frame.name for frame in frames)
    counts = drawn.pixel_counts["b0@random"].in_order(np.arange(40) % 3)

    def run(frames: tuple[Any, ...]) -> Run:
        spec = replace(drawn.spec, frames=frames, draws=1)
        own: dict[str, PixelCounts] = {"b0@random": counts}
        return Run(drawn.folder, spec, names, own, [], [])

    assert covers(run(frames)) == "over 20 groups of 40 images, fixed draw"
    notes = "\n".join(Report(run(frames)).notes)
    assert "Images are resampled by group" in notes
    assert "Only 20 groups: intervals over fewer than 30" in notes
    few = run(tuple(replace(frame, group=str(int(frame.name) // 6)) for frame in frames))
    assert covers(few) == "over 40 images of 7 groups, fixed draw"
    assert "The frames are from 7 groups" in "\n".join(Report(few).notes)


@pytest.mark.slow
def test_two_runs_are_compared_image_by_image(tree: Path, tmp_path: Path, drawn: Run) -> None:
    renamed = tmp_path / "renamed"
    for path in (image_path, label_path):
        for index in range(3):
            target = path(renamed, 2 - index)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path(tree, index).read_bytes())
    same = evaluate(renamed, tmp_path / "same", seed=5, draws=3)
    table = compare(drawn, same)
    np.testing.assert_allclose(table["difference"].dropna(), 0, atol=1e-15)

    other = evaluate(tree, tmp_path / "other", "b1@random", seed=5)
    table = compare(drawn, other)
    summaries = [run.table("summary").iloc[0] for run in (drawn, other)]
    for name in ("clean", "suite score", "noise", "retention"):
        row = table.loc[name]
        assert row["difference"] == pytest.approx(summaries[1][name] - summaries[0][name])
    assert (table["n_units"] == 3).all()
    assert table[["low", "high", "p", "p_holm"]].isna().all(axis=None)


def test_what_cannot_be_compared_is_refused(tree: Path, tmp_path: Path, drawn: Run) -> None:
    fewer = evaluate(tree, tmp_path / "fewer", seed=5, limit=2)
    with pytest.raises(InputError, match=r"differs from .* in finished images \("):
        compare(drawn, fewer)
    lighter = evaluate(tree, tmp_path / "lighter", severities=[1], limit=3)
    with pytest.raises(InputError, match="in suite"):
        compare(drawn, lighter)
    with pytest.raises(InputError, match="no model 'b9'; there are b0@random"):
        compare(drawn, drawn, second_model="b9")


def test_draws_that_cannot_be_are_refused(tree: Path, tmp_path: Path) -> None:
    for draws in (0, -1, 1.5):
        with pytest.raises(InputError, match=r"--draws .*: .*whole number"):
            evaluate(tree, tmp_path / "run", draws=draws)
    copy = tmp_path / "copy"
    robustbench_seg.corrupt_folder(str(tree), copy, corruptions=["fog"], severities=[1])
    with pytest.raises(InputError, match=r"--depth d: the images in .* are made; leave it out"):
        robustbench_seg.evaluate(
            "b0@random", data=str(tree), copy=copy, depth="d", out=tmp_path / "run"
        )
    with pytest.raises(InputError, match=r"--draws 2: the images in .* are made; leave it out"):
        robustbench_seg.evaluate(
            "b0@random", data=str(tree), copy=copy, draws=2, out=tmp_path / "run"
        )
