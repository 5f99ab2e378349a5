"""Small example pictures that a run keeps, so that a report can show frames without the data."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..datasets.base import ClassInfo
from ..label_types import LabelMap, ignored_label
from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..protocol.spec import Spec
from ..runs.store import ERRORS, INPUT, PREDICTION, TRUTH, Picture
from ..scores.counters import Prediction

_WIDTH = 512
_UNSURE, _SURE = np.array([[255, 225, 90], [170, 0, 38]], np.float32)
_RIGHT = 225
"""Colours of wrong pixels, unsure and sure, and the grey of right ones."""


def is_example(spec: Spec, cell: Cell) -> bool:
    """Whether example pictures of a cell are kept.

    Examples show the first frame, of frames taken in several conditions the first of each: clean,
    and under the conditions that the suite chooses.
    """
    shown = spec.suite.examples | {CLEAN.key}
    if cell.draw or (cell.condition, cell.severity) not in shown:
        return False
    first = {frame.condition: frame.name for frame in reversed(spec.frames)}
    return cell.frame in first.values()


def pictures_of(
    cell: Cell,
    image: NDArray[np.uint8] | None,
    prediction: Prediction,
    label: LabelMap,
    classes: Sequence[ClassInfo],
) -> list[Picture]:
    """Return PNGs, at most 512 pixels wide, of an image (H, W, 3) and two label maps (H, W).

    None is an image that was not made, as no model takes it. Where probabilities are known, another
    shows the errors by the confidence in them.
    """
    palette = np.zeros((ignored_label(label.dtype) + 1, 3), np.uint8)
    palette[: len(classes)] = [info.color for info in classes]
    maps = {PREDICTION: palette[prediction.labels], TRUTH: palette[label]}
    if prediction.probabilities is not None:
        maps[ERRORS] = _errors(prediction.labels, label, prediction.probabilities.top)
    nearest = Image.Resampling.NEAREST
    shown = {} if image is None else {INPUT: _png(image, Image.Resampling.BOX)}
    shown |= {caption: _png(pixels, nearest) for caption, pixels in maps.items()}
    return [Picture(cell, caption, png) for caption, png in shown.items()]


def _errors(
    prediction: LabelMap, label: LabelMap, confidence: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return an image (H, W, 3): wrong pixels from yellow to red by confidence, ignored black."""
    sure = confidence[..., np.newaxis]  # (H, W, 1)
    colors = np.rint(_UNSURE + sure * (_SURE - _UNSURE))  # (H, W, 3)
    shown: NDArray[np.uint8] = colors.astype(np.uint8)
    shown[prediction == label] = _RIGHT
    shown[label == ignored_label(label.dtype)] = 0
    return shown


def _png(pixels: NDArray[np.uint8], resampling: Image.Resampling) -> bytes:
    picture = Image.fromarray(pixels)
    if picture.width > _WIDTH:
        height = max(1, round(picture.height * _WIDTH / picture.width))
        picture = picture.resize((_WIDTH, height), resampling)
    if resampling is Image.Resampling.NEAREST:
        picture = picture.convert("P", palette=Image.Palette.ADAPTIVE)
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
