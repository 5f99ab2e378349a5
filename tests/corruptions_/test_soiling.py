"""Masks of soiled lenses: how much they cover, their edges, and that they stay as they are."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from robustbench_seg.corruptions.soiling import soiling


@pytest.mark.parametrize("covered", [0.001, 0.05, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("size", [(96, 192), (70, 31)])
def test_a_mask_covers_what_was_asked(size: tuple[int, int], covered: float) -> None:
    mask = soiling(*size, covered, 3)
    assert mask.shape == size
    assert np.count_nonzero(mask) == pytest.approx(covered * mask.size, abs=1)


def test_the_smallest_images_have_masks() -> None:
    assert soiling(1, 1, 0.5, 0).shape == (1, 1)
    assert np.count_nonzero(soiling(1, 40, 0.5, 0)) == 20
    assert np.count_nonzero(soiling(1, 40, 0.6 / 40, 0)) == 1
    assert not soiling(1, 40, 0.4 / 40, 0).any()


def test_drops_have_smooth_edges_and_different_opacity() -> None:
    mask = soiling(384, 768, 0.3, 1)
    assert mask.max() == 255
    steps = [np.abs(np.diff(mask.astype(int), axis=axis)).max() for axis in (0, 1)]
    assert max(steps) < 128
    drops, number = ndimage.label(mask > 0)
    highest = ndimage.maximum(mask, drops, range(1, number + 1))
    assert number > 5
    assert min(highest) < 200


def test_masks_stay_as_they_are() -> None:
    digest = hashlib.sha256()
    for seed in range(5):
        digest.update(soiling(64, 96, 0.3, seed).tobytes())
    assert digest.hexdigest()[:16] == "5dfb87b699b972aa"
    assert (soiling(64, 96, 0.3, 0) != soiling(64, 96, 0.3, 1)).any()
