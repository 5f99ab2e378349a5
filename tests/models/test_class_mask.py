"""Models restricted to some of their classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import IMAGENET, WHOLE, Segmenter
from robustbench_seg.models.class_mask import restrict_classes


def test_a_restricted_model_has_only_the_kept_logits() -> None:
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 5, 1)
    whole = Segmenter("net", network, IMAGENET, WHOLE, tuple("abcd"), "x", spare_outputs=1)
    some = restrict_classes(whole, (3, 1))
    assert (some.classes, some.spare_outputs) == (("d", "b"), 0)
    assert isinstance(some.network, torch.nn.Module)
    x = torch.randn(2, 3, 4, 6)
    assert (some.network(x) == network(x)[:, [3, 1]]).all()
    assert restrict_classes(whole, range(4)) is whole


def test_a_model_of_labels_cannot_be_restricted() -> None:
    segmenter = Segmenter("labels", lambda _: np.zeros((1, 1)), IMAGENET, WHOLE, ("a", "b"), "x")
    with pytest.raises(InputError, match="labels gives labels and no logits; use wrong"):
        restrict_classes(segmenter, (1,))
