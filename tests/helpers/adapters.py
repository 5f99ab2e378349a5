"""Loading, running and comparing models of other projects, in tests of the adapters."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import IMAGENET, WHOLE, Preprocessing, Segmenter
from robustbench_seg.models.registry import load_model
from tests.helpers.foreign_models import Convolution

CLASSES = tuple(info.name for info in CITYSCAPES)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 61, 83, 3), np.uint8)
SIZE = (61, 83)


def open_model(choice: str) -> Segmenter:
    """Load a model for the classes of Cityscapes."""
    return load_model(choice, data="streets", classes=CLASSES)


def refusal(choice: str, *, weights: str | None = None) -> str:
    """Return the one-line error of a model that does not load."""
    with pytest.raises(InputError) as caught:
        load_model(choice, data="streets", weights=weights, classes=CLASSES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def failure(choice: str) -> str:
    """Return the one-line error of a model that loads but does not label images."""
    segmenter = open_model(choice)
    with pytest.raises(InputError) as caught:
        labels_of(segmenter)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def labels_of(segmenter: Segmenter) -> np.ndarray:
    """Label `IMAGES` by a model."""
    return Predictor(segmenter, "cpu", "float32", segmenter.window).labels(IMAGES, SIZE)


def expected_labels(
    network: Convolution, preprocessing: Preprocessing = IMAGENET, classes: int = 19
) -> np.ndarray:
    """Label `IMAGES` by a network in torch."""
    segmenter = Segmenter(
        "", network, preprocessing, WHOLE, CLASSES[:classes], "", dict[str, str]()
    )
    return labels_of(segmenter)


def assert_same(labels: np.ndarray, expected: np.ndarray) -> None:
    """Check that two label maps agree but for rounding."""
    assert len(np.unique(expected)) > 2
    assert np.mean(labels != expected) <= 1e-4
