"""Small example pictures that a run keeps, so that a report can show frames without the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..label_types import LabelMap, ignored_label
from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..protocol.spec import Spec
from ..runs.pictures import (
    ERRORS,
    INPUT,
    PREDICTION,
    TRUTH,
    WRONG_PIXELS,
    Picture,
    error_map,
    has_own_colors,
    palette_png,
    pictured_frames,
    png,
)
from ..scores.counters import Prediction

_WIDTH = 512
_UNSURE, _SURE = np.array([[255, 225, 90], [170, 0, 38]], np.float32)
"""Colours of wrong pixels."""


def is_example(spec: Spec, cell: Cell) -> bool:
    """Whether example pictures of a cell are kept.

    Examples show a few frames clean, and under the conditions that the suite chooses.
    """
    shown = spec.suite.examples | {CLEAN.key}
    if cell.draw or (cell.condition, cell.severity) not in shown:
        return False
    return cell.frame in pictured_frames(spec)


def pictures_of(
    spec: Spec,
    cell: Cell,
    image: NDArray[np.uint8] | None,
    prediction: Prediction,
    label: LabelMap,
) -> list[Picture]:
    """Return PNGs, at most 512 pixels wide, of an image (H, W, 3) and two label maps (H, W).

    Only the first model has the labels and, of the first frame, the image, which is None if no
    model takes it: these are the same for all. Errors have a picture of their own where
    probabilities are known, and where the colours of the classes do not tell them all apart.
    """
    palette = np.zeros((ignored_label(label.dtype) + 1, 3), np.uint8)
    palette[: len(spec.classes)] = [info.color for info in spec.classes]
    maps = {PREDICTION: palette[prediction.labels]}
    shown = {}
    if cell.model == spec.models[0].name:
        maps[TRUTH] = palette[label]
        if image is not None and pictured_frames(spec)[cell.frame]:
            shown[INPUT] = png(_small(image, Image.Resampling.BOX))
    right, ignored = prediction.labels == label, label == ignored_label(label.dtype)
    if prediction.probabilities is not None:
        maps[ERRORS] = _by_confidence(right, ignored, prediction.probabilities.top)
    elif not has_own_colors(spec.classes):
        maps[WRONG_PIXELS] = error_map(right, ignored)
    for caption, pixels in maps.items():
        shown[caption] = palette_png(_small(pixels, Image.Resampling.NEAREST))
    return [Picture(cell, caption, content) for caption, content in shown.items()]


def _by_confidence(
    right: NDArray[np.bool_], ignored: NDArray[np.bool_], confidence: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) in which wrong pixels run from yellow to red by confidence."""
    sure = confidence[..., np.newaxis]  # (H, W, 1)
    wrong = np.rint(_UNSURE + sure * (_SURE - _UNSURE)).astype(np.uint8)  # (H, W, 3)
    return np.where((right | ignored)[..., np.newaxis], error_map(right, ignored), wrong)


def _small(pixels: NDArray[np.uint8], resampling: Image.Resampling) -> NDArray[np.uint8]:
    """Return an image (H, W, 3), shrunk to the width of an example if it is wider."""
    height, width = pixels.shape[:2]
    if width <= _WIDTH:
        return pixels
    size = _WIDTH, max(1, round(height * _WIDTH / width))
    return np.asarray(Image.fromarray(pixels).resize(size, resampling))
