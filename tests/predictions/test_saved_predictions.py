"""A model scored live equals the same model scored from its saved maps."""

from __future__ import annotations

import errno
import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.taxonomies import load_taxonomy
from robustbench_seg.errors import InputError
from robustbench_seg.inference import condition_images
from robustbench_seg.predictions import saving
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from robustbench_seg.writing import write_file
from tests.helpers.frames import CITY, image_path, label_path, name, write_camvid, write_tree
from tests.helpers.trees import write_acdc, write_cityscapes_adverse, write_folders

FEW: dict[str, Any] = {"corruptions": ["fog"], "severities": [1, 3]}
MODEL = "b0@random"
SCALES = """
title = "two scales"
source = "a test"
scales = [0.5, 1.0]
images = ["clean", "fog:3"]
"""
CLASS_MAP = """
from = "cityscapes"
to = "camvid"
[map]
building = "building"
sky = "sky"
person = "pedestrian"
train = "car"
bicycle = "bicyclist"
"""
MEASURES = ("boundary", "calibration")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 2)


def evaluate(tree: Path, out: Path, model: str = MODEL, **options: Any) -> Run:
    return robustbench_seg.evaluate(model, data=str(tree), out=out, **{**FEW, **options})


@pytest.fixture(scope="module")
def live(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("live") / "run"
    return evaluate(tree, out, save=["labels", "confidence"], measure=MEASURES)


def saved_in(run: Run) -> Path:
    (folder,) = (run.folder / "predictions").iterdir()
    return folder


@pytest.fixture
def maps(live: Run, tmp_path: Path) -> Path:
    """Return a copy of the saved predictions that a test may change."""
    return shutil.copytree(saved_in(live), tmp_path / "maps")


def csv_of(run: Run, table: str) -> str:
    return run.table(table).to_csv()


def stored(run: Run) -> dict[Any, list[np.ndarray]]:
    with Store.open(run.folder) as store:
        return {cell: [np.array(each) for each in counts] for cell, counts in store.counts()}


def refuse(*given: Any, **options: Any) -> Any:
    raise AssertionError("an image was corrupted")


@pytest.mark.slow
def test_a_model_scored_from_its_saved_maps_equals_itself(
    tree: Path, live: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = evaluate(tree, tmp_path / "plain", measure=MEASURES)
    assert stored(plain).keys() == stored(live).keys()  # saving changes no number
    for table in plain.tables:
        assert csv_of(plain, table) == csv_of(live, table)
    monkeypatch.setattr(condition_images, "corrupt", refuse)
    run = evaluate(tree, tmp_path / "saved", f"predictions:{saved_in(live)}", measure=MEASURES)
    for cell, (matrix, boundary, _) in stored(live).items():
        np.testing.assert_array_equal(stored(run)[cell][0], matrix)
        np.testing.assert_array_equal(stored(run)[cell][1], boundary)
    for table in set(live.tables) - {"tidy", "measures", "class_confidence"}:
        assert csv_of(run, table) == csv_of(live, table)
    ours, theirs = (
        each.table("tidy").set_index(["condition", "severity", "metric", "class"])["value"]
        for each in (live, run)
    )
    assert {*ours.index.get_level_values("metric")} - {
        *theirs.index.get_level_values("metric")
    } == {"brier", "nll"}  # of all classes: a confidence is that of one
    np.testing.assert_allclose(theirs, ours[theirs.index], atol=2e-5)
    model = run.spec.models[0]
    assert (model.name, model.trained_on, model.runtime) == (MODEL, "nothing", "saved maps")
    assert len(model.weights["sha256"]) == 64


def test_saved_maps_of_saved_maps_are_the_same_files(tree: Path, live: Run, tmp_path: Path) -> None:
    run = evaluate(tree, tmp_path / "again", f"predictions:{saved_in(live)}", save=["labels"])
    first, again = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*_pred.png")}
        for root in map(saved_in, (live, run))
    )
    assert len(first) == 2 * 3
    assert first == again


def test_cityscapesscripts_scores_the_cityscapes_layout_alike(tree: Path, tmp_path: Path) -> None:
    run = evaluate(tree, tmp_path / "run", save=["labels"], save_layout="cityscapes")
    script: Any = importlib.import_module(
        "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling"
    )
    lookup = load_taxonomy("cityscapes-ids").lookup
    ids = {number: value for value, number in lookup.items() if number != 255}
    table = np.array([ids.get(value, 0) for value in range(256)], np.uint8)
    script.args.quiet = True
    script.args.evalInstLevelScore = script.args.evalPixelAccuracy = False
    script.args.JSONOutput = False
    script.args.predictionPath = str(saved_in(run) / "fog" / "3")
    script.args.predictionWalk = None
    truths, predictions = [], []
    for index in range(2):
        label = np.asarray(Image.open(label_path(tree, index)))
        truth = tmp_path / "gtFine" / f"{name(index)}_gtFine_labelIds.png"
        truth.parent.mkdir(exist_ok=True)
        Image.fromarray(table[label]).save(truth)
        truths.append(str(truth))
        predictions.append(script.getPrediction(script.args, str(truth)))
    result = script.evaluateImgLists(predictions, truths, script.args)
    ours = run.matrix("fog:3").to_numpy()
    iou = np.diag(ours) / (ours.sum(0) + ours.sum(1) - np.diag(ours))
    theirs = [result["classScores"][class_name] for class_name in run.spec.class_names]
    np.testing.assert_allclose(iou, theirs)
    again = evaluate(tree, tmp_path / "again", f"predictions:{saved_in(run)}")
    assert csv_of(again, "tidy") == csv_of(run, "tidy")


def test_layouts_name_files_as_benchmarks_expect_them(
    live: Run, tree: Path, tmp_path: Path
) -> None:
    assert (saved_in(live) / "fog" / "3" / CITY / f"{name(0)}_leftImg8bit_pred.png").is_file()
    assert (saved_in(live) / "clean" / CITY / f"{name(1)}_leftImg8bit_conf.png").is_file()
    both = ["confidence", "labels"]
    run = evaluate(tree, tmp_path / "run", save=both, save_layout="acdc", severities=[1], limit=1)
    folder = saved_in(run) / "fog" / "1"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png")) == [
        f"confidence/{name(0)}_leftImg8bit.png",
        f"labelTrainIds/{name(0)}_leftImg8bit.png",
    ]
    pixels = np.asarray(Image.open(folder / "labelTrainIds" / f"{name(0)}_leftImg8bit.png"))
    assert pixels.dtype == np.uint8
    assert pixels.max() < 19


