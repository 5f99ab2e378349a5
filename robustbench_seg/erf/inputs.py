"""From frames to what enters a network: condition, size, normalisation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from corruptions import corrupt, image_key
from corruptions.catalogue import find
from corruptions.checks import SEVERITIES

from ..datasets.base import Frame
from ..errors import InputError
from ..models.base import Segmenter
from ..progress import Progress

Size = tuple[int, int]


class Condition(NamedTuple):
    """What happens to an image before the model sees it: a corruption, or nothing."""

    corruption: str = ""
    severity: int = 0

    @property
    def name(self) -> str:
        """The corruption and its severity, as "fog 3"; "clean" for none."""
        return f"{self.corruption} {self.severity}" if self.corruption else "clean"

    def apply(self, image: NDArray[np.uint8], seed: int, key: str) -> NDArray[np.uint8]:
        """Return the image, uint8 (H, W, 3), at its native resolution."""
        if not self.corruption:
            return image
        return corrupt(image, self.corruption, self.severity, seed=seed, key=key)


def parse_condition(text: str) -> Condition:
    """Read "clean" or "fog:3"; InputError for anything else."""
    if text == "clean":
        return Condition()
    name, _, severity = text.partition(":")
    if not re.fullmatch("[0-9]", severity) or int(severity) not in SEVERITIES:
        raise InputError(
            f"--condition {text}: write clean, or a corruption and a severity of 1 to 5: fog:3"
        )
    try:
        find(name)
    except InputError as error:
        raise InputError(f"--condition {text}: {error}") from None
    return Condition(name, int(severity))


class FrameFacts(NamedTuple):
    """What is kept of a frame: its name, the digest of its pixels, its size."""

    name: str
    key: str
    size: Size


def read_all(frames: Sequence[Frame], progress: Progress) -> tuple[FrameFacts, ...]:
    """Read every frame once, so that one that cannot be read is told before the work."""
    facts = []
    for number, frame in enumerate(frames, start=1):
        image = frame.image()
        facts.append(FrameFacts(frame.name, image_key(image), (image.shape[0], image.shape[1])))
        progress("reading", number, len(frames), frame.name)
    return tuple(facts)


def input_size(segmenter: Segmenter, frames: Sequence[FrameFacts], size: Size | None) -> Size:
    """Return the size, (height, width), at which all frames enter a network.

    Raises InputError where they would enter at several: their gradients have no average.
    """
    sizes = {size or segmenter.preprocessing.input_size(frame.size): frame for frame in frames}
    if len(sizes) > 1:
        (one, first), (other, second), *_ = sizes.items()
        raise InputError(
            f"--size: {first.name} is {one[0]}x{one[1]} and {second.name} {other[0]}x{other[1]}, "
            "and maps of several sizes have no average; give one --size HEIGHTxWIDTH"
        )
    return next(iter(sizes))


def network_input(
    segmenter: Segmenter, images: Sequence[NDArray[np.uint8]], size: Size | None, device: str
) -> Tensor:
    """Return float32 (N, 3, *size) of RGB uint8 (H, W, 3) images.

    A size that is asked for is reached by Pillow's bicubic resampling before they are normalised,
    as RepLKNet does. The model's own size is reached as in evaluation: bilinearly, after.
    """
    if size is not None:
        images = [
            np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
            for image in images
        ]
    pixels = torch.from_numpy(np.stack(images)).to(device)  # (N, H, W, 3)
    x = segmenter.preprocessing.normalise(pixels.permute(0, 3, 1, 2))  # (N, 3, H, W)
    shape = (x.shape[2], x.shape[3])
    wanted = size or segmenter.preprocessing.input_size(shape)
    return x if wanted == shape else F.interpolate(x, wanted, mode="bilinear")  # (N, 3, *wanted)
