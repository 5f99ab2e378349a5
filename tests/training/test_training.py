"""Training: a short schedule learns, and resumes to the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from robustbench_seg import cli
from robustbench_seg.datasets import registry
from robustbench_seg.datasets.base import Dataset
from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET
from robustbench_seg.models.registry import build_model
from robustbench_seg.training import training
from robustbench_seg.training.augmentation import Augmentation
from robustbench_seg.training.training import CHECKPOINT, LOG, WEIGHTS, Recipe, train

RECIPE = Recipe(
    model="b0",
    data="streets",
    steps=8,
    batch=2,
    learning_rate=1e-3,
    warm_up=2,
    crop=(32, 64),
    resize=(0.8, 1.2),
)


@dataclass(frozen=True)
class PlainFrame:
    """A grey image whose label is one value everywhere."""

    name: str
    value: int
    label_width: int = 64
    group: str = ""
    condition: str = ""

    def image(self) -> NDArray[np.uint8]:
        """As in `Frame`."""
        return np.full((32, 64, 3), 128, np.uint8)

    def label(self) -> NDArray[np.uint8]:
        """As in `Frame`."""
        return np.full((32, self.label_width), self.value, np.uint8)


def run(
    folder: Path,
    recipe: Recipe = RECIPE,
    stop_after: int | None = None,
    frame: PlainFrame | None = None,
    workers: int = 0,
) -> Path:
    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if done == stop_after:
            raise KeyboardInterrupt

    scenes = streets("train", limit=4, width=128, height=64)
    return train(
        build_model("b0", 19, seed=0),
        scenes if frame is None else Dataset("plain", "train", CITYSCAPES, [frame]),
        recipe,
        folder,
        preprocessing=IMAGENET,
        workers=workers,
        checkpoint_every=3,
        progress=interrupt,
    )


def assert_same_weights(left: Path, right: Path) -> None:
    # Tensor by tensor: safetensors writes its metadata in any order.
    ours, theirs = load_file(left), load_file(right)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_resumed_training_ends_with_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", stop_after=5)  # the last checkpoint is of step 3
    run(tmp_path / "cut")
    assert_same_weights(tmp_path / "cut" / WEIGHTS, tmp_path / "whole" / WEIGHTS)
    assert (tmp_path / "cut" / LOG).read_text() == (tmp_path / "whole" / LOG).read_text()


def test_a_short_schedule_learns(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=30))
    lines = (tmp_path / LOG).read_text().splitlines()
    assert lines[0] == "step,learning_rate,loss"
    losses = [float(line.split(",")[2]) for line in lines[1:]]
    assert len(losses) == 30
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_another_recipe_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=1))
    with pytest.raises(InputError, match="differs in learning_rate, steps"):
        run(tmp_path, replace(RECIPE, steps=2, learning_rate=1.0))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run(tmp_path / "file")


def test_a_torn_checkpoint_is_named(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=1))
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path, replace(RECIPE, steps=1))


@pytest.mark.parametrize("content", [[1], {"recipe": 1}, {"step": 1}])
def test_a_checkpoint_of_others_is_named(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path)


def test_a_checkpoint_of_another_shape_is_named(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=1))
    state = torch.load(tmp_path / CHECKPOINT)
    state["network"] = {name: value[:1] for name, value in state["network"].items() if value.ndim}
    torch.save(state, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path, replace(RECIPE, steps=1))


def test_a_log_that_was_removed_begins_anew_with_each_step_once(tmp_path: Path) -> None:
    for stop_after in (4, 5, 8):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, stop_after=stop_after)
        if stop_after == 4:
            (tmp_path / LOG).unlink()
    lines = (tmp_path / LOG).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize(("writer", "torn"), [("save_file", WEIGHTS), ("torch.save", CHECKPOINT)])
def test_a_checkpoint_is_there_only_with_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, torn: str
) -> None:
    def tear(*arguments: Any) -> None:
        next(path for path in arguments if isinstance(path, Path)).write_bytes(b"torn")
        raise KeyboardInterrupt

    recipe = replace(RECIPE, steps=1)
    with monkeypatch.context() as patch:
        patch.setattr(f"robustbench_seg.training.training.{writer}", tear)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", recipe)
    left = {path.name for path in (tmp_path / "cut").iterdir()}
    assert f"{torn}.partial" in left
    assert not left & {WEIGHTS, CHECKPOINT}
    run(tmp_path / "cut", recipe)
    run(tmp_path / "whole", recipe)
    assert_same_weights(tmp_path / "cut" / WEIGHTS, tmp_path / "whole" / WEIGHTS)
    left = {path.name for path in (tmp_path / "cut").iterdir()}
    assert left == {LOG, WEIGHTS, CHECKPOINT}


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=2)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, recipe, stop_after=1)
    assert [path.name for path in tmp_path.iterdir()] == [LOG]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, recipe, stop_after=1)  # the log alone is of an interrupted training
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files; name a new folder"):
        run(tmp_path, recipe)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / LOG).write_bytes(b"\xffmine")
    with pytest.raises(InputError, match="holds other files; name a new folder"):
        run(tmp_path, recipe)
    assert (tmp_path / LOG).read_bytes() == b"\xffmine"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        (PlainFrame("odd", 19), r"^odd: its label holds the values \[19\][^\n]*$"),
        (PlainFrame("odd", 0, label_width=32), r"^odd: its image is 64x32, its label 32x32[^\n]*$"),
    ],
)
def test_a_frame_that_does_not_fit_is_named(
    tmp_path: Path, frame: PlainFrame, wrong: str, workers: int
) -> None:
    with pytest.raises(InputError, match=wrong):
        run(tmp_path, frame=frame, workers=workers)


def test_frames_without_a_labelled_pixel_do_no_harm(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=2), frame=PlainFrame("empty", 255))
    lines = (tmp_path / LOG).read_text().splitlines()[1:]
    assert [float(line.split(",")[2]) for line in lines] == [0, 0]


def test_a_loss_that_is_not_finite_ends_the_training_unsaved(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^step \d: [^\n]*lower --learning-rate"):
        run(tmp_path, replace(RECIPE, learning_rate=1e30, steps=3))
    assert [path.name for path in tmp_path.iterdir()] == [LOG]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"learning_rate": 0.0}, "--learning-rate 0.0"),
        ({"learning_rate": float("nan")}, "--learning-rate nan"),
        ({"learning_rate": float("inf")}, "--learning-rate inf"),
        ({"crop": (31, 64)}, "--crop 31 64: each side must be at least 32"),
        ({"model": "pspnet-resnet50", "batch": 1}, "--batch 1: pspnet-resnet50 pools whole"),
        ({"crop": (64, 0)}, "--crop 64 0"),
        ({"crop": (36, 64), "model": "espnet"}, "--crop 36 64: .* multiple of 8"),
    ],
)
def test_a_recipe_that_cannot_be_trained_is_refused(options: dict[str, Any], wrong: str) -> None:
    replace(RECIPE, crop=(36, 64))
    replace(RECIPE, crop=(40, 64), model="espnet")
    with pytest.raises(InputError, match=wrong):
        replace(RECIPE, **options)


def robustseg_train(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    command = ["robustseg", "train", "--data", "streets", *map(str, arguments)]
    monkeypatch.setattr("sys.argv", command)
    return cli.run()


def test_no_frames_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert robustseg_train(monkeypatch, "--limit", 0) == 2
    assert "--limit 0: must be a whole number, 1 or more" in capsys.readouterr().err


def test_ctrl_c_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "[bold]run"

    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    def stopped(place: Any, name: str, interrupted: Callable[..., None] = interrupt) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, interrupted)
            assert robustseg_train(patch, "--out", folder, "--steps", 50) == 130
        return capsys.readouterr().out

    begun = stopped(registry, "open_dataset")
    assert begun == "Stopped. Nothing is kept; the same command begins again.\n"
    first = "Nothing is saved before step 50; the same command begins again."
    assert first in stopped(training, "train")
    folder.mkdir()
    (folder / CHECKPOINT).write_text("")
    expected = f"Stopped. The last checkpoint is in {folder}; the same command resumes.\n"
    assert stopped(training, "train") == expected


def test_ctrl_c_stops_the_workers_too_without_a_trace(tmp_path: Path) -> None:
    options = ("--data", "streets", "--limit", "4", "--workers", "2")
    sizes = ("--crop", "32x32", "--batch", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "robustbench_seg", "train", *options, *sizes, "--out", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    log = tmp_path / LOG
    while process.poll() is None and not (log.exists() and log.read_text().count("\n") > 2):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Stopped. " in out


def test_learning_rate_warms_up_and_decays() -> None:
    recipe = Recipe(model="b0", data="streets", steps=1000, learning_rate=1.0, warm_up=10)
    assert recipe.rate(0) == pytest.approx(0.1)
    assert recipe.rate(500) == pytest.approx(0.5)
    assert recipe.rate(999) == pytest.approx(0.001)


def test_augmentation_keeps_image_and_label_together() -> None:
    # Every channel of the image is the label itself, so a resize by 1 must keep them equal.
    label = np.random.default_rng(0).integers(0, 19, (40, 50), np.uint8)
    image = np.repeat(label[..., None], 3, axis=2)
    exact = Augmentation((48, 32), (1.0, 1.0))
    flips = set()
    for seed in range(8):
        cropped, classes = exact(image, label, np.random.default_rng(seed))
        assert cropped.shape == (48, 32, 3)
        np.testing.assert_array_equal(cropped[:40, :, 0], classes[:40])
        assert (classes[40:] == 255).all()
        flips.add(any((classes[:40] == label[:, left : left + 32]).all() for left in range(19)))
    assert flips == {True, False}


def test_augmentation_is_a_function_of_its_generator() -> None:
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (40, 50, 3), np.uint8)
    augment = Augmentation((32, 32), (0.5, 2.0))
    first, second = (augment(image, image[..., 0], np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_training_leaves_the_default_generator_of_torch_to_its_seed(tmp_path: Path) -> None:
    torch.manual_seed(123)
    first = run(tmp_path / "a", replace(RECIPE, steps=2))
    torch.manual_seed(456)
    second = run(tmp_path / "b", replace(RECIPE, steps=2))
    assert_same_weights(first, second)
