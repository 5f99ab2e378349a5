"""The contract of every model, ours or third-party, as the evaluation uses it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import Segmenter

ODD_SIZES = ((33, 47), (101, 67))


def assert_contract(segmenter: Segmenter, classes: Sequence[str]) -> None:
    """Check labels: shape, type, classes, determinism, odd sizes, batches like single images."""
    assert segmenter.name
    assert segmenter.trained_on
    assert len(segmenter.classes) == len(classes)
    assert {"source", "sha256", "licence", "note"} <= segmenter.weights.keys()
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    for size in ODD_SIZES:
        images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
        given = images.copy()
        labels = predictor.labels(images, size)
        assert np.array_equal(images, given)
        assert labels.dtype == np.uint8
        assert labels.shape == (2, *size)
        assert labels.max() < len(classes)
        assert len(np.unique(labels)) > 1
        assert np.array_equal(predictor.labels(images, size), labels)
        single = np.concatenate([predictor.labels(image[np.newaxis], size) for image in images])
        assert np.mean(single != labels) <= 1e-5
        if isinstance(
            segmenter.network, nn.Module
        ):  # a function gives labels only at the image's size
            assert predictor.labels(images[:1], (20, 31)).shape == (1, 20, 31)
