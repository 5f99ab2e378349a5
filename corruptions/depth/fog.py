"""Fog over a known distance: Foggy Cityscapes (Sakaridis, Dai & Van Gool, IJCV 2018)."""

from __future__ import annotations

from ..arrays import Float32, Uint8
from ..severity_table import Parameter, SeverityTable, Strength
from .air import distance, through_air, transmission

FOG_3D = SeverityTable(Parameter("visibility", (600.0, 300.0, 150.0, 75.0, 37.5), 0.1, 1e6))
"""Visibility in metres (the meteorological optical range); the first three are those of the paper,
whose extinctions are 0.005, 0.01 and 0.02 per metre."""


def fog_3d(image: Uint8, depth: Float32, strength: Strength, stream: int) -> Uint8:  # noqa: ARG001
    """Return x t + L (1 - t) of an image, RGB uint8 (H, W, 3), and depths in metres (H, W).

    t is the share of light that arrives, L the colour of the air, which is taken from the image.
    """
    (visibility,) = FOG_3D.at(strength)
    return through_air(image, transmission(distance(depth), visibility))
