"""From the logits of windows to a label map, without logits of the size of the image.

The definition: at each pixel of the label map, the logits of every window that covers it are
interpolated bilinearly (align_corners = False, as torch.nn.functional.interpolate does), summed,
and arg-maxed. Dividing by the number of windows would change no maximum.

The short way on a CPU: interpolation gives a mean of four neighbours, so a class that is the
largest at all four is the largest in between, and nothing needs to be interpolated there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corruptions.kernels.compiling import kernel


class Axis(NamedTuple):
    """How the pixels of one side of a label map lie on the logits of the windows."""

    low: NDArray[np.uint64]
    """Of each window and pixel, (windows, pixels): the number of the logit before it."""
    high: NDArray[np.uint64]
    """The number of the logit after it."""
    weight: NDArray[np.float32]
    """The weight of the latter, 0 to 1."""
    first: NDArray[np.int64]
    """Of each pixel, (pixels,): the first window that covers it."""
    last: NDArray[np.int64]
    """The last window that covers it."""


def axis(starts: Sequence[int], window: int, length: int, logits: int, pixels: int) -> Axis:
    """Lay out one side: where windows start on the network's input of a length, in pixels.

    All windows are of one length and have as many `logits`; the label map has `pixels`.
    """
    centres = (np.arange(pixels) + 0.5) * length / pixels  # (pixels,), on the network's input
    offsets = centres - np.array(starts)[:, np.newaxis]  # (windows, pixels)
    position = np.clip(offsets * logits / window - 0.5, 0, logits - 1)
    low = position.astype(np.uint64)
    covers = (offsets >= 0) & (offsets < window)
    return Axis(
        low,
        np.minimum(low + np.uint64(1), np.uint64(logits - 1)),
        (position - low).astype(np.float32),
        covers.argmax(axis=0),
        len(starts) - 1 - covers[::-1].argmax(axis=0),
    )


def label_map(logits: Tensor, rows: Axis, columns: Axis) -> NDArray[np.uint8]:
    """Return the class of each pixel, uint8 (H, W), for logits (windows, K, h, w) of one image.

    K is 255 at most. The windows are those of the first row of the image from left to right, then
    the next row's. On a CPU, as many threads work as torch has.
    """
    grid = logits.unflatten(0, (len(rows.low), len(columns.low)))  # (R, C, K, h, w)
    if logits.device.type != "cpu":
        return by_torch(grid, rows, columns)
    values = _padded(grid)
    tops = np.empty(values.shape[:-1], np.uint8)  # (R, C, h, w)
    labels = np.empty((rows.low.shape[1], columns.low.shape[1]), np.uint8)
    _in_parts(partial(_largest_of, values.reshape(-1, values.shape[-1]), tops.ravel()), tops.size)
    _in_parts(partial(_fill, values, tops, rows, columns, labels), len(labels))
    return labels


def _padded(grid: Tensor) -> NDArray[np.float32]:
    """Put the classes last and bring their number to one that fills whole SIMD registers."""
    rows, columns, classes, height, width = grid.shape
    shape = (rows, columns, height, width, -(-classes // 8) * 8)
    # Not minus infinity, which times a weight of 0 is not a number.
    values = np.full(shape, np.finfo(np.float32).min / 8, np.float32)
    torch.from_numpy(values)[..., :classes] = grid.permute(0, 1, 3, 4, 2)  # (R, C, h, w, K)
    return values


def _in_parts(work: partial[None], length: int) -> None:
    """Call work(begin, end) for as many parts of 0 to length as torch has threads."""
    threads = torch.get_num_threads()
    if threads == 1:
        work(0, length)
        return
    bounds = [length * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))


# Values here are finite, so a maximum may be taken in any order: eight at a time.
@numba.njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})  # type: ignore[untyped-decorator]
def _largest(values: Any) -> Any:
    """Return the number of the largest of values (K,); the first, of equal ones."""
    largest = values[0]
    for number in range(1, len(values)):
        largest = max(largest, values[number])
    first = np.int32(255)
    for number in range(len(values)):
        first = min(first, np.int32(number) if values[number] == largest else np.int32(255))
    return first


@kernel
def _largest_of(values: Any, tops: Any, begin: int, end: int) -> None:
    """Write the number of the largest of values (places, K) into tops (places,)."""
    for place in range(begin, end):
        tops[place] = _largest(values[place])


@kernel
def _fill(
    values: Any, tops: Any, rows: Axis, columns: Axis, labels: Any, begin: int, end: int
) -> None:
    """Write the rows `begin` to `end` of labels (H, W)."""
    width = labels.shape[1]
    agreed = np.empty(width, np.uint8)
    mixed = np.empty(width, np.uint64)
    count = 0
    total = np.empty((width, values.shape[-1]), np.float32)
    before, after = np.empty((2, values.shape[-1]), np.float32)
    for y in range(begin, end):
        covering = range(rows.first[y], rows.last[y] + 1)
        if y == begin or not _has_neighbours_of_the_row_above(rows, y):
            for row in covering:
                for column in range(len(columns.low)):
                    upper = tops[row, column, rows.low[row, y]]
                    lower = tops[row, column, rows.high[row, y]]
                    _agree(upper, lower, columns, column, row == rows.first[y], agreed)
            count = 0
            for x in range(width):
                mixed[count] = x
                count += agreed[x] == _MIXED
        labels[y] = agreed
        total[:count] = 0
        for row in covering:
            for column in range(len(columns.low)):
                upper = values[row, column, rows.low[row, y]]
                lower = values[row, column, rows.high[row, y]]
                below = rows.weight[row, y]
                _add(upper, lower, below, columns, column, mixed[:count], before, after, total)
        for number in range(count):
            labels[y, mixed[number]] = _largest(total[number])


_MIXED = np.uint8(255)  # no class has this number


@kernel
def _has_neighbours_of_the_row_above(rows: Axis, y: int) -> bool:
    if rows.first[y] != rows.first[y - 1] or rows.last[y] != rows.last[y - 1]:
        return False
    for row in range(rows.first[y], rows.last[y] + 1):
        if rows.low[row, y] != rows.low[row, y - 1] or rows.high[row, y] != rows.high[row, y - 1]:
            return False
    return True


@kernel
def _agree(
    upper: Any, lower: Any, columns: Axis, column: int, first_row: bool, agreed: Any
) -> None:
    """Write the class that is the largest at all four neighbours into agreed (W,), else _MIXED.

    upper and lower are the largest classes (w,) of two rows of a window's logits. What other
    windows wrote must agree too.
    """
    left, right = columns.low[column], columns.high[column]
    for x in range(len(agreed)):
        if columns.first[x] <= column <= columns.last[x]:
            top = upper[left[x]]
            same = (upper[right[x]] == top) & (lower[left[x]] == top) & (lower[right[x]] == top)
            first = first_row and column == columns.first[x]
            agreed[x] = top if same and (first or agreed[x] == top) else _MIXED


@kernel
def _add(
    upper: Any,
    lower: Any,
    below: Any,
    columns: Axis,
    column: int,
    mixed: Any,
    before: Any,
    after: Any,
    total: Any,
) -> None:
    """Add the logits at the pixels `mixed` (n,) of a row, in one window, to total (n, K).

    upper and lower are two rows (w, K) of its logits; before and after (K,) are for use here.
    """
    left, right = columns.low[column], columns.high[column]
    above = np.float32(1) - below
    held = -1
    for number in range(len(mixed)):
        x = mixed[number]
        if columns.first[x] <= column <= columns.last[x]:
            if left[x] != held:
                held = left[x]
                a, b = upper[left[x]], upper[right[x]]
                c, d = lower[left[x]], lower[right[x]]
                for channel in range(len(before)):
                    before[channel] = above * a[channel] + below * c[channel]
                    after[channel] = above * b[channel] + below * d[channel]
            weight = columns.weight[column, x]
            for channel in range(len(before)):
                total[number, channel] += (np.float32(1) - weight) * before[channel] + (
                    weight * after[channel]
                )


def by_torch(grid: Tensor, rows: Axis, columns: Axis) -> NDArray[np.uint8]:
    """Do the same with logits (R, C, K, h, w) where they are, at the size of the label map."""
    size = rows.low.shape[1], columns.low.shape[1]
    total = torch.zeros((grid.shape[2], *size), device=grid.device)  # (K, H, W)
    for row, column in np.ndindex(*grid.shape[:2]):
        x = _along(grid[row, column].float(), rows, row, 1)  # (K, h, w) -> (K, H', w)
        x = _along(x, columns, column, 2)  # (K, H', w) -> (K, H', W')
        total[:, _covered(rows, row), _covered(columns, column)] += x
    labels: NDArray[np.uint8] = total.argmax(0).to(torch.uint8).cpu().numpy()  # (H, W)
    return labels


def _along(x: Tensor, side: Axis, window: int, dimension: int) -> Tensor:
    part = _covered(side, window)
    low, high = (
        torch.from_numpy(numbers[window, part].astype(np.int64)).to(x.device)
        for numbers in (side.low, side.high)
    )
    weight = torch.from_numpy(side.weight[window, part]).to(x.device)
    shape = [-1 if index == dimension else 1 for index in range(3)]
    start = x.index_select(dimension, low)
    return start + (x.index_select(dimension, high) - start) * weight.view(shape)


def _covered(side: Axis, window: int) -> slice:
    covered = np.flatnonzero((side.first <= window) & (window <= side.last))
    return slice(int(covered[0]), int(covered[-1]) + 1)
