"""Agreement of two runs of one model, against its definition restated on the files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.reporting.comparison import Comparison, compare_runs
from robustbench_seg.reporting.run import Run
from tests.helpers.frames import CITY, label_path, name, write_tree

CONDITIONS = {("clean", 0): "clean", ("fog", 1): "fog/1", ("fog", 3): "fog/3"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 2)


def evaluate(tree: Path, out: Path, model: str = "b0@random", **options: Any) -> Run:
    few: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3], "save": ["labels"]}
    return robustbench_seg.evaluate(model, data=str(tree), out=out, **{**few, **options})


@pytest.fixture(scope="module")
def full(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("full") / "run")


@pytest.fixture(scope="module")
def half(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("half") / "other", precision="bf16")


def labels_in(run: Run, folder: str, index: int) -> np.ndarray:
    path = run.folder / "predictions" / "b0@random" / folder / CITY
    return np.asarray(Image.open(path / f"{name(index)}_leftImg8bit_pred.png"))


def shown(comparison: Comparison) -> str:
    """Return the captions of the tables about agreement."""
    sections = [each for each in comparison.report().sections if each.heading == "Agreement"]
    return " ".join(part.caption for each in sections for part in each.parts)  # type: ignore[union-attr]


@pytest.mark.slow
def test_agreement_is_the_share_of_equal_pixels(tree: Path, full: Run, half: Run) -> None:
    comparison = compare_runs([full, half])
    (label,) = comparison.agreement.index.get_level_values("model").unique()
    found = comparison.agreement.loc[label]
    assert [*found.index] == [*CONDITIONS]
    for key, folder in CONDITIONS.items():
        pairs = [[labels_in(run, folder, index) for run in (full, half)] for index in range(2)]
        same = [one == other for one, other in pairs]
        assert found.loc[key, "agreement"] == pytest.approx(np.mean(same), abs=1e-12)
        assert found.loc[key, "pixels"] == 2 * 64 * 128
        truths = [np.asarray(Image.open(label_path(tree, index))) for index in range(2)]
        scored = np.concatenate(
            [each[truth < 19] for each, truth in zip(same, truths, strict=True)]
        )
        assert scored.mean() <= found.loc[key, "at_most"] <= 1
        condition = key[0] if not key[1] else f"{key[0]}:{key[1]}"
        first, second = (run.matrix(condition).to_numpy() for run in (full, half))
        least = sum(max(0, int(a - b)) for a, b in zip(first.flat, second.flat, strict=True))
        assert found.loc[key, "at_most"] == pytest.approx(1 - least / first.sum(), abs=1e-12)
    assert found["agreement"].min() < 1
    assert "Share of all pixels that have the same label" in shown(comparison)


@pytest.mark.slow
def test_counts_alone_bound_the_agreement(tree: Path, full: Run, half: Run, tmp_path: Path) -> None:
    part = Run.open(shutil.copytree(half.folder, tmp_path / "part"))
    next((part.folder / "predictions").rglob("*_pred.png")).unlink()
    comparison = compare_runs([full, part])
    assert comparison.agreement["agreement"].isna().all()
    assert (comparison.agreement["pixels"] == 0).all()
    whole = compare_runs([full, half]).agreement["at_most"]
    assert [*comparison.agreement["at_most"]] == [*whole]
    assert "Upper bound of the share of pixels with ground truth" in shown(comparison)


@pytest.mark.slow
def test_a_live_run_agrees_with_its_saved_maps(tree: Path, half: Run, tmp_path: Path) -> None:
    folder = half.folder / "predictions" / "b0@random"
    saved = evaluate(tree, tmp_path / "saved", f"predictions:{folder}", save=None)
    found = compare_runs([half, saved]).agreement
    assert [*found["agreement"]] == [*found["at_most"]] == [1.0] * 3


@pytest.mark.slow
def test_other_models_are_compared_where_their_labels_are_saved(tree: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"severities": [1]}
    first = evaluate(tree, tmp_path / "first", **few)
    other = evaluate(tree, tmp_path / "other", "espnet@random", **few)
    found = compare_runs([first, other]).agreement["agreement"]
    assert found.between(0, 0.5).all()
    shutil.rmtree(other.folder / "predictions")
    comparison = compare_runs([first, other])
    assert not len(comparison.agreement)
    assert "agreement" not in comparison.tables
    assert not shown(comparison)
