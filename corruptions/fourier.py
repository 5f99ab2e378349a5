"""Fourier transform of planes of any size, with the same bits on every processor.

Sides that are powers of two are transformed after Cooley & Tukey (1965), others as convolutions
with a chirp after Bluestein (1970), for which such a transform serves.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .arrays import Float64
from .compiling import kernel
from .elementary import sine

COLUMNS, VALUES = 16, 2**16
"""Columns to transform at a time, fewer if they have more values than fit into the L2 cache."""


def inverse_transform(plane: Float64) -> None:
    """Replace a plane (2, H, W) by H W times its inverse transform, in place.

    The plane holds real and imaginary parts.
    """
    for columns in (plane, plane.transpose(0, 2, 1)):
        _transform_columns(columns, *_plan(columns.shape[1]))


@cache
def _plan(count: int) -> tuple[Float64, Float64, Float64]:
    """Return roots of unity (2, N / 2), a chirp (2, count) and its transform (2, N).

    N is the power of two to transform; the chirp is empty if that is `count`.
    """
    if count & (count - 1) == 0:
        return _roots(count), np.empty((2, 0)), np.empty((2, 0))
    size = 1 << (2 * count - 2).bit_length()
    squares = np.arange(count, dtype=np.int64) ** 2 % (2 * count)
    chirp = _unit(squares / (2.0 * count))
    spectrum = np.zeros((2, size, 1))
    spectrum[0, :count, 0], spectrum[1, :count, 0] = chirp[0], -chirp[1]
    spectrum[:, size - count + 1 :, 0] = spectrum[:, count - 1 : 0 : -1, 0]
    roots = _roots(size)
    _shuffle(spectrum)
    _butterflies(spectrum, roots, 1.0)
    return roots, chirp, spectrum[:, :, 0] / size


def _roots(count: int) -> Float64:
    """Return exp(2 pi i k / count) for k below half the count."""
    return _unit(np.arange(max(count // 2, 1)) / count)


def _unit(turns: Float64) -> Float64:
    """Return the cosines and the sines of angles (N,), (2, N)."""
    points = np.empty((2, turns.size))
    _fill_unit(turns, points)
    return points


@kernel
def _fill_unit(turns: Float64, points: Float64) -> None:
    """Write the cosines and the sines of angles (N,)."""
    for i in range(turns.size):
        points[0, i] = sine(turns[i] + 0.25)
        points[1, i] = sine(turns[i])


@kernel
def _transform_columns(plane: Float64, roots: Float64, chirp: Float64, spectrum: Float64) -> None:
    """Transform the columns of a plane (2, H, W), in place."""
    _, height, width = plane.shape
    size = max(spectrum.shape[1], height)
    columns = min(COLUMNS, max(VALUES // size, 2))
    for first in range(0, width, columns):
        count = min(columns, width - first)
        block = np.zeros((2, size, count))
        block[:, :height] = plane[:, :, first : first + count]
        if spectrum.size == 0:
            _shuffle(block)
            _butterflies(block, roots, 1.0)
        else:
            _multiply(block, chirp)
            _shuffle(block)
            _butterflies(block, roots, 1.0)
            _multiply(block, spectrum)
            _shuffle(block)
            _butterflies(block, roots, -1.0)
            _multiply(block, chirp)
        plane[:, :, first : first + count] = block[:, :height]


@kernel
def _multiply(block: Float64, factors: Float64) -> None:
    """Multiply the first rows of a block (2, N, M) by complex factors (2, K), in place."""
    for y in range(factors.shape[1]):
        cosine, sine = factors[0, y], factors[1, y]
        for x in range(block.shape[2]):
            real, imaginary = block[0, y, x], block[1, y, x]
            block[0, y, x] = real * cosine - imaginary * sine
            block[1, y, x] = real * sine + imaginary * cosine


@kernel
def _shuffle(block: Float64) -> None:
    """Move each row of a block (2, N, M), N a power of two, to its reversed bits, in place."""
    count = block.shape[1]
    other = 0
    for y in range(1, count):
        bit = count >> 1
        while other & bit:
            other ^= bit
            bit >>= 1
        other |= bit
        if y < other:
            for x in range(block.shape[2]):
                for part in range(2):
                    kept = block[part, y, x]
                    block[part, y, x] = block[part, other, x]
                    block[part, other, x] = kept


@kernel
def _butterflies(block: Float64, roots: Float64, sign: float) -> None:
    """Transform the shuffled columns of a block (2, N, M), N a power of two, in place."""
    _, count, width = block.shape
    half = 1
    while half < count:
        stride = count // (2 * half)
        for start in range(0, count, 2 * half):
            for k in range(half):
                cosine, sine = roots[0, k * stride], sign * roots[1, k * stride]
                above, below = start + k, start + k + half
                for x in range(width):
                    real = block[0, below, x] * cosine - block[1, below, x] * sine
                    imaginary = block[0, below, x] * sine + block[1, below, x] * cosine
                    block[0, below, x] = block[0, above, x] - real
                    block[1, below, x] = block[1, above, x] - imaginary
                    block[0, above, x] += real
                    block[1, above, x] += imaginary
        half *= 2
