"""Runs that measure more than mIoU: resumed, merged, sampled, stored and refused."""

from __future__ import annotations

import shutil
import sqlite3
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.api import compare_runs, merge
from robustbench_seg.errors import InputError
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.database import FILE, digest
from robustbench_seg.runs.packed_counts import pack
from robustbench_seg.runs.pictures import ERRORS
from robustbench_seg.runs.store import Store
from tests.helpers.frames import write_tree

FRAMES = 12
MEASURES = ["boundary:2px", "calibration"]
FEW: dict[str, Any] = {"corruptions": ["fog", "contrast"], "severities": [1, 3]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), FRAMES, width=64, height=32)


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    given = {"measure": MEASURES, **FEW, **options}
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **given)


@pytest.fixture(scope="module")
def run(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("run") / "run")


def tables(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.write(["csv"])}


@pytest.mark.slow
def test_measures_change_no_other_number(run: Run, tree: Path, tmp_path: Path) -> None:
    alone = evaluate(tree, tmp_path / "alone", measure=["miou"])
    assert "measures" in run.tables
    assert "measures" not in alone.tables
    own = tables(alone)
    assert "measures" not in alone.spec.to_dict()
    beside = run.table("tidy")
    known = beside["metric"].isin(alone.table("tidy")["metric"])
    assert beside[known].reset_index(drop=True).equals(alone.table("tidy"))
    found = tables(run)
    assert found.keys() - own.keys() == {"measures.csv", "class_confidence.csv"}
    same = [name for name in own if name not in ("tidy.csv", "settings.csv")]
    assert [name for name in same if own[name] != found[name]] == []


@pytest.mark.slow
def test_the_default_is_what_a_begun_run_measures(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for out in (None, "run"):
        options: dict[str, Any] = {**FEW, "data": str(tree), "out": out}
        alone = robustbench_seg.evaluate("b0@random", measure=["miou"], **options)
        again = robustbench_seg.evaluate("b0@random", **options)
        assert again.folder == alone.folder
        assert again.spec.measures == ()
    new = robustbench_seg.evaluate("b0@random", **{**options, "out": "new"})
    assert new.spec.measures == ("boundary:0.5%",)


def test_the_table_has_each_score_of_each_measure(run: Run) -> None:
    table = run.table("measures")
    assert {"band_miou", "interior_miou", "boundary_iou", "ece", "aurc", "nll"} <= set(
        table["metric"]
    )
    higher = {"band_miou", "interior_miou", "boundary_iou", "auroc", "mean_confidence"}
    clean = run.table("tidy").query("condition == 'clean'").set_index("metric")["value"]
    for metric, rows in table.set_index("score").groupby("metric"):
        assert rows.at["clean", "value"] == clean[metric]
        assert "suite score" in rows.index
        assert ("retention" in rows.index) == (metric in higher or "accuracy" in str(metric))
    sure = table[table["score"] != "mPC"].dropna()
    assert (sure["low"] <= sure["high"]).all()
    assert len(sure) > 0


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_tables(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    def stop(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, tmp_path / "run", progress=stop)
    assert tables(evaluate(tree, tmp_path / "run")) == tables(run)


@pytest.mark.slow
def test_shards_join_to_the_same_tables(run: Run, tree: Path, tmp_path: Path) -> None:
    parts = [tmp_path / f"part{number}" for number in (1, 2)]
    for number, part in enumerate(parts, start=1):
        evaluate(tree, part, shard=f"{number}/2")
    whole = merge(parts, out=tmp_path / "whole")
    assert tables(whole) == tables(run)
    shutil.rmtree(parts[1])
    evaluate(tree, parts[1], shard="2/2", measure=["boundary:3px", "calibration"])
    with pytest.raises(InputError, match="part of another run"):
        merge(parts, out=tmp_path / "mixed")


@pytest.mark.slow
def test_a_sample_has_the_measures_of_what_was_seen(run: Run, tree: Path, tmp_path: Path) -> None:
    sample = evaluate(tree, tmp_path / "run", sample=0.5, batch=1)
    assert sample.sample is not None
    value = sample.table("measures").set_index(["metric", "score"])["value"]
    exact = run.table("measures").set_index(["metric", "score"])["value"]
    clean = [key for key in exact.index if key[1] == "clean"]
    assert np.allclose(value[clean], exact[clean], rtol=1e-3)  # batches of another size round
    suite = [key for key in exact.index if key[1] == "suite score"]
    assert np.allclose(value[suite], exact[suite], rtol=0.2, atol=0.02)
    assert not value[suite].equals(exact[suite])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda counts: counts[:2], "is 0, not"),
        (lambda counts: (*counts, counts[1]), "is cut off, or has more"),
        (lambda counts: (counts[0], counts[1][:, :-1], counts[2]), "is 19 x 21, not 19 x 22"),
        (lambda counts: (counts[0], counts[1] + 2**31, counts[2]), "has a count below 1 or above"),
        (lambda counts: (counts[0], counts[1] + 1, counts[2]), "has more pixels of"),
        (lambda counts: (*counts[:2], np.roll(counts[2], 1)), "confidence"),
    ],
)
def test_stored_counts_that_cannot_be_are_refused(
    run: Run, tmp_path: Path, change: Any, what: str
) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    with Store.open(run.folder) as store:
        cell, counts = next(store.counts())
    key = (cell.model, cell.condition, cell.severity, cell.frame, cell.draw)
    row = (*key, pack(change(counts)))
    with sqlite3.connect(tmp_path / "run" / FILE) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, digest(*row))
        )
    connection.close()
    with pytest.raises(InputError, match=f"the matrix of .*({what})"):
        Run.open(tmp_path / "run")


@pytest.mark.slow
def test_models_are_compared_by_each_measure(run: Run, tree: Path, tmp_path: Path) -> None:
    other = robustbench_seg.evaluate(
        "b1@random", data=str(tree), out=tmp_path / "run", measure=["boundary:2px"], **FEW
    )
    found = compare_runs([run.folder, other.folder])
    table = found.tables["measure-differences"]
    # Of the measures, those that both have.
    assert set(table.index.get_level_values("metric")) == set(other.table("measures")["metric"])
    own = [each.table("measures").set_index(["metric", "score"])["value"] for each in (run, other)]
    for metric in ("band_miou", "boundary_iou"):
        row = table.xs((metric, found.models[1], "suite score")).astype(float)
        assert row["difference"] == own[1][metric, "suite score"] - own[0][metric, "suite score"]
        assert row["low"] <= row["difference"] <= row["high"]
        assert 0 < row["p"] <= 1
    (page,) = found.write(["html"], tmp_path / "page")
    assert "Boundary IoU" in page.read_text()


def test_an_example_shows_where_the_model_is_sure_and_wrong(run: Run) -> None:
    found = [picture for picture in run.pictures if picture.caption == ERRORS]
    assert {picture.cell.condition for picture in found} >= {"clean"}
    with Image.open(BytesIO(found[0].png)) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)  # (H, W, 3) -> (pixels, 3)
    red, green, blue = pixels.T
    assert (pixels == 225).all(axis=1).any()
    assert ((red > green) & (green > blue)).any()


def test_other_measures_are_another_run(run: Run, tree: Path) -> None:
    with pytest.raises(InputError, match="differs in measures"):
        evaluate(tree, run.folder, measure=["miou"])
