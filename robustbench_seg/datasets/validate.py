"""`robustseg datasets check`: read every file of a split and collect all problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..corruptions.catalogue import REGISTRY
from ..errors import InputError
from ..progress import Progress, silent
from .base import Dataset
from .files import FileFrame
from .frame_checks import check_pair, ground_truth_problem
from .registry import find_split
from .split_index import SplitIndex


@dataclass(frozen=True)
class SplitReport:
    """The contents of a split; counts are those of the frames that can be evaluated."""

    dataset: Dataset
    problems: dict[str, list[str]]
    """Lines by kind; empty if the whole split can be evaluated."""
    sizes: dict[tuple[int, int], int]
    """Frames by size, (width, height) in pixels, the most frequent first."""
    conditions: dict[str, int]
    """Frames by the condition in which they were taken, "" if there is none."""
    class_pixels: NDArray[np.int64]
    """Pixels of each class, (C,)."""
    class_frames: NDArray[np.int64]
    """Frames that show each class, (C,)."""
    ignored_pixels: int
    turned: int
    """Images that are not stored upright, and turned as their EXIF orientation says."""
    unused: tuple[str, ...]
    """Files among the images that are no frame, a line each, which prevent nothing."""


def check_dataset(
    data: str | None = None,
    split: str = "val",
    *,
    images: str | Path | None = None,
    labels: str | Path | None = None,
    classes: str | Path | None = None,
    frames: str | Path | None = None,
    progress: Progress = silent,
) -> SplitReport:
    """Read every frame of a split and return its contents and all its problems.

    See `open_dataset` for the arguments. Raises InputError only if the split cannot be found.
    """
    problems: dict[str, list[str]] = {}
    found = find_split(data, split, images=images, labels=labels, classes=classes, frames=frames)
    if isinstance(found, SplitIndex):
        problems["images without a label"] = found.unlabelled
        problems["labels without an image"] = found.without_image
    dataset = found.pairs() if isinstance(found, SplitIndex) else found
    bad: list[str] = []
    sizes: Counter[tuple[int, int]] = Counter()
    conditions: Counter[str] = Counter()
    class_pixels = np.zeros(len(dataset.classes), np.int64)
    class_frames = np.zeros_like(class_pixels)
    total = turned = 0
    for done, frame in enumerate(dataset.frames, start=1):
        try:
            label = frame.label()
            pixels = np.array(check_pair(frame.name, frame.image(), label, len(class_pixels)))
        except InputError as error:
            bad.append(str(error))
        else:
            sizes[label.shape[1], label.shape[0]] += 1
            conditions[frame.condition] += 1
            class_pixels += pixels
            class_frames += pixels > 0
            total += label.size
            turned += isinstance(frame, FileFrame) and frame.turned
        progress("checking frames", done, len(dataset.frames), frame.name)
    problems["frames that cannot be evaluated"] = bad
    problems["sizes that a corruption cannot take"] = list(_too_long(sizes))
    if total:
        problem = ground_truth_problem(dataset.class_names, class_pixels.tolist(), total)
        problems["labels"] = [problem] * bool(problem)
    return SplitReport(
        dataset,
        {kind: lines for kind, lines in problems.items() if lines},
        dict(sizes.most_common()),
        dict(conditions),
        class_pixels,
        class_frames,
        total - int(class_pixels.sum()),
        turned,
        tuple(found.unused) if isinstance(found, SplitIndex) else (),
    )


def _too_long(sizes: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Yield a line for each corruption that cannot take frames of a size (width, height)."""
    for width, height in sizes:
        for corruption in REGISTRY.values():
            try:
                corruption.check_size(height, width)
            except InputError as error:
                yield str(error)
