"""Bilinear upsampling fused with argmax: from the logits of windows to a label map.

Definition: at each pixel of the label map, the logits of every window that covers it are
interpolated bilinearly (align_corners = False, as torch.nn.functional.interpolate does), summed,
and arg-maxed. Dividing the sum by the number of windows would not change the argmax.

On a CPU, logits are never upsampled as a whole. An interpolated logit is a weighted mean of four
neighbours, so a class that is the argmax at all four is the argmax in between; only the other
pixels are interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..corruptions.compiling import compiled, kernel
from ..label_types import LabelMap, ignored_label, label_dtype

TOGETHER = 255
"""Most classes whose logits are upsampled together as a whole: 2 GiB at 2048x1024."""


class AxisSampling(NamedTuple):
    """Sampling positions along one side of a label map, on the logits of each window."""

    low: NDArray[np.uint64]
    """Index of the logit before each pixel, (windows, pixels)."""
    high: NDArray[np.uint64]
    """Index of the logit after it."""
    weight: NDArray[np.float32]
    """Weight of the logit after it, 0 to 1."""
    first: NDArray[np.int64]
    """First window that covers each pixel, (pixels,)."""
    last: NDArray[np.int64]
    """Last window that covers it."""

    def at(self, pixels: NDArray[np.intp]) -> AxisSampling:
        """Return the positions of some pixels, in rising order."""
        low, high = self.low[:, pixels], self.high[:, pixels]
        weight = self.weight[:, pixels]
        return AxisSampling(low, high, weight, self.first[pixels], self.last[pixels])


def sample_axis(
    starts: Sequence[int],
    window: int,
    length: int,
    logits: int,
    pixels: int,
    align_corners: bool = False,
) -> AxisSampling:
    """Return where the `pixels` of a label map's side sample the `logits` of each window.

    Windows of `window` input pixels begin at `starts` on a network input of `length` pixels. With
    `align_corners`, for logits at the input's pixels, the centres of the outermost pixels coincide.
    """
    centres = (np.arange(pixels) + 0.5) * length / pixels  # (pixels,), on the network's input
    if align_corners:
        centres = np.arange(pixels) * (length - 1) / max(pixels - 1, 1) + 0.5
    offsets = centres - np.array(starts)[:, np.newaxis]  # (windows, pixels)
    position = np.clip(offsets * logits / window - 0.5, 0, logits - 1)
    low = position.astype(np.uint64)
    covers = (offsets >= 0) & (offsets < window)
    return AxisSampling(
        low,
        np.minimum(low + np.uint64(1), np.uint64(logits - 1)),
        (position - low).astype(np.float32),
        covers.argmax(axis=0),
        len(starts) - 1 - covers[::-1].argmax(axis=0),
    )


def label_map(logits: Tensor, rows: AxisSampling, columns: AxisSampling) -> LabelMap:
    """Return the class of each pixel, (H, W), from logits (windows, K, h, w) of one image.

    Windows are in row-major order. On a CPU, torch's number of threads is used.
    """
    grid = logits.unflatten(0, (len(rows.low), len(columns.low)))  # (R, C, K, h, w)
    if logits.device.type != "cpu":
        return label_map_by_interpolation(grid, rows, columns)
    values = _classes_last(grid)  # (R, C, h, w, K)
    dtype = label_dtype(logits.shape[1])
    winners = np.empty(values.shape[:-1], dtype)  # (R, C, h, w)
    labels = np.empty((rows.low.shape[1], columns.low.shape[1]), dtype)
    no_class = dtype.type(ignored_label(dtype))
    cells = values.reshape(-1, values.shape[-1])  # (cells, K)
    in_threads(partial(_argmax_cells, cells, winners.ravel()), winners.size)
    in_threads(partial(_label_rows, values, winners, rows, columns, labels, no_class), len(labels))
    return labels


def label_map_by_interpolation(grid: Tensor, rows: AxisSampling, columns: AxisSampling) -> LabelMap:
    """Return the same from logits (R, C, K, h, w) by upsampling all of them, on their device."""
    classes = grid.shape[2]
    largest, labels = upsampled(grid[:, :, :TOGETHER], rows, columns).max(0)  # (H, W)
    for first in range(TOGETHER, classes, TOGETHER):
        part = grid[:, :, first : first + TOGETHER]
        values, places = upsampled(part, rows, columns).max(0)  # (H, W)
        labels = torch.where(values > largest, places + first, labels)
        largest = torch.maximum(values, largest)
    dtype = label_dtype(classes)
    kind = torch.uint8 if dtype == np.uint8 else torch.int32  # few operations take uint16
    found: LabelMap = labels.to(kind).cpu().numpy().astype(dtype, copy=False)
    return found


def upsampled(grid: Tensor, rows: AxisSampling, columns: AxisSampling) -> Tensor:
    """Upsample the logits of windows (R, C, K, h, w), and add them up: (K, H, W)."""
    size = rows.low.shape[1], columns.low.shape[1]
    total = torch.zeros((grid.shape[2], *size), device=grid.device)  # (K, H, W)
    for row, column in np.ndindex(*grid.shape[:2]):
        x = _interpolate(grid[row, column].float(), rows, row, 1)  # (K, h, w) -> (K, H', w)
        x = _interpolate(x, columns, column, 2)  # (K, H', w) -> (K, H', W')
        total[:, covered(rows, row), covered(columns, column)] += x
    return total


def _interpolate(x: Tensor, axis: AxisSampling, window: int, dimension: int) -> Tensor:
    pixels = covered(axis, window)
    low, high = (
        torch.from_numpy(index[window, pixels].astype(np.int64)).to(x.device)
        for index in (axis.low, axis.high)
    )
    weight = torch.from_numpy(axis.weight[window, pixels]).to(x.device)
    shape = [-1 if index == dimension else 1 for index in range(3)]
    start = x.index_select(dimension, low)
    return start + (x.index_select(dimension, high) - start) * weight.view(shape)


def covered(axis: AxisSampling, window: int) -> slice:
    """Return the pixels that a window covers."""
    places = np.flatnonzero((axis.first <= window) & (window <= axis.last))
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _classes_last(grid: Tensor) -> NDArray[np.float32]:
    """Move the classes last, padded to a multiple of 8 so that they fill SIMD registers."""
    rows, columns, classes, height, width = grid.shape
    shape = (rows, columns, height, width, -(-classes // 8) * 8)
    # Not minus infinity, which is NaN when multiplied by a weight of 0.
    values = np.full(shape, np.finfo(np.float32).min / 8, np.float32)
    torch.from_numpy(values)[..., :classes] = grid.permute(0, 1, 3, 4, 2)  # (R, C, h, w, K)
    return values


def in_threads(work: partial[None], length: int) -> None:
    """Call work(begin, end) on parts of 0 to length, on torch's number of threads."""
    threads = torch.get_num_threads()
    # Several for each thread: some take longer, and a thread may begin late.
    parts = 4 * threads if threads > 1 else 1
    bounds = [length * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


# All values are finite, so the maximum may be taken in any order: eight values at a time.
@partial(compiled, fastmath={"nnan", "nsz"})
def _argmax(values: Any) -> Any:
    """Return the index of the largest of values (K,), the first one of equal values."""
    largest = values[0]
    for number in range(1, len(values)):
        largest = max(largest, values[number])
    none = np.int32(2**31 - 1)
    first = none
    for number in range(len(values)):
        first = min(first, np.int32(number) if values[number] == largest else none)
    return first


@kernel
def _argmax_cells(values: Any, winners: Any, begin: int, end: int) -> None:
    """Write the argmax of values (cells, K) into winners (cells,)."""
    for cell in range(begin, end):
        winners[cell] = _argmax(values[cell])


@kernel
def _label_rows(
    values: Any,
    winners: Any,
    rows: AxisSampling,
    columns: AxisSampling,
    labels: Any,
    no_class: Any,
    begin: int,
    end: int,
) -> None:
    """Write the rows `begin` to `end` of labels (H, W); `no_class` is a value of their type."""
    width = labels.shape[1]
    agreed = np.empty_like(labels[0])  # (W,)
    undecided = np.empty(width, np.uint64)
    count = 0
    total = np.empty((width, values.shape[-1]), np.float32)
    left, right = np.empty((2, values.shape[-1]), np.float32)
    for y in range(begin, end):
        covering = range(rows.first[y], rows.last[y] + 1)
        if y == begin or not _same_neighbours_as_above(rows, y):
            for row in covering:
                for column in range(len(columns.low)):
                    upper = winners[row, column, rows.low[row, y]]
                    lower = winners[row, column, rows.high[row, y]]
                    _agree(upper, lower, columns, column, row == rows.first[y], no_class, agreed)
            count = 0
            for x in range(width):
                undecided[count] = x
                count += agreed[x] == no_class
        labels[y] = agreed
        total[:count] = 0
        for row in covering:
            for column in range(len(columns.low)):
                upper = values[row, column, rows.low[row, y]]
                lower = values[row, column, rows.high[row, y]]
                weight = rows.weight[row, y]
                _add(upper, lower, weight, columns, column, undecided[:count], left, right, total)
        for number in range(count):
            labels[y, undecided[number]] = _argmax(total[number])


@kernel
def _same_neighbours_as_above(rows: AxisSampling, y: int) -> bool:
    """Whether row y lies between the same rows of logits as row y - 1."""
    if rows.first[y] != rows.first[y - 1] or rows.last[y] != rows.last[y - 1]:
        return False
    for row in range(rows.first[y], rows.last[y] + 1):
        if rows.low[row, y] != rows.low[row, y - 1] or rows.high[row, y] != rows.high[row, y - 1]:
            return False
    return True


@kernel
def _agree(
    upper: Any,
    lower: Any,
    columns: AxisSampling,
    column: int,
    first_row: bool,
    no_class: Any,
    agreed: Any,
) -> None:
    """Write the class that wins at all four neighbours into agreed (W,), else `no_class`.

    upper and lower are the winners (w,) of two rows of a window's logits. Where several windows
    cover a pixel, the class must win in all of them.
    """
    low, high = columns.low[column], columns.high[column]
    for x in range(len(agreed)):
        if columns.first[x] <= column <= columns.last[x]:
            top = upper[low[x]]
            same = (upper[high[x]] == top) & (lower[low[x]] == top) & (lower[high[x]] == top)
            first = first_row and column == columns.first[x]
            agreed[x] = top if same and (first or agreed[x] == top) else no_class


@kernel
def _add(
    upper: Any,
    lower: Any,
    weight: Any,
    columns: AxisSampling,
    column: int,
    pixels: Any,
    left: Any,
    right: Any,
    total: Any,
) -> None:
    """Add one window's interpolated logits at the pixels (n,) of a row to total (n, K).

    upper and lower are two rows (w, K) of its logits, `weight` that of the lower; left and right
    (K,) are buffers.
    """
    low, high = columns.low[column], columns.high[column]
    upper_weight = np.float32(1) - weight
    buffered = -1
    for number in range(len(pixels)):
        x = pixels[number]
        if columns.first[x] <= column <= columns.last[x]:
            if low[x] != buffered:
                buffered = low[x]
                a, b = upper[low[x]], upper[high[x]]
                c, d = lower[low[x]], lower[high[x]]
                for channel in range(len(left)):
                    left[channel] = upper_weight * a[channel] + weight * c[channel]
                    right[channel] = upper_weight * b[channel] + weight * d[channel]
            right_weight = columns.weight[column, x]
            for channel in range(len(left)):
                total[number, channel] += (np.float32(1) - right_weight) * left[channel] + (
                    right_weight * right[channel]
                )
