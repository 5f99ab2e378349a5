"""More than 255 classes: labels of 16 bits, from the files to the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image

import robustbench_seg
from robustbench_seg.api import merge
from robustbench_seg.datasets.class_maps import apply_class_map, load_class_map
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.evaluate import prepare
from robustbench_seg.protocol.request import Request
from robustbench_seg.reporting.run import Run
from tests.helpers.cells import cells_of
from tests.helpers.evaluating import finish

CLASSES, VOID = 847, 65535
FEW: dict[str, Any] = {"corruptions": ["jpeg_compression"], "severities": [1]}
MODEL = """
import torch
from torch import nn
from robustbench_seg.models.base import Preprocessing

class Nearest(nn.Module):
    '''The class whose colour is the nearest, at a quarter of the size.'''

    def __init__(self):
        super().__init__()
        number = torch.arange(847)
        digits = [number % 10, number // 10 % 10, number // 100]
        self.colors = nn.Parameter(torch.stack(digits, 1) * 25.0 + 12)

    def forward(self, x):
        x = nn.functional.avg_pool2d(x, 4)
        scores = 2 * torch.einsum("nchw,kc->nkhw", x, self.colors)
        return scores - (self.colors**2).sum(1)[:, None, None]

def network():
    made = Nearest()
    made.preprocessing = Preprocessing((0, 0, 0), (1, 1, 1))
    return made

def function():
    def labels(image):
        digits = (image.astype(int) // 25).clip(0, 9) @ [1, 10, 100]
        return digits.clip(0, 846)
    return labels
"""


def write(root: Path, frames: int = 3) -> dict[str, Any]:
    """Write images whose colours tell their classes; return the options that open them."""
    random = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    values = 70 * np.arange(CLASSES)  # up to 59,220
    for number in range(frames):
        classes = np.kron(random.integers(0, CLASSES, (8, 16)), np.ones((8, 8), int))
        digits = np.stack([classes % 10, classes // 10 % 10, classes // 100], -1)
        image = (digits * 25 + 12).astype(np.uint8)
        Image.fromarray(image).save(root / "images" / f"{number}.png")
        label = values[classes].astype(np.uint16)
        label[:3] = VOID
        ending = "tif" if number % 2 else "png"
        Image.fromarray(label).save(root / "labels" / f"{number}.{ending}")
    names = "".join(f'{{ name = "class {number}" }}, ' for number in range(CLASSES))
    text = f"classes = [{names}]\nvalues = {values.tolist()}\n"
    (root / "many.toml").write_text(text)
    (root / "mine.py").write_text(MODEL)
    return {
        "images": root / "images",
        "labels": root / "labels",
        "classes": root / "many.toml",
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def run(data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(data, tmp_path_factory.mktemp("runs") / "run")


def evaluate(data: dict[str, Any], out: Path, model: str = "network", **options: Any) -> Run:
    name = f"python:{data['classes'].parent / 'mine.py'}:{model}"
    return robustbench_seg.evaluate(name, **{**data, **FEW, **options}, out=out)


def miou(truths: list[NDArray[Any]], predictions: list[NDArray[Any]]) -> float:
    """Return the mean IoU over the classes with ground truth, class by class."""
    truth, prediction = np.stack(truths), np.stack(predictions)
    scores = []
    for number in np.unique(truth[truth != VOID]):
        said = (prediction == number) & (truth != VOID)
        scores.append(((truth == number) & said).sum() / ((truth == number) | said).sum())
    return float(np.mean(scores))


def test_labels_of_16_bits_are_read(data: dict[str, Any]) -> None:
    for frame in open_dataset(**data).frames:
        label = frame.label()
        digits = frame.image().astype(int) // 25
        assert label.dtype == np.uint16
        assert (label[:3] == VOID).all()
        np.testing.assert_array_equal(label[3:], (digits @ [1, 10, 100])[3:])
    report = check_dataset(**data)
    assert report.problems == {}
    assert report.ignored_pixels == 3 * 3 * 128
    path = data["classes"].with_name("none.toml")
    path.write_text(data["classes"].read_text() + "ignore = []\n")
    frame = open_dataset(**{**data, "classes": path}).frames[0]
    with pytest.raises(InputError, match=r"holds 65535, outside the classes, 0, 70, .* none; "):
        frame.label()


@pytest.mark.slow
def test_scores_are_those_of_each_class_alone(data: dict[str, Any], run: Run) -> None:
    frames = open_dataset(**data).frames
    made: dict[str, Any] = {}
    exec(MODEL, made)
    predictions = []
    for frame in frames:
        pixels = torch.from_numpy(frame.image().astype(np.float32))
        image = pixels.permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)
        logits = F.interpolate(made["network"]()(image), image.shape[2:], mode="bilinear")
        predictions.append(logits.argmax(1)[0].numpy())  # (H, W)
    found = run.table()["clean"].iloc[0]
    assert 0.3 < found < 1
    assert found == pytest.approx(miou([frame.label() for frame in frames], predictions), abs=1e-4)
    exact = evaluate(data, run.folder.with_name("exact"), "function")
    assert exact.table()["clean"].iloc[0] == 1


@pytest.mark.slow
def test_runs_go_on_and_are_merged(data: dict[str, Any], run: Run, tmp_path: Path) -> None:
    parts = [
        evaluate(data, tmp_path / str(number), shard=f"{number}/2").folder for number in (1, 2)
    ]
    merged = merge(parts, tmp_path / "merged")
    assert cells_of(merged.folder) == cells_of(run.folder)
    rest = evaluate(data, parts[0])  # goes on with the frames of the other shard
    assert cells_of(rest.folder) == cells_of(run.folder)
    assert rest.table("classes").to_csv() == run.table("classes").to_csv()


def test_units_fit_into_the_memory_of_a_worker(
    data: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = f"python:{data['classes'].parent / 'mine.py'}:function"
    request = Request(models=(model,), **data, **FEW, limit=2, batch=1, out=tmp_path / "run")
    plan, engine = prepare(request)
    assert [unit.groups for unit in plan.missing(plan.steps, ())] == [(0, 1), (0, 1)]
    monkeypatch.setattr("robustbench_seg.evaluation.plan._UNIT_COUNTS", CLASSES**2)
    units = [*map(tuple, plan.missing(plan.steps, ()))]
    assert units == [(0, (0,)), (0, (1,)), (1, (0,)), (1, (1,))]
    assert finish((plan, engine)).complete


@pytest.mark.slow
def test_reports_stay_short(run: Run, tmp_path: Path) -> None:
    run.write(["html", "md"], tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert len(page) < 500_000
    present = int(run.class_set.sum())
    assert f"the {present} of 847 classes" in page
    assert f"and {present - 40} more" in page
    assert all(f">class {number}<" in page for number in np.flatnonzero(run.class_set))


def test_too_many_classes_are_refused_with_the_limit(data: dict[str, Any], tmp_path: Path) -> None:
    names = ", ".join(f'{{ name = "{number}" }}' for number in range(2049))
    (tmp_path / "all.toml").write_text(f"classes = [{names}]\n")
    with pytest.raises(InputError, match=r"has 2049 classes, and 2048 are the most: .* memory"):
        evaluate({**data, "classes": tmp_path / "all.toml"}, tmp_path / "run")


def test_class_maps_between_8_and_16_bits(data: dict[str, Any], tmp_path: Path) -> None:
    """Classes of 16 bits are scored as two of 8 bits: predictions, then labels, are mapped."""
    halves = 'classes = [{ name = "low" }, { name = "high" }]\n'
    (tmp_path / "halves.toml").write_text(halves)
    (tmp_path / "many.toml").write_text(data["classes"].read_text())
    pairs = "".join(
        f'"class {number}" = "{"low" if number < 400 else "high"}"\n' for number in range(846)
    )
    text = f'from = "many.toml"\nto = "halves.toml"\n[map]\n{pairs}'
    (tmp_path / "map.toml").write_text(text)
    class_map = load_class_map(str(tmp_path / "map.toml"))
    dataset = open_dataset(**data)
    mapped = apply_class_map(dataset, class_map, "wrong").dataset
    for frame, own in zip(mapped.frames, dataset.frames, strict=True):
        label = own.label()
        expected = np.where(label < 400, 0, np.where(label < 846, 1, 255)).astype(np.uint8)
        np.testing.assert_array_equal(frame.label(), expected)
        assert frame.label().dtype == np.uint8
    two = replace(dataset, classes=class_map.target.classes)
    lookup = apply_class_map(two, class_map, "wrong").prediction_lookup
    np.testing.assert_array_equal(lookup, [0] * 400 + [1] * 446 + [2])
    assert lookup.dtype == np.uint8
