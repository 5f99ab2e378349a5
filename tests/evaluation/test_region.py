"""Runs that corrupt a region: their images, the counts inside and outside, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import confusion_matrix

import robustbench_seg
from robustbench_seg.api import compare_runs
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.evaluate import prepare
from robustbench_seg.evaluation.work import WorkUnit
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.condition import CLEAN, Draw
from robustbench_seg.protocol.request import Request
from robustbench_seg.reporting.run import Run
from robustbench_seg.reports.formats import FORMATS
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.counters import Counts
from tests.helpers.frames import image_path, label_path, write_tree

FEW: dict[str, Any] = {
    "corruptions": ["gaussian_noise", "contrast"],
    "severities": [2, 4],
    "measure": ["miou"],
}
MODEL = "b0@random"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 3)


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate(MODEL, data=str(tree), out=out, **{**FEW, **options})


def counts(run: Run) -> dict[Cell, tuple[Counts, ...]]:
    with Store.open(run.folder) as store:
        return dict(store.counts())


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate(tree, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def cars(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("cars") / "run"
    return evaluate(tree, out, region="class:car,bus", save=["labels"])


def images(tree: Path, number: int, **options: Any) -> tuple[Any, dict[Draw, NDArray[np.uint8]]]:
    """Return the batches of a frame's images that a run sees, and the plan's specification."""
    request = Request(models=(MODEL,), data=str(tree), limit=2, seed=3, **FEW, **options)
    plan, _ = prepare(request)
    groups = range(len(plan.spec.draw_groups(plan.spec.frames[number])))
    batches = [make() for make in plan.batches(WorkUnit(number, tuple(groups)))]
    return plan.spec, {draw: image for each in batches for draw, image in each.images.items()}


@pytest.mark.parametrize("region", ["rectangle:0.25,0.5,1,1", "class:road", "soiling:0.4"])
def test_models_see_the_corruption_of_the_whole_frame_inside_and_nothing_outside(
    tree: Path, region: str
) -> None:
    _, corrupted = images(tree, 1)
    spec, found = images(tree, 1, region=region)
    clean = np.asarray(Image.open(image_path(tree, 1)))
    mask = spec.mask(spec.frames[1], np.asarray(Image.open(label_path(tree, 1))))
    assert 0 < np.count_nonzero(mask) < mask.size
    assert found.keys() == corrupted.keys()
    np.testing.assert_array_equal(found.pop(Draw(CLEAN)), clean)
    for draw, image in found.items():
        np.testing.assert_array_equal(image[mask == 255], corrupted[draw][mask == 255])
        np.testing.assert_array_equal(image[mask == 0], clean[mask == 0])
        assert (image != clean).any()


def test_soiling_depends_on_the_seed_and_the_frame_alone(tree: Path) -> None:
    spec, _ = images(tree, 0, region="soiling:0.4")
    label = np.asarray(Image.open(label_path(tree, 0)))
    first, second = (spec.mask(each, label) for each in spec.frames)
    np.testing.assert_array_equal(first, replace(spec, draws=9).mask(spec.frames[0], label))
    assert (first != second).any()
    assert (first != replace(spec, seed=4).mask(spec.frames[0], label)).any()


def test_counts_inside_are_those_of_the_saved_predictions(cars: Run, tree: Path) -> None:
    classes = range(len(cars.spec.classes))
    region = [cars.spec.class_names.index(name) for name in ("car", "bus")]
    cells = counts(cars)
    assert len(cells) == 3 * 5
    for number, frame in enumerate(cars.spec.frames):
        truth = np.asarray(Image.open(label_path(tree, number)))
        inside = np.isin(truth, region)
        assert inside.any() == (frame.name not in cars.spec.frames_without_region)
        for cell in (each for each in cells if each.frame == frame.name):
            (path,) = _saved(cars, cell)
            predicted = np.asarray(Image.open(path))
            matrix, found = cells[cell]
            for part, own in ((inside, found), (~inside & (truth != 255), matrix - found)):
                expected = (
                    confusion_matrix(truth[part], predicted[part], labels=classes)
                    if part.any()
                    else np.zeros_like(own)
                )
                np.testing.assert_array_equal(own, expected, err_msg=str(cell))
    tidy = cars.table("tidy").query("condition == 'contrast' and severity == 4")
    key = ("contrast", 4)
    total = np.sum([c[1] for cell, c in cells.items() if (cell.condition, cell.severity) == key], 0)
    union = total.sum(axis=0) + total.sum(axis=1) - total.diagonal()
    ious = [total[place, place] / union[place] for place in region if total[place].any()]
    (value,) = tidy[tidy["metric"] == "inside_miou"]["value"]
    assert value == pytest.approx(np.mean(ious))


def _saved(run: Run, cell: Cell) -> list[Path]:
    """Return the file of a saved prediction."""
    folder = f"{cell.condition}/{cell.severity}" if cell.severity else cell.condition
    return sorted(run.folder.glob(f"predictions/*/{folder}/*/{cell.frame}*.png"))


def test_a_rectangle_of_the_whole_frame_changes_no_number(
    whole: Run, tree: Path, tmp_path: Path
) -> None:
    run = evaluate(tree, tmp_path / "run", region="rectangle:0,0,1,1")
    ours, theirs = counts(run), counts(whole)
    assert ours.keys() == theirs.keys()
    for cell, (matrix, inside) in ours.items():
        np.testing.assert_array_equal(matrix, theirs[cell][0])
        np.testing.assert_array_equal(inside, matrix)
    for name in ("summary", "suite", "severities", "classes", "intervals", "worst"):
        assert run.table(name).equals(whole.table(name))
    scores = run.table("measures").pivot(index="score", columns="metric", values="value")
    miou = whole.table("intervals").query("`class` == 'all'").set_index("score")["value"]
    np.testing.assert_array_equal(scores["inside_miou"], miou[scores.index])
    assert scores["outside_miou"].isna().all()


def test_a_copy_of_whole_frames_gives_the_same(cars: Run, tree: Path, tmp_path: Path) -> None:
    chosen = {name: FEW[name] for name in ("corruptions", "severities")}
    robustbench_seg.corrupt_folder(tree, tmp_path / "copy", workers=1, **chosen)
    run = evaluate(tree, tmp_path / "run", region="class:bus,car", copy=tmp_path / "copy")
    ours, theirs = counts(run), counts(cars)
    assert all(np.array_equal(ours[cell], theirs[cell]) for cell in theirs)


@pytest.mark.slow
def test_reports_say_what_the_region_is(cars: Run, whole: Run, tree: Path, tmp_path: Path) -> None:
    page = cars.report()
    assert [stamp for stamp in page.stamps if stamp.startswith("REGION")] == [
        "REGION: corrupted only where the ground truth is bus or car; not comparable with runs "
        "that corrupt whole frames, nor with published results"
    ]
    assert any("(class:bus,car). Scores inside and outside" in note for note in page.notes)
    assert page.provenance["run"]["region"] == "class:bus,car"
    for name in FORMATS.keys() - {"pdf"}:  # has the same sections, compressed
        assert "inside mIoU" in str(FORMATS[name].render(page)), name
    assert not any(section.heading == "Region" for section in whole.report().sections)
    with pytest.raises(InputError, match=r"differs from .* in the region that is corrupted"):
        compare_runs([whole.folder, cars.folder])
    other = evaluate(tree, tmp_path / "other", region="class:car,bus", batch=1)
    metrics = (
        compare_runs([cars.folder, other.folder])
        .tables["measure-differences"]
        .index.unique("metric")
    )
    assert set(metrics) == {"inside_miou", "outside_miou"}


def test_an_interrupted_run_goes_on_to_the_same_counts(tree: Path, tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done > total // 2:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"region": "soiling:0.3", "corruptions": ["contrast"]}
    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, tmp_path / "run", progress=stop, **options)
    with pytest.raises(InputError, match=r"differs in region"):
        evaluate(tree, tmp_path / "run", **{**options, "region": "soiling:0.4"})
    resumed = counts(evaluate(tree, tmp_path / "run", **options))
    complete = counts(evaluate(tree, tmp_path / "complete", **options))
    assert all(np.array_equal(resumed[cell], complete[cell]) for cell in complete)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"region": "class:rode"}, "unknown class 'rode'; choose from: road, .*mean road"),
        ({"region": "class:train,truck"}, "none of the 1 frames has a pixel of it"),
        ({"region": "rectangle:0,0,0.001,1"}, "none of the 1 frames has a pixel of it"),
        ({"region": "soiling:1e-9"}, "none of the 1 frames has a pixel of it"),
        ({"suite": "resolution"}, "resolution has conditions that concern whole frames"),
        ({"suite": "adversarial"}, "adversarial has conditions that concern whole frames"),
    ],
)
def test_what_no_region_fits_is_refused(
    tree: Path, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    given = {"region": "class:road", "limit": 1, **options}
    if "suite" in options:
        given |= {"corruptions": None, "severities": None}
    with pytest.raises(InputError, match=words) as caught:
        evaluate(tree, tmp_path / "run", **given)
    assert str(caught.value).startswith("--region ")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
