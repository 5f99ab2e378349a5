"""Upsample logits and take their softmax at each pixel of a label map.

Definition: the logits of every window that covers a pixel are interpolated bilinearly, as for the
labels (`upsample_argmax`), averaged, divided by a temperature (Guo et al., ICML 2017), and their
softmax over the classes is taken in float32.

On a CPU, each row is upsampled class by class, and all additions go in the order of the classes
with an exponential and a logarithm of + - * / alone. So neither the processor nor the number of
threads changes a bit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..corruptions.compiling import kernel
from ..label_types import LabelMap
from ..scores.counters import Probabilities
from .upsample_argmax import TOGETHER, AxisSampling, covered, in_threads, upsampled

_ZERO, _ONE, _TWO = map(np.float32, (0, 1, 2))
_LEAST_LOGARITHM = np.finfo(np.float32).min
"""The logarithm of a probability of 0."""


def probability_maps(
    logits: Tensor, rows: AxisSampling, columns: AxisSampling, truth: LabelMap, temperature: float
) -> Probabilities:
    """Return the probabilities at each pixel from logits (windows, K, h, w) of one image.

    `truth` (H, W) may hold other values than the K classes, such as that of ignored pixels; the
    `log_truth` of these is 0. Logits are finite, and at most `outputs.LARGEST_LOGIT`. Windows are
    in row-major order. On a CPU, torch's number of threads is used.
    """
    grid = logits.unflatten(0, (len(rows.low), len(columns.low)))  # (R, C, K, h, w)
    if logits.device.type != "cpu":
        return probability_maps_by_interpolation(grid, rows, columns, truth, temperature)
    values = grid.float().contiguous().numpy()
    found = Probabilities(*(np.empty(truth.shape, np.float32) for _ in range(3)))
    slices = (covered(columns, column) for column in range(len(columns.low)))
    spans = np.array([(each.start, each.stop) for each in slices])  # (C, 2)
    scales = _window_counts(columns) * np.float32(temperature)  # (W,)
    places = truth.astype(np.int32)  # one type: compiled once
    work = partial(_softmax_rows, values, rows, columns, spans, scales, places, *found)
    in_threads(work, len(truth))
    return found


def probability_maps_by_interpolation(
    grid: Tensor, rows: AxisSampling, columns: AxisSampling, truth: LabelMap, temperature: float
) -> Probabilities:
    """Return the same from logits (R, C, K, h, w) by upsampling all of them, on their device."""
    wanted = torch.from_numpy(truth.astype(np.int64)).to(grid.device)  # (H, W)
    counts = np.outer(_window_counts(rows), _window_counts(columns))  # (H, W)
    scale = torch.from_numpy(counts).to(grid.device) * temperature
    largest = torch.full(truth.shape, -torch.inf, device=grid.device)  # (H, W)
    total, squares, found = (torch.zeros_like(largest) for _ in range(3))
    for first in range(0, grid.shape[2], TOGETHER):
        part = upsampled(grid[:, :, first : first + TOGETHER], rows, columns)  # (K', H, W)
        place = wanted - first
        inside = (place >= 0) & (place < len(part))
        own = part.gather(0, place.clamp(0, len(part) - 1)[None])[0]  # (K', H, W) -> (H, W)
        found = torch.where(inside, own, found)
        # What was summed of the classes before is scaled to the new largest logit.
        before, largest = largest, torch.maximum(largest, part.amax(0))
        shrink = ((before - largest) / scale).exp()
        exponentials = part.sub_(largest).div_(scale).exp_()
        total = total * shrink + exponentials.sum(0)
        squares = squares * shrink.square() + exponentials.square_().sum(0)
    power = (found - largest) / scale
    log_truth = (power - total.log()).clamp(min=float(_LEAST_LOGARITHM))
    brier = (squares / total.square() - 2 * power.exp() / total + 1).clamp(min=0)
    valid = wanted < grid.shape[2]
    parts = 1 / total, torch.where(valid, log_truth, 0), torch.where(valid, brier, 0)
    return Probabilities(*(part.cpu().numpy() for part in parts))


def mean_logits(logits: Tensor, rows: AxisSampling, columns: AxisSampling) -> Tensor:
    """Return the interpolated logits (K, H, W), averaged over windows, on their device.

    For few pixels, such as those of `AxisSampling.at`: all are in memory at once.
    """
    grid = logits.unflatten(0, (len(rows.low), len(columns.low)))  # (R, C, K, h, w)
    counts = np.outer(_window_counts(rows), _window_counts(columns))  # (H, W)
    return upsampled(grid, rows, columns) / torch.from_numpy(counts).to(grid.device)


def _window_counts(axis: AxisSampling) -> NDArray[np.float32]:
    """Return how many windows cover each pixel of a side."""
    return (axis.last - axis.first + 1).astype(np.float32)


@kernel
def _softmax_rows(
    values: Any,
    rows: AxisSampling,
    columns: AxisSampling,
    spans: Any,
    scales: Any,
    truth: Any,
    top: Any,
    log_truth: Any,
    brier: Any,
    begin: int,
    end: int,
) -> None:
    """Write the rows `begin` to `end` of the probabilities, from values (R, C, K, h, w)."""
    classes, width = values.shape[2], truth.shape[1]
    line = np.empty(values.shape[4], np.float32)
    logits = np.empty((classes, width), np.float32)
    largest, factors, total, total_squares = np.empty((4, width), np.float32)
    for y in range(begin, end):
        covering = rows.last[y] - rows.first[y] + 1
        for x in range(width):
            factors[x] = _ONE / (scales[x] * np.float32(covering))
        largest[:] = -np.inf
        for number in range(classes):
            logits[number] = 0
            for row in range(rows.first[y], rows.last[y] + 1):
                for column in range(len(columns.low)):
                    window = values[row, column, number]
                    upper, lower = window[rows.low[row, y]], window[rows.high[row, y]]
                    _blend(upper, lower, rows.weight[row, y], line)
                    first, last = spans[column]
                    _add_line(line, columns, column, first, last, logits[number])
            for x in range(width):
                largest[x] = max(largest[x], logits[number, x])
        total[:] = 0
        total_squares[:] = 0
        for number in range(classes):
            _add_exponentials(logits[number], largest, factors, total, total_squares)
        for x in range(width):
            top[y, x] = _ONE / total[x]
            brier[y, x] = total_squares[x] * (top[y, x] * top[y, x]) + _ONE
            total[x] = _logarithm(total[x])
        for x in range(width):
            if truth[y, x] < classes:
                power = (logits[truth[y, x], x] - largest[x]) * factors[x]
                log_truth[y, x] = max(power - total[x], _LEAST_LOGARITHM)
                brier[y, x] = max(brier[y, x] - _TWO * top[y, x] * _exponential(power), _ZERO)
            else:
                log_truth[y, x] = brier[y, x] = 0


@kernel
def _blend(upper: Any, lower: Any, weight: Any, line: Any) -> None:
    """Interpolate between two rows (w,) of logits into a line (w,)."""
    for x in range(len(line)):
        line[x] = (_ONE - weight) * upper[x] + weight * lower[x]


@kernel
def _add_line(
    line: Any, columns: AxisSampling, window: int, first: int, last: int, to: Any
) -> None:
    """Add a line (w,) of a window's logits to the pixels `first` to `last` of a row (W,)."""
    low, high, weight = columns.low[window], columns.high[window], columns.weight[window]
    for x in range(first, last):
        to[x] += (_ONE - weight[x]) * line[low[x]] + weight[x] * line[high[x]]