def test_images_are_saved_as_the_model_saw_them(tree: Path, tmp_path: Path) -> None:
    run = evaluate(tree, tmp_path / "run", save=["images"], severities=[3])
    assert not (run.folder / "predictions").exists()
    (folder,) = (run.folder / "images").iterdir()
    for index in range(2):
        image = np.asarray(Image.open(image_path(tree, index)))
        file = f"{CITY}/{name(index)}_leftImg8bit.png"
        np.testing.assert_array_equal(Image.open(folder / "clean" / file), image)
        np.testing.assert_array_equal(
            Image.open(folder / "fog" / "3" / file), corrupt(image, "fog", 3)
        )
    (folder / "clean" / file).unlink()
    evaluate(tree, tmp_path / "run", save=["images"], severities=[3])
    assert (folder / "clean" / file).is_file()
    saved = evaluate(tree, tmp_path / "maps", save=["labels"], severities=[3])
    model = f"predictions:{saved_in(saved)}"
    with pytest.raises(InputError, match="--save images: b0@random sees no images"):
        evaluate(tree, tmp_path / "other", model, save=["images"], severities=[3])


def test_users_save_maps_where_corrupted_copies_have_images(tree: Path, tmp_path: Path) -> None:
    """The label of a pixel is a function of its colour: what a user's own program may compute."""
    root = tmp_path / "mine"
    for index in range(2):
        image = np.asarray(Image.open(image_path(tree, index)))
        for folder in ("clean", "fog/1", "fog/3"):
            seen = image if folder == "clean" else corrupt(image, "fog", int(folder[-1]))
            path = root / folder / image_path(tree, index).relative_to(tree)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(seen[..., 0] % 19).save(path)
    run = evaluate(tree, tmp_path / "run", f"predictions:{root}")
    code = tmp_path / "mine.py"
    code.write_text("def make():\n    return lambda image: image[..., 0] % 19\n")
    live = evaluate(tree, tmp_path / "live", f"python:{code}:make")
    assert [*stored(run).values()]
    for (cell, counts), (_, theirs) in zip(
        sorted(stored(run).items(), key=lambda item: item[0]),
        sorted(stored(live).items(), key=lambda item: item[0]),
        strict=True,
    ):
        assert cell.model == "predictions:mine"
        np.testing.assert_array_equal(counts[0], theirs[0])
    path.write_bytes((root / "clean" / image_path(tree, 0).relative_to(tree)).read_bytes())
    with pytest.raises(InputError, match="holds another run, which differs in"):
        evaluate(tree, tmp_path / "run", f"predictions:{root}")


