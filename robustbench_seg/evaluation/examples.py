"""Small example pictures that a run keeps, so that a report can show frames without the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..inference.predict import resize_nearest
from ..label_types import LabelMap, ignored_label
from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..protocol.input_geometry import Size
from ..protocol.spec import Spec
from ..runs.pictures import (
    ERROR_COLORS,
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
_SURENESS = 253
"""Steps from unsure to sure."""
_BY_CONFIDENCE = np.vstack(
    [ERROR_COLORS, np.rint(np.linspace((255, 225, 90), (170, 0, 38), _SURENESS)).astype(np.uint8)]
)
"""Colours of an error map, and behind them those of wrong pixels from unsure to sure."""


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
    maps = {PREDICTION: (prediction.labels, palette)}
    shown = {}
    if cell.model == spec.models[0].name:
        maps[TRUTH] = label, palette
        if image is not None and pictured_frames(spec)[cell.frame]:
            shown[INPUT] = png(_small(image))
    right, ignored = prediction.labels == label, label == ignored_label(label.dtype)
    if prediction.probabilities is not None:
        errors = _by_confidence(right, ignored, prediction.probabilities.top)
        maps[ERRORS] = errors, _BY_CONFIDENCE
    elif not has_own_colors(spec.classes):
        maps[WRONG_PIXELS] = error_map(right, ignored), ERROR_COLORS
    for caption, (numbers, colors) in maps.items():
        shown[caption] = palette_png(resize_nearest(numbers, _size(numbers.shape)), colors)
    return [Picture(cell, caption, content) for caption, content in shown.items()]


def _by_confidence(
    right: NDArray[np.bool_], ignored: NDArray[np.bool_], confidence: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return the numbers (H, W) of `_BY_CONFIDENCE` for two masks and confidences (H, W)."""
    wrong = len(ERROR_COLORS) + np.rint((_SURENESS - 1) * confidence).astype(np.uint8)  # (H, W)
    return np.where(right | ignored, error_map(right, ignored), wrong)


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) in the size of an example."""
    height, width = _size(image.shape)
    shrunk = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
    return np.asarray(shrunk)


def _size(shape: tuple[int, ...]) -> Size:
    """Return the height and width of the example of an image: of a wide one, 512 pixels wide."""
    height, width = shape[:2]
    if width <= _WIDTH:
        return height, width
    return max(1, round(height * _WIDTH / width)), _WIDTH
