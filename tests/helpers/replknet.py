"""RepLKNet's procedure for effective receptive fields, restated from its authors' publications.

X. Ding, X. Zhang, Y. Zhou, J. Han, G. Ding, J. Sun: Scaling Up Your Kernels to 31x31. CVPR 2022,
arXiv 2203.06717, and their scripts for it. Written anew, straightforward and slow: images are
resized to 1024x1024 by Pillow's bicubic filter, scaled to [0, 1] and normalised by ImageNet's mean
and deviation; one at a time, the rectified channels of the centre unit are summed, differentiated
with respect to the image, rectified, and summed over the colours. The maps
are averaged in float32. Of log10(average + 1), divided by its maximum, the first centred square of
side 3, 5, 7, ... that holds more than a share is found, with the share of the image that it covers;
there is none where it would be higher or wider than the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
SIZE = (1024, 1024)


def preprocess(image: NDArray[np.uint8], size: tuple[int, int] = SIZE) -> Tensor:
    """Return float32 (1, 3, H, W) of an RGB uint8 image."""
    height, width = size
    resized = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))
    normalised = (resized / 255.0 - MEAN) / STD  # (H, W, 3)
    return torch.from_numpy(normalised.astype(np.float32)).permute(2, 0, 1)[None]


def average_map(layer: Callable[[Tensor], Tensor], inputs: Iterable[Tensor]) -> NDArray[np.float32]:
    """Return the averaged contributions (H, W) to the centre unit of maps (1, C, h, w)."""
    maps = []
    for x in inputs:
        x = x.clone().requires_grad_(True)
        output = layer(x)
        centre = output[0, :, output.shape[2] // 2, output.shape[3] // 2]
        centre.clamp(min=0).sum().backward()
        assert x.grad is not None
        maps.append(x.grad[0].clamp(min=0).sum(0).numpy())
    average: NDArray[np.float32] = np.mean(np.stack(maps), axis=0, dtype=np.float32)
    return average


def squares(
    average: NDArray[np.float32], shares: Iterable[float]
) -> list[tuple[int, float] | None]:
    """Return the side of the square for each share, and the share of the image that it covers."""
    scores = np.log10(average + np.float32(1))
    scores = scores / scores.max()
    height, width = scores.shape
    total = scores.sum(dtype=np.float64)
    found: list[tuple[int, float] | None] = []
    for share in shares:
        found.append(None)
        for half in range(1, height // 2):
            top, left = height // 2 - half, width // 2 - half
            if top < 0 or left < 0:
                break
            side = 2 * half + 1
            inside = scores[top : top + side, left : left + side].sum(dtype=np.float64)
            if inside / total > share:
                found[-1] = (side, side / height * side / width)
                break
    return found