def test_classes_in_another_order_are_told_by_their_names(
    tree: Path, live: Run, maps: Path, tmp_path: Path
) -> None:
    names = list(live.spec.class_names)[::-1]
    about = [f"classes = {names}".replace("'", '"'), f"values = {[*range(19)][::-1]}"]
    (maps / "predictions.toml").write_text("\n".join(about))
    run = evaluate(tree, tmp_path / "run", f"predictions:{maps}")
    for cell in stored(live):
        other = type(cell)("predictions:maps", *list(vars(cell).values())[1:])
        np.testing.assert_array_equal(stored(run)[other][0], stored(live)[cell][0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"corruptions": ["gaussian_noise"], "severities": [1], "draws": 2},
        {"shard": "2/2"},
        {"class_map": CLASS_MAP, "class_map_mode": "restricted", "model": "b1@random"},
        {"suite": SCALES, "corruptions": None, "severities": None, "limit": 1},
        {"input_scale": 0.5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_runs_are_saved_and_read_alike(
    tree: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    if "class_map" in options:
        tree = write_camvid(tmp_path / "camvid")
        (tmp_path / "few.toml").write_text(CLASS_MAP)
        options = {**options, "class_map": tmp_path / "few.toml"}
    if "suite" in options:
        (tmp_path / "scales.toml").write_text(SCALES)
        options = {**options, "suite": tmp_path / "scales.toml"}
    live = evaluate(tree, tmp_path / "live", save=["labels"], **options)
    if "class_map_mode" in options:
        options = {**options, "class_map_mode": "wrong"}
        del options["model"]
    if "shard" in options:  # the other part is saved by another job
        part = evaluate(tree, tmp_path / "part", save=["labels"], shard="1/2")
        shutil.copytree(saved_in(part), saved_in(live), dirs_exist_ok=True)
    run = evaluate(tree, tmp_path / "run", f"predictions:{saved_in(live)}", **options)
    ours, theirs = stored(live), stored(run)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[cell][0], theirs[cell][0]) for cell in ours)


@pytest.mark.parametrize("write", [write_acdc, write_cityscapes_adverse])
@pytest.mark.parametrize("layout", ["acdc", "bravo"])
def test_frames_of_real_conditions_are_saved_and_read_alike(
    write: Callable[[Path], Path], layout: str, tmp_path: Path
) -> None:
    root = write(tmp_path / "data")
    taken: dict[str, Any] = {"corruptions": None, "severities": None}
    live = evaluate(root, tmp_path / "live", save=["labels"], save_layout=layout, **taken)
    run = evaluate(root, tmp_path / "run", f"predictions:{saved_in(live)}", **taken)
    ours, theirs = stored(live), stored(run)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[cell][0], theirs[cell][0]) for cell in ours)


