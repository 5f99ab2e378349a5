"""From frames to a network's input: reading, resizing, normalising."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..corruptions import image_key
from ..datasets.base import Frame
from ..errors import InputError
from ..models.base import Segmenter
from ..progress import Progress
from .request import Size


class FrameFacts(NamedTuple):
    """Name of a frame, digest of its pixels, and its size (height, width)."""

    name: str
    key: str
    size: Size


def read_frames(frames: Sequence[Frame], progress: Progress) -> tuple[FrameFacts, ...]:
    """Read the image of every frame once: unreadable ones raise InputError before the long work."""
    facts = []
    for number, frame in enumerate(frames, start=1):
        image = frame.image()  # (H, W, 3)
        facts.append(FrameFacts(frame.name, image_key(image), (image.shape[0], image.shape[1])))
        progress("reading", number, len(frames), frame.name)
    return tuple(facts)


def common_input_size(
    segmenter: Segmenter, frames: Sequence[FrameFacts], size: Size | None
) -> Size:
    """Return the size (height, width) at which all frames enter a network.

    Raises InputError if they enter at several sizes: their gradients have no average.
    """
    sizes = {size or segmenter.preprocessing.input_size(frame.size): frame for frame in frames}
    if len(sizes) > 1:
        (one, first), (other, second), *_ = sizes.items()
        raise InputError(
            f"--size: {first.name} is {one[1]}x{one[0]} and {second.name} {other[1]}x{other[0]}, "
            "and maps of several sizes have no average; give one --size WIDTHxHEIGHT"
        )
    return next(iter(sizes))


def network_input(
    segmenter: Segmenter, images: Sequence[NDArray[np.uint8]], size: Size | None, device: str
) -> Tensor:
    """Return float32 (N, 3, *size) of RGB uint8 (H, W, 3) images.

    An explicit size resizes by Pillow's bicubic filter before normalisation, as RepLKNet does. The
    model's own size resizes as in evaluation: bilinearly, after normalisation.
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
