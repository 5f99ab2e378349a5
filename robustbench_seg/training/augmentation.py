"""Augmented samples for training: frames at a random size, cropped and flipped, endlessly."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from ..datasets.base import Dataset as Frames
from ..datasets.frame_checks import check_pair
from ..errors import InputError
from ..label_types import LabelMap, ignored_label

_CACHE_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Augmentation:
    """A random resize by a factor, a random crop (height, width) and a random flip.

    An image that is then smaller than the crop is padded with black, its label as ignored.
    """

    crop: tuple[int, int]
    resize: tuple[float, float]

    def __call__(
        self, image: NDArray[np.uint8], label: LabelMap, random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], LabelMap]:
        """Return image (H, W, 3) and label (H, W) of the crop's size, of the same types."""
        factor = random.uniform(*self.resize)
        size = tuple(max(1, round(side * factor)) for side in label.shape[::-1])
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        label = np.asarray(Image.fromarray(label).resize(size, Image.Resampling.NEAREST))
        (height, width), (rows, columns) = label.shape, self.crop
        top = int(random.integers(0, max(height - rows, 0) + 1))
        left = int(random.integers(0, max(width - columns, 0) + 1))
        area = (slice(top, top + rows), slice(left, left + columns))
        below, right = max(rows - height, 0), max(columns - width, 0)
        image = np.pad(image[area], ((0, below), (0, right), (0, 0)))
        label = np.pad(
            label[area], ((0, below), (0, right)), constant_values=ignored_label(label.dtype)
        )
        if random.random() < 0.5:
            image, label = image[:, ::-1], label[:, ::-1]
        return np.ascontiguousarray(image), np.ascontiguousarray(label)


class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Endless augmented samples; sample i is a function of (seed, i) alone.

    Raises InputError for a frame that cannot be read or whose label is invalid.
    """

    def __init__(self, frames: Frames, augment: Augmentation, seed: int):
        self._frames = frames.frames
        self._classes = len(frames.classes)
        self._augment = augment
        self._seed = seed
        self._cache: dict[int, tuple[NDArray[np.uint8], LabelMap]] = {}
        self._cached_bytes = 0

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return an image, uint8 (3, H, W), and its label, (H, W), of the crop's size."""
        epoch, position = divmod(index, len(self._frames))
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._frames))
        image, label = self._read(int(order[position]))
        random = np.random.default_rng((self._seed, 1, index))
        image, label = self._augment(image, label, random)
        return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(label)  # (3, H, W)

    def _read(self, index: int) -> tuple[NDArray[np.uint8], LabelMap]:
        if index in self._cache:
            return self._cache[index]
        frame = self._frames[index]
        pair = frame.image(), frame.label()
        check_pair(frame.name, *pair, self._classes)
        size = sum(array.nbytes for array in pair)
        if self._cached_bytes + size <= _CACHE_BYTES:
            self._cache[index] = pair
            self._cached_bytes += size
        return pair


def batches(
    samples: Samples, indices: range, size: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the samples of these indices in batches, prefetched by worker processes (0: none).

    Images are uint8 (N, 3, H, W), labels uint8 or uint16 (N, H, W). Raises InputError as `Samples`
    does.
    """
    try:
        yield from DataLoader(
            Subset(samples, indices),
            batch_size=size,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=_leave_interrupts_to_the_main_process,
        )
    except InputError as error:
        # A worker's error comes as text: a traceback that ends with the message.
        raise InputError(str(error).strip().splitlines()[-1].split("InputError: ")[-1]) from error


def _leave_interrupts_to_the_main_process(_worker: int) -> None:
    # Ctrl-C reaches every process of a terminal; the main one then stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Errors of samples reach the main process as results. This would only print that the main
    # process, when it stops, closes its connection to the thread that hands over batches.
    sys.excepthook = lambda *_: None
