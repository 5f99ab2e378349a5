"""Our corruptions and the package's: the same mIoU, on real frames with published weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg import evaluate
from robustbench_seg.corruptions import Implementation
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.metrics import iou

RANDOM = (
    *("motion_blur", "glass_blur"),
    *("gaussian_noise", "shot_noise"),
    *("snow", "spatter", "fog", "frost"),
)
"""One or more of each kind; those without chance are compared pixel by pixel elsewhere."""
SEVERITY = 3
RESAMPLES = 2000


@pytest.fixture
def halved(shared_data: Path, tmp_path: Path) -> Path:
    """Return the Cityscapes frames at 1024x512, of which corruptions cost a quarter."""
    tree, copy = shared_data / "data" / "cityscapes_mini", tmp_path / "halved"
    for pattern, resample in {
        "leftImg8bit/train/*/*.png": Image.Resampling.BOX,
        "gtFine/train/*/*_labelTrainIds.png": Image.Resampling.NEAREST,
    }.items():
        for path in tree.glob(pattern):
            target = copy / path.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.open(path).resize((1024, 512), resample).save(target)
    return copy


def matrices(
    tree: Path, weights: Path, folder: Path, implementation: Implementation
) -> dict[str, NDArray[np.int64]]:
    """Return the confusion matrices (frames, C, C) of ESPNet under each corruption."""
    evaluate(
        "espnet",
        data=tree,
        split="train",
        weights=weights,
        input_scale=0.5,
        corruptions=RANDOM,
        severities=[SEVERITY],
        implementation=implementation,
        out=folder,
    )
    found: dict[str, list[NDArray[np.int64]]] = {}
    with Store.open(folder) as store:
        for cell, matrix in store.matrices():
            found.setdefault(cell.condition, []).append(matrix)
    return {condition: np.stack(each) for condition, each in found.items()}


def scores(each: NDArray[np.int64], draws: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mIoU of resampled frames (R,), over the classes that all frames together have."""
    present = each.sum(axis=0).sum(axis=1) > 0
    # A class may be in none of the resampled frames, and predicted in none.
    return np.array([np.nanmean(iou(each[draw].sum(axis=0))[present]) for draw in draws])


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.openvino
def test_both_implementations_give_the_same_scores(
    tmp_path: Path, shared_data: Path, halved: Path
) -> None:
    weights = shared_data / "weights" / "espnet" / "espnet_p_2_q_8.pth"
    ours = matrices(halved, weights, tmp_path / "ours", "native")
    theirs = matrices(halved, weights, tmp_path / "theirs", "imagecorruptions")
    assert ours.keys() == theirs.keys()
    assert len(ours) == 1 + len(RANDOM)
    np.testing.assert_array_equal(ours["clean"], theirs["clean"])
    frames = len(ours["clean"])
    draws = np.random.default_rng(0).integers(0, frames, (RESAMPLES, frames))
    both = {name: (scores(ours[name], draws), scores(theirs[name], draws)) for name in ours}
    for name, (own, other) in both.items():
        low, high = np.quantile(own, (0.025, 0.975))
        assert low <= np.median(other) <= high, name
    # The frames are the same, so that the difference is known much better than either.
    difference = np.mean([own - other for own, other in both.values()], axis=0)
    low, high = np.quantile(difference, (0.025, 0.975))
    assert low <= 0 <= high
    assert max(-low, high) < 0.02
