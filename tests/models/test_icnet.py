"""ICNet against mmsegmentation.

The golden file was made with mmsegmentation 1.2.2 from its configuration `icnet_r18-d8_*`, with few
channels outside of the ResNet and 3 classes; the others give the networks of published sizes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, WHOLE
from robustbench_seg.models.resnet import BLOCKS
from tests.helpers.peer_logits import (
    difference,
    load_case,
    openvino_difference,
    read_golden,
    summary,
)

GOLDEN = read_golden("icnet_mmsegmentation.json")
CASE = GOLDEN["resnet18"]
NAME = "icnet-resnet18"


def test_published_sizes_have_the_tensors_of_mmsegmentation() -> None:
    for depth in BLOCKS:
        assert summary(f"icnet-resnet{depth}") == GOLDEN["networks"][f"icnet-resnet{depth}"]


@pytest.mark.slow
def test_logits_equal_those_of_mmsegmentation(tmp_path: Path) -> None:
    segmenter = load_case(tmp_path / "a.pth", NAME, CASE["shapes"], CASE["config"])
    assert (segmenter.preprocessing, segmenter.window) == (IMAGENET, WHOLE)
    assert segmenter.weights["note"] == ""
    for size in CASE["logits"]:
        assert difference(segmenter.network, CASE, size) < 5e-5
        assert openvino_difference(segmenter.network, CASE, size) < 5e-5


def test_other_functions_of_the_same_tensors_are_refused(tmp_path: Path) -> None:
    strides = "strides=( 1, 2, 1, 1, )"
    assert strides in CASE["config"]
    config = CASE["config"].replace(strides, "strides=(1, 2, 2, 1)")
    with pytest.raises(InputError, match=r"other\.pth: .*backbone_cfg\.strides = \(1, 2, 2, 1\)"):
        load_case(tmp_path / "other.pth", NAME, CASE["shapes"], config)
