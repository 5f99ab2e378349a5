"""The camera: its place, its lens, and a sensor that computes in integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from .noise import lattice
from .randomness import Random


class Lens(NamedTuple):
    """Focal length, and principal column and row, of a grid of samples."""

    focal: float
    column: float
    row: float


class Hood(NamedTuple):
    """The hood of the camera's own car: shares of the image, and a linear colour."""

    center: float
    half_width: float
    height: float
    red: float
    green: float
    blue: float


class Sensor(NamedTuple):
    """The sensor's faults, as integers; a gain of 256 changes nothing."""

    blur: int
    vignette: int
    noise: int
    gain_red: int
    gain_green: int
    gain_blue: int
    seed: int


@dataclass(frozen=True)
class Camera:
    """A camera looking along the street, `height` metres up.

    The other numbers are shares of the image's width (focal, center) or height (horizon).
    """

    height: float
    focal: float
    center: float
    horizon: float
    hood: Hood
    sensor: Sensor

    def lens(self, width: int, height: int) -> Lens:
        """Return the lens for a grid of samples."""
        return Lens(self.focal * width, self.center * width, self.horizon * height)


def place_camera(random: Random) -> Camera:
    """Draw the camera of a scene."""
    tint = random.uniform(20.0, 150.0)
    tone = tint * tint / 65025.0
    hood = Hood(
        center=random.uniform(0.44, 0.56),
        half_width=random.uniform(0.42, 0.62),
        height=random.uniform(0.05, 0.12),
        red=tone * random.uniform(0.8, 1.2),
        green=tone,
        blue=tone * random.uniform(0.8, 1.3),
    )
    sensor = Sensor(
        blur=random.choice((0, 0, 1, 2, 3, 5)),
        vignette=random.integer(0, 1100),
        noise=random.integer(4, 26) if random.chance(0.8) else random.integer(26, 60),
        gain_red=random.integer(240, 270),
        gain_green=256,
        gain_blue=random.integer(238, 276),
        seed=random.seed(),
    )
    return Camera(
        height=random.uniform(1.25, 2.0),
        focal=random.uniform(0.7, 1.05),
        center=random.uniform(0.38, 0.62),
        horizon=random.uniform(0.38, 0.5),
        hood=hood,
        sensor=sensor,
    )


@kernel
def develop(
    samples: NDArray[np.int32],
    labels: NDArray[np.uint8],
    sensor: Sensor,
    image: NDArray[np.uint8],
    label: NDArray[np.uint8],
) -> None:
    """Write the image, uint8 (H, W, 3), and its classes, uint8 (H, W), from 2 x 2 samples each.

    A pixel has the class of most of its samples, of the upper left one where there is a tie.
    """
    height, width = label.shape
    plain = np.empty((height, width, 3), dtype=np.int64)
    votes = np.empty(4, dtype=np.int64)
    for row in range(height):
        for column in range(width):
            for channel in range(3):
                total = 0
                for index in range(4):
                    total += samples[2 * row + index // 2, 2 * column + index % 2, channel]
                plain[row, column, channel] = total
            for index in range(4):
                votes[index] = labels[2 * row + index // 2, 2 * column + index % 2]
            best = 0
            most = 0
            for index in range(4):
                count = 0
                for other in range(4):
                    if votes[other] == votes[index]:
                        count += 1
                if count > most:
                    most = count
                    best = index
            label[row, column] = votes[best]
    blur = sensor.blur
    gains = (sensor.gain_red, sensor.gain_green, sensor.gain_blue)
    for row in range(height):
        above = max(row - 1, 0)
        below = min(row + 1, height - 1)
        for column in range(width):
            before = max(column - 1, 0)
            after = min(column + 1, width - 1)
            across = (2 * column + 1 - width) * 1024 // width
            down = (2 * row + 1 - height) * 1024 // height
            edge = (across * across + down * down) // 2048
            bright = 4096 - sensor.vignette * edge // 1024
            for channel in range(3):
                value = plain[row, column, channel] * (32 - 4 * blur) + blur * (
                    plain[above, column, channel]
                    + plain[below, column, channel]
                    + plain[row, before, channel]
                    + plain[row, after, channel]
                )
                value = value // 32 * bright // 4096 * gains[channel] // 256
                grain = 0.0
                for draw in range(3):
                    grain += lattice(column * 4 + channel, row * 4 + draw, sensor.seed)
                # White is 16320 here, 64 times that of the image; grain has mean 1.5.
                value += int(np.floor((grain - 1.5) * sensor.noise * 24.0))
                value = (value + 32) // 64
                image[row, column, channel] = min(max(value, 0), 255)
