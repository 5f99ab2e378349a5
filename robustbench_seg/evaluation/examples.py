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
from ..runs.store import INPUT, PREDICTION, TRUTH, Picture

_WIDTH = 512


def is_example(spec: Spec, cell: Cell) -> bool:
    """Whether example pictures of a cell are kept.

    Examples show the first frame, of frames taken in several conditions the first of each: clean,
    and under the conditions that the suite chooses.
    """
    first = {frame.condition: frame.name for frame in reversed(spec.frames)}
    shown = spec.suite.examples | {CLEAN.key}
    return (
        cell.frame in first.values() and cell.draw == 0 and (cell.condition, cell.severity) in shown
    )


def pictures_of(
    cell: Cell,
    image: NDArray[np.uint8],
    prediction: LabelMap,
    label: LabelMap,
    classes: Sequence[ClassInfo],
) -> list[Picture]:
    """Return PNGs, at most 512 pixels wide, of an image (H, W, 3) and two label maps (H, W)."""
    palette = np.zeros((ignored_label(label.dtype) + 1, 3), np.uint8)
    palette[: len(classes)] = [info.color for info in classes]
    return [
        Picture(cell, INPUT, _png(image, Image.Resampling.BOX)),
        Picture(cell, PREDICTION, _png(palette[prediction], Image.Resampling.NEAREST)),
        Picture(cell, TRUTH, _png(palette[label], Image.Resampling.NEAREST)),
    ]


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
