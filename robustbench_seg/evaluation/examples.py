"""The few small pictures that a run keeps, so that a report can show frames without the data."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..datasets.base import ClassInfo
from ..protocol.spec import Spec
from ..protocol.suites.resolution import ResolutionSuite
from ..runs.store import Cell, Picture
from .condition import CLEAN

CAPTIONS = INPUT, PREDICTION, TRUTH = "input", "prediction", "ground truth"
_WIDTH = 512


def is_example(spec: Spec, cell: Cell) -> bool:
    """Whether pictures of a cell are kept.

    They are of the first frame: clean, and the first corruption of each category at severity 3,
    or at the strongest that is run below it; of resolutions, the lowest and the highest; of frames
    that were taken in several conditions, the first of each.
    """
    firsts_taken = {frame.condition: frame.name for frame in reversed(spec.frames)}
    if cell.frame not in firsts_taken.values() or cell.draw > 0:
        return False
    if spec.taken:
        return True
    if isinstance(spec.suite, ResolutionSuite):
        return cell.condition in (CLEAN, *spec.suite.extremes)
    firsts: dict[str, str] = {}
    for column in spec.suite.columns:
        firsts.setdefault(column.category, column.corruption)
    below = [severity for severity in spec.suite.severities if severity <= 3]
    severity = max(below) if below else min(spec.suite.severities)
    return cell.condition == CLEAN or (
        cell.condition in firsts.values() and cell.severity == severity
    )


def pictures_of(
    cell: Cell,
    image: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    label: NDArray[np.uint8],
    classes: Sequence[ClassInfo],
) -> list[Picture]:
    """Return PNGs, at most 512 pixels wide, of an image (H, W, 3) and two label maps (H, W)."""
    palette = np.zeros((256, 3), np.uint8)
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
