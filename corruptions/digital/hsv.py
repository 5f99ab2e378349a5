"""Brightness and saturate: change the value or the saturation of the colours in HSV.

Results are truncated to grey levels, and equal those of `imagecorruptions` to the bit.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Float64, Uint8
from ..compiling import kernel
from ..severity_table import Parameter, SeverityTable, Strength

BRIGHTNESS = SeverityTable(Parameter("added", (0.1, 0.2, 0.3, 0.4, 0.5), -1, 1))
"""Added to the value V, which goes from 0 to 1."""

SATURATE = SeverityTable(
    Parameter(
        "factor",
        (0.3, 0.1, 2.0, 5.0, 20.0),
        *(0, 1000),
        apart="severities 1 and 2 take colour away, and those from 3 add it",
    ),
    Parameter("added", (0.0, 0.0, 0.0, 0.1, 0.2), -1, 1),
)
"""Factor and addend of the saturation S, which goes from 0 to 1."""

BLOCK = 512
"""Pixels per block; their three float64 planes fit into the L1 cache."""


def brightness(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), with V = clip(V + c, 0, 1) in HSV."""
    result = np.array(image, order="C")
    (added,) = BRIGHTNESS.at(strength)
    _change_in_hsv(result.reshape(-1), 1.0, 0.0, added)
    return result


def saturate(image: Uint8, strength: Strength, _stream: int) -> Uint8:
    """Return the image, RGB uint8 (H, W, 3), with S = clip(a S + b, 0, 1) in HSV."""
    result = np.array(image, order="C")
    factor, added = SATURATE.at(strength)
    _change_in_hsv(result.reshape(-1), factor, added, 0.0)
    return result


@kernel
def _change_in_hsv(
    pixels: Uint8, saturation_factor: float, saturation_added: float, value_added: float
) -> None:
    """Replace S and V of pixels (3 N,), in HSV, by clip(factor x + added, 0, 1); that of V is 1.

    The operations are those of scikit-image's rgb2hsv and hsv2rgb, in the same order and in
    float64, so every rounding is the same. It is faster because a block goes through all steps
    before the next one starts, and because LLVM vectorises short loops over planes. Factor 1 and
    addend 0 change no bit of a number from 0 to 1.
    """
    planes = np.empty((3, BLOCK))
    for start in range(0, pixels.size, 3 * BLOCK):
        block = pixels[start : start + 3 * BLOCK]
        count = block.size // 3
        first, second, third = planes[0, :count], planes[1, :count], planes[2, :count]
        _split(block, first, second, third)
        _rgb_to_hsv(first, second, third)
        _scale(second, saturation_factor, saturation_added)
        _scale(third, 1.0, value_added)
        _hsv_to_rgb(first, second, third)
        _merge(first, second, third, block)


@kernel
def _split(pixels: Uint8, red: Float64, green: Float64, blue: Float64) -> None:
    """Split pixels (3 N,) into planes (N,) from 0 to 1."""
    for i in range(red.size):
        red[i] = pixels[3 * i] / 255.0
        green[i] = pixels[3 * i + 1] / 255.0
        blue[i] = pixels[3 * i + 2] / 255.0


@kernel
def _rgb_to_hsv(first: Float64, second: Float64, third: Float64) -> None:
    """Replace red, green and blue by hue, saturation and value, all from 0 to 1.

    If two channels are largest, the later one counts, as in scikit-image.
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
def _scale(plane: Float64, factor: float, added: float) -> None:
    """Replace each x by clip(factor x + added, 0, 1)."""
    for i in range(plane.size):
        plane[i] = min(max(plane[i] * factor + added, 0.0), 1.0)


@kernel
def _hsv_to_rgb(first: Float64, second: Float64, third: Float64) -> None:
    """Replace hue, saturation and value by red, green and blue, all from 0 to 1.

    In the six sectors of the hue they are  v t p,  q v p,  p v t,  p q v,  t p v,  v p q,  with
    p = v (1 - s),  q = v (1 - f s),  t = v (1 - (1 - f) s)  and f the fraction of the sector. An
    even sector needs t and no q, an odd one q and no t.
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
def _merge(red: Float64, green: Float64, blue: Float64, pixels: Uint8) -> None:
    """Merge planes (N,) from 0 to 1 into pixels (3 N,), truncated to grey levels."""
    for i in range(red.size):
        pixels[3 * i] = np.uint8(red[i] * 255.0)
        pixels[3 * i + 1] = np.uint8(green[i] * 255.0)
        pixels[3 * i + 2] = np.uint8(blue[i] * 255.0)