@kernel
def _add_exponentials(
    logits: Any, largest: Any, factors: Any, total: Any, total_squares: Any
) -> None:
    """Add the exponentials of one class's logits (W,) and their squares to the totals (W,)."""
    for x in range(len(total)):
        value = _exponential((logits[x] - largest[x]) * factors[x])
        total[x] += value
        total_squares[x] += value * value


# Beyond, the square of an exponential would be a denormal number, which is slow. It is less than
# the last digit of any sum here.
_LEAST_POWER = np.float32(-43)
_LOG2_E = np.float32(1.44269504)
# Adding it moves the binary point behind the last digit: it rounds to whole numbers.
_ROUNDING = np.float32(1.5 * 2**23)
# The logarithm of 2 in two parts, the first of few digits, so that multiples of it are exact.
_LOG_2 = np.float32(0.693359375)
_LOG_2_REST = np.float32(-2.12194440e-4)
_TERMS = tuple(
    map(np.float32, (1.98756915e-4, 1.39819995e-3, 8.33345191e-3, 4.16657959e-2, 1.66666655e-1))
)
_FIFTH, _FOURTH, _THIRD, _SECOND, _FIRST = _TERMS
_HALF = np.float32(0.5)


@kernel
def _exponential(power: np.float32) -> np.float32:
    """Return e to a power from `_LEAST_POWER`, below which it is taken, to 0.

    e^x = 2^n e^r with |r| <= log(2) / 2; the polynomial of r is that of Moshier's Cephes library.
    Its error is less than 2e-7 of the value.
    """
    power = max(power, _LEAST_POWER)
    halvings = (power * _LOG2_E + _ROUNDING) - _ROUNDING
    rest = power - halvings * _LOG_2 - halvings * _LOG_2_REST
    series = (((_FIFTH * rest + _FOURTH) * rest + _THIRD) * rest + _SECOND) * rest + _FIRST
    value = (series * rest + _HALF) * (rest * rest) + rest + _ONE
    scale = np.int32((np.int32(halvings) + np.int32(127)) << np.int32(23)).view(np.float32)
    result: np.float32 = value * scale
    return result


_ROOT_HALF_BITS = np.int32(0x3F3504F3)
_THIRDS, _FIFTHS, _SEVENTHS, _NINTHS = (np.float32(1 / number) for number in (3, 5, 7, 9))


@kernel
def _logarithm(value: np.float32) -> np.float32:
    """Return the natural logarithm of a value from 1.

    The value is 2^e m with m from sqrt(1/2) to sqrt(2), and log m = 2 (t + t^3/3 + t^5/5 ..) with
    t = (m - 1) / (m + 1).
    """
    bits = np.float32(value).view(np.int32)
    exponent = np.int32(np.int32(bits - _ROOT_HALF_BITS) >> np.int32(23))
    mantissa = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32)
    t = (mantissa - _ONE) / (mantissa + _ONE)
    square = t * t
    series = _ONE + square * (
        _THIRDS + square * (_FIFTHS + square * (_SEVENTHS + square * _NINTHS))
    )
    whole = np.float32(exponent)
    result: np.float32 = whole * _LOG_2 + (_TWO * t * series + whole * _LOG_2_REST)
    return result
