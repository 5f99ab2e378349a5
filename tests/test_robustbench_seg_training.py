"""Training: a short schedule learns, and resumes to the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from robustbench_seg.datasets.augmentation import Augmentation
from robustbench_seg.datasets.streets import streets
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET
from robustbench_seg.models.registry import build
from robustbench_seg.training import CHECKPOINT, LOG, WEIGHTS, Recipe, train

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


def run(folder: Path, recipe: Recipe = RECIPE, stop_after: int | None = None) -> Path:
    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if done == stop_after:
            raise KeyboardInterrupt

    return train(
        build("b0", 19, seed=0),
        streets("train", limit=4, width=128, height=64),
        recipe,
        folder,
        preprocessing=IMAGENET,
        workers=0,
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
