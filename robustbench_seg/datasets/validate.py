"""Validating a split before an evaluation: every file is read, all that is wrong is collected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Progress, silent
from .base import Dataset
from .frame_checks import check_pair
from .registry import DATASETS, default_name, find, open_dataset, registered


@dataclass(frozen=True)
class Check:
    """What a split holds. The counts are of the frames that can be evaluated."""

    dataset: Dataset
    problems: dict[str, list[str]]
    """Lines by kind; none where the split can be evaluated whole."""
    sizes: dict[tuple[int, int], int]
    """Frames by size, (width, height) in pixels, the most frequent first."""
    conditions: dict[str, int]
    """Frames by the condition that they were taken in, "" where there is none."""
    class_pixels: NDArray[np.int64]
    """(C,)."""
    class_frames: NDArray[np.int64]
    """In how many frames each class is, (C,)."""
    ignored_pixels: int


def check_dataset(
    data: str | None = None,
    split: str = "val",
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
    progress: Progress = silent,
) -> Check:
    """Read every frame of a split and return what it holds and all that is wrong with it.

    See `open_dataset` for the arguments. Raises InputError only where there is no split to look at.
    """
    problems: dict[str, list[str]] = {}
    of_folders = images is not None or labels is not None or classes is not None
    name = default_name(data)
    if not of_folders and (name == "streets" or (name in registered() and name not in DATASETS)):
        dataset = open_dataset(data, split)
    else:
        found = find(data, split, images=images, labels=labels, classes=classes)
        dataset = found.pairs()
        problems["images without a label"] = found.unlabelled
        problems["labels without an image"] = found.without_image
    bad: list[str] = []
    sizes: Counter[tuple[int, int]] = Counter()
    conditions: Counter[str] = Counter()
    pixels = np.zeros(len(dataset.classes), np.int64)
    frames_with = np.zeros_like(pixels)
    total = 0
    for done, frame in enumerate(dataset.frames, start=1):
        try:
            label = frame.label()
            of_classes = np.array(check_pair(frame.name, frame.image(), label, len(pixels)))
        except InputError as error:
            bad.append(str(error))
        else:
            sizes[label.shape[1], label.shape[0]] += 1
            conditions[frame.condition] += 1
            pixels += of_classes
            frames_with += of_classes > 0
            total += label.size
        progress("checking frames", done, len(dataset.frames), frame.name)
    problems["frames that cannot be evaluated"] = bad
    if total and not pixels.any():
        problems["labels"] = ["no frame has any labelled pixel"]
    return Check(
        dataset,
        {kind: lines for kind, lines in problems.items() if lines},
        dict(sizes.most_common()),
        dict(conditions),
        pixels,
        frames_with,
        total - int(pixels.sum()),
    )
