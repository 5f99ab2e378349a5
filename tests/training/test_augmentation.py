"""Random resize, crop and flip."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_seg.training.augmentation import Augmentation


@pytest.mark.parametrize(("dtype", "void"), [(np.uint8, 255), (np.uint16, 65535)])
def test_augmentation_keeps_image_and_label_together(dtype: type, void: int) -> None:
    # Every channel of the image is the label itself, so a resize by 1 must keep them equal.
    label = np.random.default_rng(0).integers(0, 19, (40, 50), np.uint8)
    image = np.repeat(label[..., None], 3, axis=2)
    label = label.astype(dtype)
    exact = Augmentation((48, 32), (1.0, 1.0))
    flips = set()
    for seed in range(8):
        cropped, classes = exact(image, label, np.random.default_rng(seed))
        assert cropped.shape == (48, 32, 3)
        np.testing.assert_array_equal(cropped[:40, :, 0], classes[:40])
        assert classes.dtype == dtype
        assert (classes[40:] == void).all()
        flips.add(any((classes[:40] == label[:, left : left + 32]).all() for left in range(19)))
    assert flips == {True, False}


def test_augmentation_is_a_function_of_its_generator() -> None:
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (40, 50, 3), np.uint8)
    augment = Augmentation((32, 32), (0.5, 2.0))
    first, second = (augment(image, image[..., 0], np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
