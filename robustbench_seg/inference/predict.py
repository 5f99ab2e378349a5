"""Prediction: from images to label maps, with preprocessing, sliding windows and precision."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..label_types import LabelMap
from ..models.base import LabelFunction, Precision, Segmenter, Window
from ..protocol.input_geometry import NATIVE, InputView, Size
from ..scores.counters import Prediction
from .devices import device_kind
from .outputs import LARGEST_LOGIT, NOT_FINITE, call_error, check_labels, check_logits, output_error
from .runtimes.runtime import Run, UnsuitableError
from .upsample_argmax import AxisSampling, label_map, sample_axis
from .upsample_softmax import mean_logits, probability_maps
from .windows import WindowGrid, averaged, joined, window_grid

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Windows(NamedTuple):
    """Windows over N images."""

    windows: Tensor
    """Normalised pixels, float32 (windows * N, 3, h, w)."""
    grid: WindowGrid
    size: Size
    """Size of the input that the grid lies on."""


class _Upsampling(NamedTuple):
    """Logits of N images, and where the pixels of their label maps lie on them."""

    logits: Tensor
    """(windows, N, K, h, w)."""
    rows: AxisSampling
    columns: AxisSampling


@dataclass(frozen=True)
class Predictor:
    """A segmenter on a device that labels images; `batch` inputs go through it together."""

    segmenter: Segmenter
    device: str
    precision: Precision
    window: Window
    _: KW_ONLY
    batch: int = 1
    compiled: bool = False
    run: Run | None = None
    """What computes the logits in place of torch."""
    temperature: float = 1.0
    """Number that logits are divided by before the softmax."""

    def __post_init__(self) -> None:
        """Move the network to the device."""
        network = self.segmenter.network
        if isinstance(network, nn.Module):
            network.to(self.device).eval()
            if device_kind(self.device) == "cuda":
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
            if self.compiled:
                network.compile()

    def labels(self, images: NDArray[np.uint8], size: Size, view: InputView = NATIVE) -> LabelMap:
        """Return the class of each pixel, (N, *size), of RGB uint8 (N, H, W, 3) images.

        Logits are upsampled bilinearly (align_corners = False) to `size`, (height, width) of the
        labels, then arg-maxed. Raises InputError if the model fails, or returns other than finite
        logits, or labels, of its classes.
        """
        predictions = self._predict(images, size, view, None)
        if any(prediction is None for prediction in predictions):
            raise output_error(self.segmenter, NOT_FINITE)
        return np.stack([one.labels for one in predictions if one is not None])  # (N, *size)

    def predict(
        self,
        images: NDArray[np.uint8],
        truth: LabelMap,
        view: InputView = NATIVE,
        *,
        probabilities: bool = False,
    ) -> list[Prediction | None]:
        """Return the prediction of each image, None for those without finite logits.

        `truth` (H, W) is the label map of all images; predictions have its size. `probabilities`
        are those of the model's classes. They are None unless asked for, and where the model is a
        function that gives labels alone.
        """
        size = (truth.shape[0], truth.shape[1])
        return self._predict(images, size, view, truth if probabilities else None)

    @torch.inference_mode()
    def _predict(
        self, images: NDArray[np.uint8], size: Size, view: InputView, truth: LabelMap | None
    ) -> list[Prediction | None]:
        if not isinstance(self.segmenter.network, nn.Module):
            return [Prediction(self._call_function(image, size)) for image in images]
        found = self._upsampling(self.pixels(images), size, view)
        finite = (found.logits.float().abs() <= LARGEST_LOGIT).transpose(0, 1).flatten(1).all(1)
        predictions: list[Prediction | None] = []
        for index, is_finite in enumerate(finite.tolist()):
            if not is_finite:
                predictions.append(None)
                continue
            own = found.logits[:, index]  # (windows, K, h, w)
            labels, maps = label_map(own, found.rows, found.columns), None
            if truth is not None:
                maps = probability_maps(own, found.rows, found.columns, truth, self.temperature)
            predictions.append(Prediction(labels, maps))
        return predictions

    @torch.inference_mode()
    def logits_at(
        self,
        image: NDArray[np.uint8],
        size: Size,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        """Return the logits of an image (H, W, 3) where rows and columns of its label map meet.

        They are interpolated and averaged over windows as for `predict`, without the temperature:
        float32 (K, rows, columns). Raises InputError for a function that gives labels alone, and as
        `labels` does.
        """
        if not isinstance(self.segmenter.network, nn.Module):
            raise output_error(self.segmenter, "gives labels alone, without logits")
        found = self._upsampling(self.pixels(image[np.newaxis]), size, NATIVE)
        logits = found.logits[:, 0]  # (windows, 1, K, h, w) -> (windows, K, h, w)
        chosen = mean_logits(logits, found.rows.at(rows), found.columns.at(columns))
        if not bool((chosen.abs() <= LARGEST_LOGIT).all()):
            raise output_error(self.segmenter, NOT_FINITE)
        values: NDArray[np.float32] = chosen.cpu().numpy()
        return values

    def logits(self, pixels: Tensor, size: Size) -> Tensor:
        """Return the logits (K, *size) that `labels` compares, of RGB pixels (1, 3, H, W).

        Gradients flow through them to float32 pixels from 0 to 255, also through the preprocessing
        and windows. Raises InputError as `labels` does, but not for NaN and infinite logits.
        """
        found = self._upsampling(pixels, size, NATIVE)
        return mean_logits(found.logits[:, 0], found.rows, found.columns)

    def _upsampling(self, pixels: Tensor, size: Size, view: InputView) -> _Upsampling:
        windows, grid, (height, width) = self._windows(pixels, view)
        logits = joined([self._logits(part) for part in windows.split(self.batch)])
        logits = logits.unflatten(0, (-1, len(pixels)))  # (windows, N, K, h, w)
        corners = self.segmenter.align_corners
        # At the input's own size, logits averaged before or after they are resized are the same.
        if corners is not None and (corners or (height, width) != size):
            logits = averaged(logits, grid, (height, width), corners)  # (1, N, K, *input)
            grid = WindowGrid([0], [0], height, width)
        return _Upsampling(
            logits,
            sample_axis(grid.tops, grid.height, height, logits.shape[3], size[0], bool(corners)),
            sample_axis(grid.lefts, grid.width, width, logits.shape[4], size[1], bool(corners)),
        )

    def _call_function(self, image: NDArray[np.uint8], size: Size) -> LabelMap:
        height, width = image.shape[:2]
        try:
            output = cast(LabelFunction, self.segmenter.network)(image)
        except (Exception, SystemExit) as error:  # a user's function may raise any
            raise call_error(self.segmenter, (height, width), error) from error
        return resize_nearest(check_labels(self.segmenter, output, (height, width)), size)

    def windows(self, images: NDArray[np.uint8], view: InputView = NATIVE) -> Windows:
        """Return the windows of images, as the network takes them."""
        return self._windows(self.pixels(images), view)

    def pixels(self, images: NDArray[np.uint8]) -> Tensor:
        """Return RGB uint8 (N, H, W, 3) images on the device, as (N, 3, H, W)."""
        pixels = torch.from_numpy(np.require(images, requirements=["C", "W"])).to(self.device)
        return pixels.permute(0, 3, 1, 2)  # (N, H, W, 3) -> (N, 3, H, W)

    def _windows(self, pixels: Tensor, view: InputView) -> Windows:
        x = self._input(pixels, view)  # (N, 3, H, W)
        size = (x.shape[2], x.shape[3])
        grid = window_grid(view.window or self.window, size)
        parts = [
            x[:, :, top : top + grid.height, left : left + grid.width]
            for top in grid.tops
            for left in grid.lefts
        ]
        windows = joined(parts)  # (N, 3, H, W) -> (windows * N, 3, h', w')
        return Windows(windows, grid, size)

    def _input(self, pixels: Tensor, view: InputView) -> Tensor:
        preprocessing = self.segmenter.preprocessing
        if view.as_it_is:
            preprocessing = preprocessing.without_size()
        x = preprocessing.normalise(pixels)
        size = preprocessing.input_size((pixels.shape[2], pixels.shape[3]))
        return (
            x if size == x.shape[2:] else F.interpolate(x, size, mode="bilinear")
        )  # (N, 3, *size)

    def _logits(self, x: Tensor) -> Tensor:
        """Return the logits of the classes (n, K, h, w) for windows (n, 3, h', w')."""
        dtype = _AUTOCAST.get(self.precision) if self.run is None else None
        run = self.run or cast(nn.Module, self.segmenter.network)
        try:
            with torch.autocast(device_kind(self.device), dtype, enabled=dtype is not None):
                logits = run(x)
        except torch.OutOfMemoryError as error:
            raise output_error(
                self.segmenter,
                f"{self.device} has too little memory for {len(x)} inputs of "
                f"{x.shape[3]}x{x.shape[2]} at once; use --batch 1, --window slide or fp16",
            ) from error
        except UnsuitableError as error:
            raise output_error(self.segmenter, f"{error}; use --runtime torch") from error
        except (Exception, SystemExit) as error:  # a user's model may raise any
            raise call_error(self.segmenter, (x.shape[2], x.shape[3]), error) from error
        return check_logits(self.segmenter, logits, len(x))


def resize_nearest(labels: LabelMap, size: Size) -> LabelMap:
    """Resize a label map (h, w): each pixel gets the label that its centre lies on."""
    if labels.shape == size:
        return labels
    rows, columns = (
        (2 * np.arange(wanted) + 1) * given // (2 * wanted)
        for wanted, given in zip(size, labels.shape, strict=True)
    )
    resized: LabelMap = labels[rows[:, np.newaxis], columns]  # (h, w) -> size
    return resized
