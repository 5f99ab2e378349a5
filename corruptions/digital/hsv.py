"""Brightness and saturate: the value, or the saturation, of a colour is changed in HSV.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), with the severities of Michaelis et al.'s package `imagecorruptions`.

They hold no chance, and give that package's pixels to the bit: as there, a result between two
grey levels is cut off, not rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import kernel

BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""By severity: what is added to the value V, which goes from 0 to 1."""

SATURATE = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))
"""By severity: the factor of the saturation S, which goes from 0 to 1, and what is then added."""

BLOCK = 512
"""Pixels at a time; their three float64 planes stay in a processor's nearest cache."""


def brightness(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the image, RGB uint8 (H, W, 3), with V = clip(V + c, 0, 1) in HSV."""
    result = np.array(image, order="C")
    _change_in_hsv(result.reshape(-1), 1.0, 0.0, 1.0, BRIGHTNESS[severity - 1])
    return result


def saturate(image: NDArray[np.uint8], severity: int, _stream: int) -> NDArray[np.uint8]:
    """Return the image, RGB uint8 (H, W, 3), with S = clip(a S + b, 0, 1) in HSV."""
    result = np.array(image, order="C")
    factor, added = SATURATE[severity - 1]
    _change_in_hsv(result.reshape(-1), factor, added, 1.0, 0.0)
    return result


@kernel
def _change_in_hsv(
    pixels: NDArray[np.uint8],
    saturation_factor: float,
    saturation_added: float,
    value_factor: float,
    value_added: float,
) -> None:
    """Take S and V of pixels (3 N,), in HSV, through clip(factor x + added, 0, 1).

    Each operation is that of scikit-image's rgb2hsv and hsv2rgb, in the same order and in float64,
    so every rounding is too. What is faster is that a block goes through all steps before the
    next one starts, and that each step is a short loop over planes, which compilers turn into
    vector instructions. Factor 1 and added 0 change no bit of a number from 0 to 1.
    """
    planes = np.empty((3, BLOCK))
    for start in range(0, pixels.size, 3 * BLOCK):
        block = pixels[start : start + 3 * BLOCK]
        count = block.size // 3
        first, second, third = planes[0, :count], planes[1, :count], planes[2, :count]
        _split(block, first, second, third)
        _rgb_to_hsv(first, second, third)
        _scale(second, saturation_factor, saturation_added)
        _scale(third, value_factor, value_added)
        _hsv_to_rgb(first, second, third)
        _merge(first, second, third, block)


@kernel
def _split(
    pixels: NDArray[np.uint8],
    red: NDArray[np.float64],
    green: NDArray[np.float64],
    blue: NDArray[np.float64],
) -> None:
    """Take pixels (3 N,) apart into planes (N,) from 0 to 1."""
    for i in range(red.size):
        red[i] = pixels[3 * i] / 255.0
        green[i] = pixels[3 * i + 1] / 255.0
        blue[i] = pixels[3 * i + 2] / 255.0


@kernel
def _rgb_to_hsv(
    first: NDArray[np.float64], second: NDArray[np.float64], third: NDArray[np.float64]
) -> None:
    """Put hue, saturation and value, all from 0 to 1, in place of red, green and blue.

    Where two channels are the largest, the later one counts, as in scikit-image.
    """
    for i in range(first.size):
        red, green, blue = first[i], second[i], third[i]
        value = max(max(red, green), blue)
        delta = value - min(min(red, green), blue)
        turn = 4.0 if blue == value else 2.0 if green == value else 0.0
        step = red - green if blue == value else blue - red if green == value else green - blue
        hue = (turn + step / delta) / 6.0
        hue = hue + 1.0 if hue < 0.0 else hue
        first[i] = 0.0 if delta == 0.0 else hue
        second[i] = 0.0 if delta == 0.0 else delta / value
        third[i] = value


@kernel
def _scale(plane: NDArray[np.float64], factor: float, added: float) -> None:
    """Put clip(factor x + added, 0, 1) in place of each x."""
    for i in range(plane.size):
        plane[i] = min(max(plane[i] * factor + added, 0.0), 1.0)


@kernel
def _hsv_to_rgb(
    first: NDArray[np.float64], second: NDArray[np.float64], third: NDArray[np.float64]
) -> None:
    """Put red, green and blue in place of hue, saturation and value, all from 0 to 1.

    In the six sectors of the hue they are  v t p,  q v p,  p v t,  p q v,  t p v,  v p q,  with
    p = v (1 - s),  q = v (1 - f s),  t = v (1 - (1 - f) s)  and f the way through the sector; of
    t and q an even sector needs only the first, an odd one only the second.
    """
    for i in range(first.size):
        hue, saturation, value = first[i] * 6.0, second[i], third[i]
        sector = np.floor(hue)
        way = hue - sector
        odd = (sector == 1.0) | (sector == 3.0) | (sector == 5.0)
        low = value * (1.0 - saturation)
        middle = value * (1.0 - (way if odd else 1.0 - way) * saturation)
        red_low, red_middle = (sector == 2.0) | (sector == 3.0), (sector == 1.0) | (sector == 4.0)
        green_low, green_middle = sector >= 4.0, (sector == 0.0) | (sector == 3.0)
        blue_low, blue_middle = sector <= 1.0, (sector == 2.0) | (sector == 5.0)
        first[i] = low if red_low else middle if red_middle else value
        second[i] = low if green_low else middle if green_middle else value
        third[i] = low if blue_low else middle if blue_middle else value


@kernel
def _merge(
    red: NDArray[np.float64],
    green: NDArray[np.float64],
    blue: NDArray[np.float64],
    pixels: NDArray[np.uint8],
) -> None:
    """Put planes (N,) from 0 to 1 together to pixels (3 N,), cut off to grey levels."""
    for i in range(red.size):
        pixels[3 * i] = np.uint8(red[i] * 255.0)
        pixels[3 * i + 1] = np.uint8(green[i] * 255.0)
        pixels[3 * i + 2] = np.uint8(blue[i] * 255.0)
