"""Night over a known distance: headlights whose light falls off, and what is left of daylight."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np

from ..arithmetic import DIGITS
from ..arrays import Float32, Float64, Uint8
from ..severity_table import Parameter, SeverityTable, Strength
from .air import distance


class Night(NamedTuple):
    """Parameters of a strength."""

    ambient: float  # share of the daylight that is left
    reach: float  # distance in metres at which headlights are as bright as the daylight was


NIGHT_3D = SeverityTable(
    Parameter("ambient", (0.25, 0.12, 0.06, 0.03, 0.015), 0, 1),
    Parameter("reach", (8.0, 8.0, 8.0, 8.0, 8.0), 0, 1000),
)
"""The parameters of `Night`: from dusk to a road without lamps."""

NEAREST = 4.0
"""Distance in metres below which headlights get no brighter."""
MOON, LAMP = (0.75, 0.85, 1.0), (1.0, 0.93, 0.8)
"""Colours of what is left of the daylight, and of headlights."""
BEAM = 0.35, 0.12
"""Half width of the beam and its height above the middle row, in widths and heights of the image,
at which it has a quarter of its brightness."""


def night_3d(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return an image, RGB uint8 (H, W, 3), of the night, for depths in metres (H, W).

    Light, in the linear values of sRGB (IEC 61966-2-1), is multiplied by that of the sky and by
    (reach / d)^2 times the beam, and is not brighter than white.
    """
    night = Night(*NIGHT_3D.at(strength))
    away = np.maximum(distance(depth), NEAREST)
    lamps = (night.reach / away) ** 2 * beam(*depth.shape)  # (H, W)
    light = night.ambient * np.array(MOON) + lamps[..., np.newaxis] * np.array(LAMP)  # (H, W, 3)
    levels = np.searchsorted(_linear()[1::2], _linear()[::2][image] * light)
    dark: Uint8 = np.minimum(levels, 255).astype(np.uint8)
    return dark


def beam(height: int, width: int) -> Float64:
    """Return the brightness of the beam, (H, W): full in the middle and below."""
    across, above = BEAM
    y, x = np.ogrid[:height, :width]
    side = (x + 0.5 - width / 2) / (across * width)
    up = np.maximum(height / 2 - y - 0.5, 0) / (above * height)
    shape: Float64 = 1 / ((1 + side * side) * (1 + up * up)) ** 2
    return shape


@cache
def _linear() -> Float64:
    """Return the linear values of the grey levels 0, 0.5, 1 .. 255, (511,)."""
    return np.array([_decoded(Decimal(level) / 510) for level in range(511)])


def _decoded(value: Decimal) -> float:
    if value <= Decimal("0.04045"):
        return float(value / Decimal("12.92"))
    base = (value + Decimal("0.055")) / Decimal("1.055")
    return float(DIGITS.power(base, Decimal("2.4")))
