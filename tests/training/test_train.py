"""Training: a short schedule learns, and a resumed training ends with the same bytes."""

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

from robustbench_seg import api, cli
from robustbench_seg.datasets import registry
from robustbench_seg.datasets.base import ClassInfo, Dataset
from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET
from robustbench_seg.models.registry import build_model
from robustbench_seg.training import train as training
from robustbench_seg.training.recipe import Recipe
from robustbench_seg.training.train import CHECKPOINT, LOG, WEIGHTS, train
from robustbench_seg.writing import write_file
from tests.helpers.frames import write_camvid

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

    def label(self) -> LabelMap:
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
    # By tensor: the order of a safetensors file's metadata varies.
    ours, theirs = load_file(left), load_file(right)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


@pytest.mark.slow
def test_a_resumed_training_ends_with_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", stop_after=5)  # the last checkpoint is of step 3
    run(tmp_path / "cut")
    assert_same_weights(tmp_path / "cut" / WEIGHTS, tmp_path / "whole" / WEIGHTS)
    assert (tmp_path / "cut" / LOG).read_text() == (tmp_path / "whole" / LOG).read_text()


@pytest.mark.slow
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


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=1))
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path, replace(RECIPE, steps=1))


@pytest.mark.parametrize("content", [[1], {"recipe": 1}, {"step": 1}])
def test_a_foreign_checkpoint_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path)


def test_a_checkpoint_with_other_shapes_is_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=1))
    state = torch.load(tmp_path / CHECKPOINT)
    state["network"] = {name: value[:1] for name, value in state["network"].items() if value.ndim}
    torch.save(state, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match=f"{CHECKPOINT}: not a checkpoint"):
        run(tmp_path, replace(RECIPE, steps=1))


@pytest.mark.slow
def test_a_deleted_log_is_begun_anew_with_each_step_once(tmp_path: Path) -> None:
    for stop_after in (4, 5, 8):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, stop_after=stop_after)
        if stop_after == 4:
            (tmp_path / LOG).unlink()
    lines = (tmp_path / LOG).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "3", "4", "5", "6", "7"]


@pytest.mark.slow
@pytest.mark.parametrize("writer", ["save", "torch.save", "write_file"])
def test_a_checkpoint_exists_only_with_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    written: list[Path] = []

    def tear(*arguments: Any) -> None:
        if writer == "write_file" and not written:  # the header of the log
            written.append(arguments[0])
            write_file(*arguments)
            return
        raise KeyboardInterrupt

    recipe = replace(RECIPE, steps=1)
    with monkeypatch.context() as patch:
        patch.setattr(f"robustbench_seg.training.train.{writer}", tear)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "cut", recipe)
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {LOG}
    # What a process leaves that is killed while it writes.
    for name in (WEIGHTS, CHECKPOINT):
        (tmp_path / "cut" / f"{name}.partial").write_bytes(b"torn")
    run(tmp_path / "cut", recipe)
    run(tmp_path / "whole", recipe)
    assert_same_weights(tmp_path / "cut" / WEIGHTS, tmp_path / "whole" / WEIGHTS)
    left = {path.name for path in (tmp_path / "cut").iterdir()}
    assert left == {LOG, WEIGHTS, CHECKPOINT}


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
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


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        (PlainFrame("odd", 19), r"^odd: its label holds the values \[19\][^\n]*$"),
        (PlainFrame("odd", 0, label_width=32), r"^odd: its image is 64x32, its label 32x32[^\n]*$"),
    ],
)
def test_an_invalid_frame_is_named(
    tmp_path: Path, frame: PlainFrame, wrong: str, workers: int
) -> None:
    with pytest.raises(InputError, match=wrong):
        run(tmp_path, frame=frame, workers=workers)


@pytest.mark.slow
@dataclass(frozen=True)
class WideFrame(PlainFrame):
    """Labels of 16 bits: one class, and a column of ignored pixels."""

    def label(self) -> LabelMap:
        """As in `Frame`."""
        label = np.full((32, 64), self.value, np.uint16)
        label[:, 0] = 65535
        return label


@pytest.mark.slow
def test_more_classes_than_fit_into_8_bits(tmp_path: Path) -> None:
    classes = tuple(ClassInfo(str(number), (0, 0, 0), "") for number in range(300))
    frames = Dataset("many", "train", classes, [WideFrame("a", 299), WideFrame("b", 255)])
    network = build_model("b0", 300, seed=0)
    train(network, frames, replace(RECIPE, steps=1), tmp_path, preprocessing=IMAGENET, workers=0)
    loss = float((tmp_path / LOG).read_text().split(",")[-1])
    assert 4 < loss < 8  # log(300) = 5.7: neither the ignored pixels nor class 255 are left out


def test_frames_without_a_labelled_pixel_do_no_harm(tmp_path: Path) -> None:
    run(tmp_path, replace(RECIPE, steps=2), frame=PlainFrame("empty", 255))
    lines = (tmp_path / LOG).read_text().splitlines()[1:]
    assert [float(line.split(",")[2]) for line in lines] == [0, 0]


def test_an_infinite_loss_ends_the_training_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^step \d: [^\n]*lower --learning-rate"):
        run(tmp_path, replace(RECIPE, learning_rate=1e30, steps=3))
    assert [path.name for path in tmp_path.iterdir()] == [LOG]


def robustseg_train(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    command = ["robustseg", "train", "--data", "streets", *map(str, arguments)]
    monkeypatch.setattr("sys.argv", command)
    return cli.run()


def test_no_frames_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert robustseg_train(monkeypatch, "--limit", 0) == 2
    assert "--limit 0: must be a whole number, 1 or more" in capsys.readouterr().err


def test_ctrl_c_prints_which_checkpoint_is_kept(
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
    assert begun == "starting\nStopped. Nothing is kept; the same command begins again.\n"
    first = "Nothing is saved before step 50; the same command begins again."
    assert first in stopped(training, "train")
    folder.mkdir()
    (folder / CHECKPOINT).write_text("")
    expected = f"starting\nStopped. The last checkpoint is in {folder}; the same command resumes.\n"
    assert stopped(training, "train") == expected


@pytest.mark.posix
@pytest.mark.slow
def test_ctrl_c_stops_the_workers_without_a_traceback(tmp_path: Path) -> None:
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


@pytest.mark.slow
def test_results_do_not_depend_on_the_global_seed_of_torch(tmp_path: Path) -> None:
    torch.manual_seed(123)
    first = run(tmp_path / "a", replace(RECIPE, steps=2))
    torch.manual_seed(456)
    second = run(tmp_path / "b", replace(RECIPE, steps=2))
    assert_same_weights(first, second)


def test_a_list_of_frames_is_part_of_the_recipe(tmp_path: Path) -> None:
    root = write_camvid(tmp_path / "camvid")
    names = [frame.name for frame in registry.open_dataset(str(root)).frames]
    listed = tmp_path / "some.txt"
    listed.write_text(names[0])
    given: dict[str, Any] = {
        "data": root,
        "split": "val",
        "frames": listed,
        "steps": 1,
        "batch": 1,
        "crop": (32, 32),
        "out": tmp_path / "out",
        "device": "cpu",
        "workers": 0,
    }
    api.train("b0", **given)
    listed.write_text(names[1])
    with pytest.raises(InputError, match="another training, which differs in data"):
        api.train("b0", **given)
