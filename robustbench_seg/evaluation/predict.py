"""From images to label maps: preprocessing, window, precision, device.

The only place that knows devices.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ..errors import InputError
from ..models.base import Segmenter, Window

Precision = Literal["float32", "bf16", "fp16"]
DEVICES = ("cpu", "cuda", "mps")
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_device(device: str | None) -> str:
    """Return the device to use: the given one, else the first GPU, else the CPU."""
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.split(":")[0] not in DEVICES:
        raise InputError(f"--device {device}: unknown; use one of {', '.join(DEVICES)}")
    try:
        torch.zeros(1, device=device).item()
    # torch raises RuntimeError or AssertionError, by device and by how it was built.
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {device}: not usable here; use cpu or leave it out") from error
    return device


class Predictor:
    """A segmenter on a device, ready to label images."""

    def __init__(self, segmenter: Segmenter, device: str, precision: Precision, window: Window):
        self.segmenter = segmenter
        self.device = torch.device(device)
        self.precision = precision
        self.window = window
        self.network = segmenter.network.to(self.device).eval()

    @torch.inference_mode()
    def labels(self, images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (N, *size), for RGB uint8 (N, H, W, 3) images.

        Logits are upsampled bilinearly (align_corners = False) to `size`, (height, width) of the
        labels, then arg-maxed. Raises InputError where a model gives NaN or infinite logits.
        """
        with self._autocast():
            logits = self._logits(self._input(images))  # (N, K, h, w)
        if not torch.isfinite(logits).all():
            raise InputError(f"--model {self.segmenter.name}: gives NaN or infinite logits")
        labels = np.empty((len(images), *size), np.uint8)
        # One image at a time: the full-size logits are the largest array of an evaluation.
        for index in range(len(images)):
            full = F.interpolate(
                logits[index : index + 1].float(), size, mode="bilinear"
            )  # (1, K, *size)
            labels[index] = full[0].argmax(0).to(torch.uint8).cpu().numpy()  # (*size)
        return labels

    def _autocast(self) -> AbstractContextManager[None]:
        dtype = _AUTOCAST.get(self.precision)
        return torch.autocast(self.device.type, dtype, enabled=dtype is not None)

    def _input(self, images: NDArray[np.uint8]) -> torch.Tensor:
        preprocessing = self.segmenter.preprocessing
        pixels = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        x = preprocessing.normalise(pixels.permute(0, 3, 1, 2))  # (N, H, W, 3) -> (N, 3, H, W)
        if preprocessing.size is not None:
            x = F.interpolate(x, preprocessing.size, mode="bilinear")  # (N, 3, *size)
        return x

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        crop, stride = self.window.crop, self.window.stride
        if self.window.mode == "whole" or max(height, width) <= crop:
            return self._forward(x)
        # The sliding window of mmsegmentation, which the official evaluation uses: the last window
        # of a row or column is moved back inside the image.
        total = x.new_zeros((len(x), len(self.segmenter.classes), height, width))
        count = x.new_zeros((1, 1, height, width))
        for top in _window_starts(height, crop, stride):
            for left in _window_starts(width, crop, stride):
                window = x[:, :, top : top + crop, left : left + crop]
                logits = self._forward(window)
                area = (..., slice(top, top + crop), slice(left, left + crop))
                total[area] += F.interpolate(logits.float(), window.shape[2:], mode="bilinear")
                count[area] += 1
        return total / count

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(x)
        return logits[:, : len(self.segmenter.classes)]


def _window_starts(length: int, crop: int, stride: int) -> list[int]:
    last = max(length - crop, 0)
    return [min(start, last) for start in range(0, last + stride, stride)]
