"""Runs that are sampled: where they stop, how they go on, and what their reports say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg.api import compare_runs, forecast, merge
from robustbench_seg.errors import InputError
from robustbench_seg.reporting.estimates import WIDE
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.document import unfolded
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.side_by_side import compare
from robustbench_seg.runs.store import Store
from robustbench_seg.scores import stopping
from robustbench_seg.scores.sampled import Sampled
from robustbench_seg.scores.tables import ALL_CLASSES
from tests.helpers.frames import write_tree

FEW: dict[str, Any] = {"corruptions": ["fog", "contrast"], "severities": [1, 2, 3], "batch": 2}
FRAMES = 12


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), FRAMES, width=64, height=32)


def evaluate(tree: Path, out: Path, model: str = "b0@random", **options: Any) -> Run:
    return robustbench_seg.evaluate(model, data=str(tree), out=out, **{**FEW, **options})


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def sample(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("sample") / "run", sample=0.3)


def tables(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.write(["csv"])}


def test_a_sample_has_all_clean_frames_and_a_share_of_each_condition(sample: Run) -> None:
    assert sample.sample is not None
    assert 0.3 <= sample.sample.share < 0.34
    assert not sample.complete
    assert len(sample.frames) == FRAMES
    seen = sample.pixel_counts["b0@random"].seen
    assert seen[:, 0].all()
    # The first group is clean and fog 1.
    assert set(seen[:, 2:].sum(axis=0).tolist()) <= {3, 4}


@pytest.mark.slow
def test_a_sample_that_goes_on_has_the_tables_of_a_whole_run(
    tree: Path, tmp_path: Path, whole: Run, sample: Run
) -> None:
    shutil.copytree(sample.folder, tmp_path / "run")
    larger = evaluate(tree, tmp_path / "run", sample=0.6)
    assert larger.sample is not None
    assert 0.6 <= larger.sample.share < 0.63
    assert evaluate(tree, tmp_path / "run", sample=0.2).sample == larger.sample  # nothing is lost
    done = evaluate(tree, tmp_path / "run")
    assert done.complete
    assert done.sample is None
    assert tables(done) == tables(whole)


def test_estimates_are_near_the_scores_of_the_whole_run(whole: Run, sample: Run) -> None:
    found, exact = (
        table[table["class"] == ALL_CLASSES].set_index("score")
        for table in (sample.table("sampling"), whole.table("intervals"))
    )
    assert found["value"]["clean"] == exact["value"]["clean"]
    assert found["low"]["clean"] == found["high"]["clean"] == exact["value"]["clean"]
    width = found["high"]["suite score"] - found["low"]["suite score"]
    assert 0 < width < 0.02
    assert abs(found["value"]["suite score"] - exact["value"]["suite score"]) < width


@pytest.mark.slow
def test_what_was_computed_frame_by_frame_is_no_sample(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stage: str, done: int, total: int, note: str) -> None:
        if done == 70:  # of 84, all of ten frames
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, tmp_path / "run", progress=stop)
    run = Run.open(tmp_path / "run")
    assert run.sample is None
    assert len(run.frames) == 10


@pytest.mark.slow
def test_a_run_stops_when_its_target_is_reached(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def width(sampled: Sampled, *_: object) -> float:
        return 0.01 * (1 - float(sampled.pixel_counts.seen.mean()))  # 0.5 points at the half

    monkeypatch.setattr(stopping, "half_width", width)
    notes: list[str] = []
    run = evaluate(tree, tmp_path / "run", until=0.5, progress=lambda *step: notes.append(step[3]))
    assert run.sample is not None
    assert 0.5 <= run.pixel_counts["b0@random"].seen.mean() < 0.6
    assert any("suite score" in note and "% needed" in note for note in notes)
    again = evaluate(tree, tmp_path / "run", until="suite score:0.5")
    assert again.sample == run.sample


@pytest.mark.slow
def test_a_score_without_a_value_is_no_target_that_is_reached(tree: Path, tmp_path: Path) -> None:
    # mPC is undefined where severities are left out.
    few: dict[str, Any] = {"corruptions": ["fog"], "severities": [1], "batch": 1}
    assert evaluate(tree, tmp_path / "run", until="mPC:50", **few).complete


@pytest.mark.slow
def test_where_a_run_stops_does_not_depend_on_workers_or_on_what_is_stored(
    tree: Path, tmp_path: Path, sample: Run
) -> None:
    alone = evaluate(tree, tmp_path / "alone", until=0.4)
    shutil.copytree(sample.folder, tmp_path / "more")
    assert alone.sample is not None
    with Store.open(tmp_path / "alone") as store:
        assert store.stored() == alone.sample.cells
    begun = evaluate(tree, tmp_path / "more", until=0.4)
    assert begun.sample is not None
    assert begun.sample.share == max(alone.sample.share, sample.sample.share)  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_run_of_equal_models_is_decided(tree: Path, tmp_path: Path) -> None:
    names = ["b0@random", "b1@random"]
    run = robustbench_seg.evaluate(
        names, data=str(tree), out=tmp_path / "run", until="decided", **FEW
    )
    assert run.sample is not None  # differences of random models are far below half a point


@pytest.mark.slow
def test_shards_of_one_sample_join_to_it(tree: Path, tmp_path: Path) -> None:
    sample = evaluate(tree, tmp_path / "run", sample=0.5)
    for number in (1, 2):
        part = evaluate(tree, tmp_path / f"{number}", sample=0.5, shard=f"{number}/2")
        assert part.sample is not None
        assert any(stamp.startswith("PARTIAL") for stamp in part.report().stamps)
    joined = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "joined")
    assert joined.sample == sample.sample
    pd.testing.assert_frame_equal(joined.table("sampling"), sample.table("sampling"))


def test_a_report_marks_every_estimate(sample: Run, tmp_path: Path) -> None:
    (text,) = (path.read_text() for path in sample.write(["md"], tmp_path))
    assert "ESTIMATE (30" in text
    document = sample.report()
    assert any(stamp.startswith("ESTIMATE") for stamp in document.stamps)
    assert all(plot.caption.startswith("ESTIMATE") for plot in document.plots())
    assert "What was sampled" in [section.heading for section in document.sections]
    figure = document.plots()[0].draw()
    assert any("ESTIMATE" in shown.get_text() for shown in figure.texts)


def test_classes_that_a_sample_leaves_unsure_are_intervals(sample: Run) -> None:
    ends = sample.table("sampling").set_index(["class", "score"])
    classes = ends.index.get_level_values("class") != ALL_CLASSES
    wide = ends[classes & (ends["high"] - ends["low"] > WIDE)]
    (section,) = (each for each in sample.report().sections if each.heading == "By class")
    (table,) = (part for part in unfolded(section.parts) if isinstance(part, Table))
    shown = {row[0].text: row[1:] for row in table.rows}
    heads = [head.text for head in table.columns[1:]]
    assert len(wide)
    for name, score in wide.index:
        cell = shown[name][heads.index(score)]
        assert cell.value is None
        assert "\u2013" in cell.text


@pytest.mark.slow
def test_models_are_compared_on_the_cells_that_all_have(
    tree: Path, tmp_path: Path, whole: Run, sample: Run
) -> None:
    other = evaluate(tree, tmp_path / "other", "b1@random", sample=0.5)
    table = compare(sample, other)
    assert table["p"].isna().all()
    assert table["low"]["suite score"] < table["high"]["suite score"]
    # A run and a sample of it have no difference: they are compared on the same cells.
    assert (compare(whole, sample)["difference"].dropna() == 0).all()
    comparison = compare_runs([whole.folder, other.folder])
    assert comparison.mark.startswith("ESTIMATE (50")
    same = compare_runs([whole.folder, sample.folder])
    assert same.ranks.isna().all(axis=None)
    with pytest.raises(InputError, match="was sampled in another way"):
        compare(sample, evaluate(tree, tmp_path / "seed", sample=0.2, seed=1))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sample": 0.0}, "--sample 0%: write a share above 0 %"),
        ({"sample": 1.2}, "--sample 120%: write a share"),
        ({"sample": 0.05}, "--sample 5%: too few of 12 frames .* use 16.7% or more"),
        ({"until": 0}, "--until 0: write how many points"),
        ({"until": "-1"}, "--until -1: write how many points"),
        ({"until": "much"}, "--until much: write how many points"),
        ({"until": "speed:1"}, "--until speed:1: cityscapes-c-part has no speed"),
        ({"until": "decided"}, "needs two models or more"),
        ({"until": 1, "sample": 0.2}, "mutually exclusive"),
        ({"until": 1, "shard": "1/2"}, "a shard sees its own frames alone"),
        ({"sample": "10%"}, "expected a number"),
    ],
)
def test_what_is_no_sample_is_refused(
    tree: Path, tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        evaluate(tree, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_pilot_forecasts_what_a_target_needs(sample: Run, whole: Run) -> None:
    suite: dict[str, Any] = {
        "corruptions": ["fog", "contrast"],
        "severities": [1, 2, 3],
        "limit": 500,
        "size": (32, 64),
    }
    every = forecast("b0", **suite)
    pilot = sample.folder
    less, more = (forecast("b0", **suite, until=each, pilot=pilot) for each in (1, "retention:1"))
    assert 0 < less.share < more.share < 1
    assert 500 < less.cells < more.cells < every.cells
    assert 0 < forecast("b0", **suite, until=0.5, pilot=whole.folder).share < 1
    with pytest.raises(InputError, match="give both"):
        forecast("b0", **suite, until=0.5)
    with pytest.raises(InputError, match="another suite"):
        forecast("b0", until=0.5, pilot=sample.folder)
