"""The corruptions of ImageNet-C-bar as formulas in plain NumPy, from the draws of ours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruptions.cbar import checkerboard, perlin, sparkles, waves
from robustbench_seg.corruptions.cbar.caustics import CAUSTIC_REFRACTION, Water
from robustbench_seg.corruptions.cbar.spectra import (
    BLUE_NOISE_SAMPLE,
    BROWNISH_NOISE,
    words_of,
)
from robustbench_seg.corruptions.randomness import draw_words

from .pictures import Pixels

Plane = NDArray[np.float64]


def levels(values: Plane) -> Pixels:
    """Return values clipped and truncated."""
    return np.clip(values, 0, 255).astype(np.uint8)


def places(image: Pixels) -> tuple[Plane, Plane]:
    """Return the rows and the columns of all pixels."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    return rows, columns


def single_frequency_greyscale(image: Pixels, severity: int, stream: int) -> Pixels:
    """Add a plane wave."""
    y, x = places(image)
    across, down, phase = waves.frequency(stream)
    wave = np.sin(2 * np.pi * (x * across + y * down + phase))
    return levels(image + waves.SINGLE_FREQUENCY_GREYSCALE.at(severity)[0] * wave[..., np.newaxis])


def cocentric_sine_waves(image: Pixels, severity: int, stream: int) -> Pixels:
    """Add rings."""
    height, width, _ = image.shape
    y, x = places(image)
    rings = waves.Rings.drawn(height, width, stream)
    angle = np.arctan2(x - rings.x, y - rings.y) * rings.waves
    radius = np.hypot(x - rings.x, y - rings.y) + np.sin(angle) * rings.amplitude
    saw = radius % rings.width / rings.width - 0.5
    return levels(image + waves.COCENTRIC_SINE_WAVES.at(severity)[0] * saw[..., np.newaxis])


def plasma_noise(image: Pixels, severity: int, stream: int) -> Pixels:
    """Mix in a plasma."""
    height, width, _ = image.shape
    y, x = places(image)
    plasma = waves.Plasma.drawn(height, width, stream)
    time = 2 * np.pi * plasma.time
    u, v = x / plasma.scale, y / plasma.scale
    for k in range(plasma.iterations):
        frequency, amplitude = 1.93**k, (2.25 - plasma.sharpness) ** -k
        right = amplitude * np.cos(v * frequency + time / 1.15**k)
        down = amplitude * np.sin(u * frequency + time / 1.15**k)
        u, v = u + right - 0.3 * down, v + down + 0.3 * right
    green = np.sin((u + v + np.sin(time)) / 2)
    noise = np.stack([np.sin(u - time), green, np.sin(v + time)], axis=-1)  # (H, W, 3)
    strength = waves.PLASMA_NOISE.at(severity)[0]
    return levels((1 - strength / 255) * image + strength * noise)


def star_share(image: Pixels, star: sparkles.Star, exponent: float) -> Plane:
    """Return how much of each pixel (H, W, 1) is the star's."""
    y, x = places(image)
    y, x = y - star.y, x - star.x
    rays = len(star.lengths)
    place = (np.arctan2(x, y) + np.pi) / (2 * np.pi) * rays
    ray = place.astype(int)
    part = place - ray
    start, end = star.lengths[ray % rays], star.lengths[(ray + 1) % rays]
    length = start + part * (end - start)
    glow = (length**2 / (x**2 + y**2 + 1e-4)) ** exponent
    share: Plane = np.clip((1 - (part - 0.5) ** 2) * glow, 0, 1)[..., np.newaxis]
    return share


def sparkles_(image: Pixels, severity: int, stream: int) -> Pixels:
    """Mix in five stars."""
    height, width, _ = image.shape
    result = image.astype(float)
    for star in sparkles.stars(height, width, severity, stream):
        result += star_share(image, star, 1.0) * (255 - result)
    return levels(result)


def inverse_sparkles(image: Pixels, severity: int, stream: int) -> Pixels:
    """Make all white that is outside of a star."""
    height, width, _ = image.shape
    star = sparkles.inverse_star(height, width, stream)
    share = star_share(image, star, sparkles.INVERSE_SPARKLES.at(severity)[0])
    return levels(255 + share * (image - 255.0))


def perlin_noise(image: Pixels, severity: int, stream: int) -> Pixels:
    """Mix in Perlin noise of five octaves."""
    y, x = places(image)
    gradients, order = perlin.lattice(stream)
    cell = min(image.shape[:2]) / 7

    def at(row: Plane, column: Plane, down: Plane, right: Plane) -> Plane:
        """Return the share of a corner: its gradient times the way from it."""
        points = gradients[order[(order[row.astype(int) % 256] + column.astype(int)) % 256]]
        share: Plane = points[..., 0] * down + points[..., 1] * right
        return share

    def noise(v: Plane, u: Plane) -> Plane:
        row, column = np.floor(v), np.floor(u)
        down, right = v - row, u - column
        smooth_down, smooth_right = (part**2 * (3 - 2 * part) for part in (down, right))
        near, far = (
            (1 - smooth_down) * at(row, column + k, down, right - k)
            + smooth_down * at(row + 1, column + k, down - 1, right - k)
            for k in range(2)
        )
        return 1.5 * ((1 - smooth_right) * near + smooth_right * far)

    total = sum(np.abs(noise(y / cell * 2**k, x / cell * 2**k)) / 2**k for k in range(5))
    strength = perlin.PERLIN_NOISE.at(severity)[0]
    mixed = (1 - strength) * image
    return levels(mixed + 255 * strength * np.clip(0.5 * total + 0.5, 0, 1)[..., np.newaxis])


