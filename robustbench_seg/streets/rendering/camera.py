"""The camera: where it stands, what its lens and sensor do to the picture, whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kernels import kernel
from .noise import lattice
from .randomness import Random


@dataclass(frozen=True)
class Camera:
    """A camera looking along the street; shares are of the picture's width or height.

    The sensor's numbers: blur, vignette, noise, three gains (256: none) and a seed. The hood's:
    see `shading.shade`.
    """

    height: float
    focal: float
    center: float
    horizon: float
    hood: NDArray[np.float64]
    sensor: NDArray[np.int64]

    def lens(self, width: int, height: int) -> NDArray[np.float64]:
        """Return focal length, principal column and row for a grid of samples, float64 (3,)."""
        return np.array([self.focal * width, self.center * width, self.horizon * height])


def place_camera(random: Random) -> Camera:
    """Draw the camera of a scene."""
    tint = random.uniform(20.0, 150.0)
    hood = np.array(
        [
            random.uniform(0.44, 0.56),
            random.uniform(0.42, 0.62),
            random.uniform(0.05, 0.12),
            tint * tint / 65025.0 * random.uniform(0.8, 1.2),
            tint * tint / 65025.0,
            tint * tint / 65025.0 * random.uniform(0.8, 1.3),
        ]
    )
    sensor = np.array(
        [
            random.choice((0, 0, 1, 2, 3, 5)),
            random.integer(0, 1100),
            random.integer(4, 26) if random.chance(0.8) else random.integer(26, 60),
            random.integer(240, 270),
            256,
            random.integer(238, 276),
            random.seed(),
        ],
        dtype=np.int64,
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
    sensor: NDArray[np.int64],
    image: NDArray[np.uint8],
    label: NDArray[np.uint8],
) -> None:
    """Write the picture, uint8 (H, W, 3), and its classes, uint8 (H, W), from 2 x 2 samples each.

    A pixel has the class of most of its samples, of the upper left one where there is a tie.
    """
    height, width = label.shape
    plain = np.empty((height, width, 3), dtype=np.int64)
    votes = np.empty(4, dtype=np.int64)
    for row in range(height):
        for column in range(width):
            for channel in range(3):
                plain[row, column, channel] = (
                    samples[2 * row, 2 * column, channel]
                    + samples[2 * row, 2 * column + 1, channel]
                    + samples[2 * row + 1, 2 * column, channel]
                    + samples[2 * row + 1, 2 * column + 1, channel]
                )
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
    blur = sensor[0]
    for row in range(height):
        above = max(row - 1, 0)
        below = min(row + 1, height - 1)
        for column in range(width):
            before = max(column - 1, 0)
            after = min(column + 1, width - 1)
            across = (2 * column + 1 - width) * 1024 // width
            down = (2 * row + 1 - height) * 1024 // height
            edge = (across * across + down * down) // 2048
            bright = 4096 - sensor[1] * edge // 1024
            for channel in range(3):
                value = plain[row, column, channel] * (32 - 4 * blur) + blur * (
                    plain[above, column, channel]
                    + plain[below, column, channel]
                    + plain[row, before, channel]
                    + plain[row, after, channel]
                )
                value = value // 32 * bright // 4096 * sensor[3 + channel] // 256
                grain = 0.0
                for draw in range(3):
                    grain += lattice(column * 4 + channel, row * 4 + draw, sensor[6])
                # White is 16320 here, 64 times that of the picture; grain has mean 1.5.
                value += int(np.floor((grain - 1.5) * sensor[2] * 24.0))
                value = (value + 32) // 64
                image[row, column, channel] = min(max(value, 0), 255)
