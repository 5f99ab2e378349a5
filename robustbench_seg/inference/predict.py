"""From images to label maps: preprocessing, windows, precision, device."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError
from ..models.base import LabelFunction, Precision, Segmenter, Window
from ..protocol.input_geometry import NATIVE, InputView
from .upsample_argmax import axis, label_map

NOT_FINITE = "gives NaN or infinite logits"
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Predictor:
    """A segmenter on a device, ready to label images; `batch` inputs go through it together."""

    def __init__(
        self,
        segmenter: Segmenter,
        device: str,
        precision: Precision,
        window: Window,
        *,
        batch: int = 1,
        compiled: bool = False,
    ):
        self.segmenter = segmenter
        self.device = torch.device(device)
        self.precision = precision
        self.window = window
        self.batch = batch
        if isinstance(segmenter.network, nn.Module):
            segmenter.network.to(self.device).eval()
            if self.device.type == "cuda":
                segmenter.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
            if compiled:
                segmenter.network.compile()

    def labels(
        self, images: NDArray[np.uint8], size: tuple[int, int], view: InputView = NATIVE
    ) -> NDArray[np.uint8]:
        """Return the class of each pixel, uint8 (N, *size), for RGB uint8 (N, H, W, 3) images.

        Logits are upsampled bilinearly (align_corners = False) to `size`, (height, width) of the
        labels, then arg-maxed. Raises InputError where a model fails, or gives something else than
        finite logits, or labels, of its classes.
        """
        maps = self.finite_labels(images, size, view)
        if any(found is None for found in maps):
            raise self._error(NOT_FINITE)
        return np.stack([found for found in maps if found is not None])  # (N, *size)

    @torch.inference_mode()
    def finite_labels(
        self, images: NDArray[np.uint8], size: tuple[int, int], view: InputView = NATIVE
    ) -> list[NDArray[np.uint8] | None]:
        """Return what `labels` does, image by image: None for those without finite logits."""
        if not isinstance(self.segmenter.network, nn.Module):
            return [self._called(image, size) for image in images]  # N of (*size)
        x = self._input(images, view)  # (N, 3, H, W)
        height, width = x.shape[2:]
        window = view.window or self.window
        crop, stride = window.crop, window.stride
        if window.mode == "whole":
            crop = stride = max(height, width)
        tops, lefts = window_starts(height, crop, stride), window_starts(width, crop, stride)
        windows = torch.cat(
            [x[:, :, top : top + crop, left : left + crop] for top in tops for left in lefts]
        )  # (N, 3, H, W) -> (windows * N, 3, h', w')
        logits = torch.cat([self._logits(part) for part in windows.split(self.batch)])
        rows = axis(tops, windows.shape[2], height, logits.shape[2], size[0])
        columns = axis(lefts, windows.shape[3], width, logits.shape[3], size[1])
        of_windows = logits.unflatten(0, (-1, len(images)))  # (windows, N, K, h, w)
        finite = torch.isfinite(of_windows).transpose(0, 1).flatten(1).all(1)  # (N,)
        return [
            label_map(of_windows[:, index], rows, columns) if sound else None  # (*size)
            for index, sound in enumerate(finite.tolist())
        ]

    def _called(self, image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        function = cast(LabelFunction, self.segmenter.network)
        try:
            labels = np.asarray(function(image))
        except Exception as error:  # whatever a user's function raises
            raise self._failed(image.shape[:2], error) from error
        if labels.dtype.kind not in "iu" or labels.shape != image.shape[:2]:
            raise self._error(
                f"gives {labels.dtype} {labels.shape} for an image {image.shape}; expected a label "
                f"map, integers {image.shape[:2]}"
            )
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.segmenter.classes):
            raise self._error(
                f"gives labels from {labels.min()} to {labels.max()}; its classes are 0 to "
                f"{len(self.segmenter.classes) - 1}"
            )
        return nearest(labels.astype(np.uint8), size)

    def _input(self, images: NDArray[np.uint8], view: InputView) -> Tensor:
        preprocessing = self.segmenter.preprocessing
        if view.as_it_is:
            preprocessing = preprocessing.without_size()
        pixels = torch.from_numpy(np.require(images, requirements=["C", "W"])).to(self.device)
        x = preprocessing.normalise(pixels.permute(0, 3, 1, 2))  # (N, H, W, 3) -> (N, 3, H, W)
        size = preprocessing.input_size((images.shape[1], images.shape[2]))
        return (
            x if size == x.shape[2:] else F.interpolate(x, size, mode="bilinear")
        )  # (N, 3, *size)

    def _logits(self, x: Tensor) -> Tensor:
        """Return the classes' logits (n, K, h, w) for windows (n, 3, h', w')."""
        try:
            with self._autocast():
                logits = cast(nn.Module, self.segmenter.network)(x)
        except torch.OutOfMemoryError as error:
            raise self._error(
                f"{self.device} has too little memory for {len(x)} inputs of "
                f"{x.shape[3]}x{x.shape[2]} at once; use --batch 1, --window slide or fp16"
            ) from error
        except Exception as error:  # whatever a user's model raises
            raise self._failed((x.shape[2], x.shape[3]), error) from error
        outputs = len(self.segmenter.classes) + self.segmenter.spare_outputs
        if not isinstance(logits, Tensor) or logits.ndim != 4 or not logits.is_floating_point():
            given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise self._error(f"gives {given}; expected logits ({len(x)}, {outputs}, h, w)")
        if logits.shape[:2] != (len(x), outputs):
            raise self._error(
                f"gives logits {tuple(logits.shape)}; expected ({len(x)}, {outputs}, h, w), one "
                "channel for each class"
            )
        return logits[:, : len(self.segmenter.classes)]

    def _autocast(self) -> AbstractContextManager[None]:
        dtype = _AUTOCAST.get(self.precision)
        return torch.autocast(self.device.type, dtype, enabled=dtype is not None)

    def _failed(self, size: tuple[int, ...], error: Exception) -> InputError:
        said = str(error).strip().split("\n")[0]
        return self._error(
            f"fails on an input of {size[1]}x{size[0]} ({type(error).__name__}: {said})"
        )

    def _error(self, what: str) -> InputError:
        return InputError(f"--model {self.segmenter.name}: {what}")


def nearest(labels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a label map (h, w) at a size: at each pixel, the label that its centre lies on."""
    if labels.shape == size:
        return labels
    rows, columns = (
        (2 * np.arange(wanted) + 1) * given // (2 * wanted)
        for wanted, given in zip(size, labels.shape, strict=True)
    )
    resized: NDArray[np.uint8] = labels[rows[:, np.newaxis], columns]  # (h, w) -> size
    return resized


def window_starts(length: int, crop: int, stride: int) -> list[int]:
    """Return where windows begin along a side, in pixels, as in mmsegmentation's sliding window.

    The last is moved back inside the image.
    """
    last = max(length - crop, 0)
    return [min(start, last) for start in range(0, last + stride, stride)]