def checkerboard_cutout(image: Pixels, severity: int, stream: int) -> Pixels:
    """Cut squares out."""
    height, width, _ = image.shape
    y, x = places(image)
    fraction = checkerboard.CHECKERBOARD_CUTOUT.at(severity)[0]
    board = checkerboard.Board.drawn(height, width, fraction, stream)
    down = (board.cosine * y + board.sine * x) / board.side
    right = (board.cosine * x - board.sine * y) / board.side
    alike = (down % 2).astype(int) == (right % 2).astype(int)
    count = len(board.cut)
    cut = board.cut[down.astype(int) % count, right.astype(int) % count]
    return np.where((alike & cut)[..., np.newaxis], np.uint8(128), image)


def spectral_noise(height: int, width: int, *, blue: bool, stream: int, start: int = 0) -> Plane:
    """Return noise of unit deviation: the real part of a spectrum with nearly mirrored phases."""
    words = draw_words(stream, start, words_of(height, width)) / 2.0**32
    half, rows = width // 2, height // 2
    left = words[: height * half].reshape(height, half)
    phases = np.concatenate([left, left[::-1, ::-1]], axis=1)
    if width % 2:
        side = words[height * half :][:rows]
        middle = np.concatenate([side, [0.0] * (height % 2), side[::-1]])
        phases = np.insert(phases, half, middle, axis=1)
    y, x = np.mgrid[:height, :width]
    shorter = min(height, width)
    frequency = np.hypot((y - height / 2) / height, (x - width / 2) / width) * shorter
    amplitude = frequency if blue else 1 / (frequency**2 + 1)
    spectrum = np.roll(amplitude * np.exp(2j * np.pi * phases), (rows, half), (0, 1))
    noise: Plane = np.fft.ifft2(spectrum).real
    return noise / np.std(noise)


def blue_noise_sample(image: Pixels, severity: int, stream: int) -> Pixels:
    """Make pixels of low noise black."""
    height, width, _ = image.shape
    noise = spectral_noise(height, width, blue=True, stream=stream)
    (threshold,) = BLUE_NOISE_SAMPLE.at(severity)
    hidden: Pixels = image * (noise > threshold)[..., np.newaxis]
    return hidden


def brownish_noise(image: Pixels, severity: int, stream: int) -> Pixels:
    """Add noise to each channel."""
    height, width, _ = image.shape
    starts = [channel * words_of(height, width) for channel in range(3)]
    planes = [
        spectral_noise(height, width, blue=False, stream=stream, start=start) for start in starts
    ]
    return levels(image + BROWNISH_NOISE.at(severity)[0] * np.stack(planes, axis=-1))


def light_under(water: Water, y: Plane, x: Plane) -> Plane:
    """Return the light at places, before it is filtered."""
    p, q = ((each / water.size % 1) * 2 * np.pi - 250 for each in (y, x))
    u, v, total = p, q, np.ones(y.shape)
    for k in range(5):
        t = water.time * (1 - 3.5 / (k + 1))
        u, v = p + np.cos(t - u) + np.sin(t + v), q + np.sin(t - v) + np.cos(t + u)
        total += 1 / np.hypot(p / (np.sin(u + t) / 0.005), q / (np.cos(v + t) / 0.005))
    light: Plane = np.clip(np.abs(1.17 - (total / 5) ** 1.4) ** 8, 0, 1)
    return light


def caustic_refraction(image: Pixels, severity: int, stream: int) -> Pixels:
    """Sample the image where the refracted rays come from, and add the slope of the light."""
    height, width, _ = image.shape
    from scipy.ndimage import gaussian_filter, map_coordinates

    y, x = places(image)
    shorter = min(image.shape[:2])
    light = gaussian_filter(light_under(Water.drawn(height, width, stream), y, x), 1)
    around = np.pad(light, 1)
    down = around[2:, 1:-1] - around[:-2, 1:-1]
    right = around[1:-1, 2:] - around[1:-1, :-2]
    steepness = np.hypot(down, right)
    upright = 1 / np.hypot(steepness, 1)
    leaning = steepness * upright  # sine of the angle of incidence
    # Refracted: cos(out) along the normal, sin(out) across it; its part along the surface.
    lean = np.cos(np.arcsin(leaning / 4)) * leaning - leaning / 4 * upright
    lean[upright >= 1 - 1e-3] = 0
    strength = CAUSTIC_REFRACTION.at(severity)[0]
    factor = strength * shorter / 2 * lean / np.where(steepness > 0, steepness, 1)
    target = [np.round(factor * slope, 3) for slope in (down, right)]
    where = (y + target[0] + 1, x + target[1] + 1)
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)))
    planes = [map_coordinates(padded[..., c], where, order=1, cval=0.0) for c in range(3)]
    added = 255 * 2 * strength * (down - right)
    return levels(np.stack(planes, axis=-1) + added[..., np.newaxis])


DEFINITIONS: dict[str, Callable[[Pixels, int, int], Pixels]] = {
    "caustic_refraction": caustic_refraction,
    "inverse_sparkles": inverse_sparkles,
    "sparkles": sparkles_,
    "perlin_noise": perlin_noise,
    "plasma_noise": plasma_noise,
    "cocentric_sine_waves": cocentric_sine_waves,
    "single_frequency_greyscale": single_frequency_greyscale,
    "brownish_noise": brownish_noise,
    "blue_noise_sample": blue_noise_sample,
    "checkerboard_cutout": checkerboard_cutout,
}
"""Formula by name."""