def test_predictions_are_scored_by_the_region_of_their_images_alone(
    tree: Path, live: Run, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"severities": [3], "measure": ["miou"]}
    region: dict[str, Any] = {"region": "soiling:0.3", "seed": 3}
    part = evaluate(tree, tmp_path / "part", save=["labels"], **region, **given)
    choice = f"predictions:{saved_in(part)}"
    run = evaluate(tree, tmp_path / "run", choice, **region, **given)
    for cell, counts in stored(part).items():
        for ours, theirs in zip(counts, stored(run)[cell], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for model, options, words in (
        (choice, {}, r"--model predictions:.*: .* corrupted by --region soiling:0.3, as .*toml"),
        (choice, {**region, "region": "class:road"}, "corrupted by --region soiling:0.3, as"),
        (choice, {**region, "seed": 0}, "--seed 0: the drops on .* are those of --seed 3, as"),
        (f"predictions:{saved_in(live)}", region, "--region soiling:0.3: .* states no region"),
    ):
        with pytest.raises(InputError, match=words):
            evaluate(tree, tmp_path / "other", model, **options, **given)


def test_names_that_a_layout_makes_equal_are_refused(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a/1", "b/1"))
    few: dict[str, Any] = {"images": images, "labels": labels, "save": ["labels"], "data": None}
    with pytest.raises(InputError, match="maps of frames a/1 and b/1 would have one name; use br"):
        robustbench_seg.evaluate(MODEL, out=tmp_path / "run", save_layout="acdc", **FEW, **few)
    live = robustbench_seg.evaluate(MODEL, out=tmp_path / "live", **FEW, **few)
    few |= {"save": None, "out": tmp_path / "again"}
    run = robustbench_seg.evaluate(f"predictions:{saved_in(live)}", **FEW, **few)
    ours, theirs = stored(live), stored(run)
    assert all(np.array_equal(ours[cell][0], theirs[cell][0]) for cell in ours)


def test_a_resumed_run_saves_what_is_missing(tree: Path, live: Run, tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "evaluating" and done > 3:
            raise KeyboardInterrupt

    out = tmp_path / "run"
    both: dict[str, Any] = {"save": ["labels", "confidence"], "batch": 1}
    with pytest.raises(KeyboardInterrupt):
        evaluate(tree, out, progress=interrupt, **both)
    cut = Run.open(out)
    assert not cut.complete
    counted = len(stored(cut))
    assert len([*saved_in(cut).rglob("*.png")]) >= 2 * counted  # saved before it is counted
    lost = next(saved_in(cut).rglob("*_pred.png"))
    content = lost.read_bytes()
    lost.unlink()
    run = evaluate(tree, out, **both)
    assert lost.read_bytes() == content
    assert csv_of(run, "tidy") == csv_of(evaluate(tree, tmp_path / "whole", batch=1), "tidy")
    assert not [*out.rglob("*.partial")]
    for path in saved_in(live).rglob("*.png"):
        assert (saved_in(run) / path.relative_to(saved_in(live))).is_file()
    with pytest.raises(InputError, match="holds predictions that are saved in another way"):
        evaluate(tree, out, batch=1, save=["labels"], save_layout="cityscapes")


@pytest.mark.slow
def test_workers_save_and_read_alike(tree: Path, live: Run, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "devices": ["cpu", "cpu"],
        "threads": 1,
        "measure": MEASURES,
        "runtime": "torch",
    }
    run = evaluate(tree, tmp_path / "run", save=["labels", "confidence"], **options)
    again = evaluate(tree, tmp_path / "again", f"predictions:{saved_in(run)}", **options)
    ours, theirs = stored(run), stored(again)
    assert ours.keys() == theirs.keys() == stored(live).keys()
    assert all(np.array_equal(ours[cell][0], theirs[cell][0]) for cell in ours)


def test_a_full_disk_is_told_in_a_line(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes, within: Path | None = None) -> None:
        if path.suffix == ".png":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_file(path, content, within)

    monkeypatch.setattr(saving, "write_file", full)
    with pytest.raises(InputError, match=r"--save: .*_pred.png cannot be written \(No space left"):
        evaluate(tree, tmp_path / "run", save=["labels"])
    assert not stored(Run.open(tmp_path / "run"))


def broken(maps: Path, what: str) -> None:
    path = maps / "fog" / "3" / CITY / f"{name(1)}_leftImg8bit_pred.png"
    pixels = np.asarray(Image.open(path)).copy()
    if what == "folder":
        shutil.rmtree(maps / "fog" / "1")
    elif what == "missing":
        path.unlink()
    elif what == "extra":
        shutil.copy(path, path.with_name("other_000001_pred.png"))
    elif what == "twice":
        shutil.copy(path, path.with_name(f"{name(1)}.png"))
    elif what == "size":
        Image.fromarray(pixels[::2, ::2]).save(path)
    elif what == "range":
        pixels[3, 4] = 19
        Image.fromarray(pixels).save(path)
    elif what == "ignored":
        pixels[3, 4] = 255
        Image.fromarray(pixels).save(path)
    elif what == "damaged":
        path.write_bytes(path.read_bytes()[:60])
    elif what == "JPEG":
        Image.fromarray(pixels).save(path, "JPEG")
    elif what == "others":
        shutil.copy(path.with_name(path.name.replace(name(1), name(0))), path)
    elif what == "confidence":
        path.with_name(path.name.replace("_pred", "_conf")).unlink()
    elif what == "8-bit":
        Image.fromarray(pixels).save(path.with_name(path.name.replace("_pred", "_conf")))
    else:
        (maps / "predictions.toml").write_text(what)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("folder", "fog/1: no such folder; the predictions under fog 1 belong there"),
        ("missing", f"fog/3: no label map of frame {name(1)}; expected {name(1)}_leftImg8bit_pred"),
        ("extra", "other_000001_pred.png: belongs to no frame of the data; remove it"),
        ("twice", f"is a map of frame {name(1)}, and so is .*; remove one"),
        ("size", "has 64x32 pixels, and the label of its frame 128x64; save predictions at"),
        ("range", "_pred.png: holds 19, no class; the values of classes are 0-18; correct the map"),
        ("ignored", "_pred.png: holds 255, no class; the values of classes are 0-18"),
        ("damaged", "cannot be read as an image"),
        ("JPEG", "is a JPEG file, whose compression changes the classes"),
        ("confidence", f"{name(1)}_leftImg8bit_pred.png: has no confidence map, and others have"),
        ("8-bit", "a confidence map must be a grey PNG of 16 bits"),
        ("values = [1, 2]", "predictions.toml: values is .*; expected 19 different numbers"),
        ("values = 3", "predictions.toml: values is 3; expected 19 different numbers"),
        ("colors = 3", "predictions.toml: unknown key 'colors'; known are model, trained_on"),
        ("model = ", "predictions.toml: not TOML"),
        ("model = 3", "predictions.toml: model is 3; expected a text"),
        ('model = ".."', "predictions.toml: model is '..'; expected a name with letters"),
        ("region = 3", "predictions.toml: region is 3; expected a text"),
        ('region = "klass:road"', "predictions.toml: region klass:road: unknown; there are"),
        ("seed = -1", "predictions.toml: seed is -1; expected a whole number from 0"),
        (f'note = "{1001 * "a"}"', "expected a text of up to 1000 letters"),
        ('classes = ["road"]', "a model of 1 classes, where the labels of .* have 19"),
    ],
    ids=lambda text: text[:12],
)
def test_maps_that_cannot_be_scored_are_told_in_a_line(
    tree: Path, maps: Path, tmp_path: Path, what: str, message: str
) -> None:
    broken(maps, what)
    with pytest.raises(InputError, match=message) as caught:
        evaluate(tree, tmp_path / "run", f"predictions:{maps}", measure=MEASURES)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("what", ["damaged", "others"])
def test_a_map_that_changes_meanwhile_is_a_failure(
    tree: Path, maps: Path, tmp_path: Path, what: str
) -> None:
    def change(stage: str, done: int, total: int, note: str) -> None:
        if stage == "checking predictions" and done == total:
            broken(maps, what)

    run = evaluate(tree, tmp_path / "run", f"predictions:{maps}", progress=change)
    assert [str(failure.cell) for failure in run.failures] == [f"{MODEL} on {name(1)} under fog 3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"save": ["logits"]}, "--save logits: use labels, confidence, images"),
        ({"save_layout": "acdc"}, "--save-layout acdc: needs --save; add it"),
        ({"save": ["confidence"]}, f"--save confidence: {MODEL} gives labels alone; use --save"),
        ({"temperature": 2.0, "measure": MEASURES}, "--temperature: .* is saved predictions"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tree: Path, live: Run, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(tree, tmp_path / "run", f"predictions:{saved_in(live)}", **options)
