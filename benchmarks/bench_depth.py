"""Compare times and pixels of the corruptions by depth with the code that people write.

    python -m benchmarks.bench_depth [--size 2048x1024] [--turns 3]

The peers are in NumPy, SciPy and OpenCV: the formula of Foggy Cityscapes, drops of rain one by one,
layers of a scene blurred by `cv2.filter2D`, and light by the formulas of sRGB. Both sides have the
same random numbers and take turns. Exits with an error where they differ by more than one grey
level.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from robustbench_seg.corruptions import corrupt, image_key
from robustbench_seg.corruptions.depth import focus, fog, night, rain
from robustbench_seg.corruptions.randomness import draw_uniforms
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.datasets.streets import photograph
from robustbench_seg.protocol.parsing import size

SEVERITY = 3
Image = NDArray[np.uint8]
Floats = NDArray[Any]


def distance(depth: Floats) -> Floats:
    """Return the distances along the rays (H, W) of a camera that is as wide as it is long."""
    height, width = depth.shape
    x = (np.arange(width) + 0.5) / width - 0.5
    y = ((np.arange(height) + 0.5 - height / 2) / width)[:, np.newaxis]
    return np.asarray(depth.astype(float) * np.sqrt(1 + x**2 + y**2))


def airlight(image: Image) -> Floats:
    """Return the colour of the air (3,) by the dark channel."""
    dark = ndimage.minimum_filter(image.min(axis=2), 15, mode="nearest").ravel()
    count = dark.size // 1000
    count += (count + 1) % 2
    haziest = np.argsort(255 - dark, kind="stable")[:count]
    colors = image.reshape(-1, 3)[haziest].astype(float)
    grey = colors @ [0.2989, 0.587, 0.114]
    return np.asarray(colors[np.flatnonzero(grey == np.median(grey))[0]])


def foggy(image: Image, depth: Floats, _stream: int) -> Floats:
    """Fog as in Foggy Cityscapes."""
    (visibility,) = fog.FOG_3D.at(SEVERITY)
    share = np.exp(np.log(0.05) * distance(depth) / visibility)[..., np.newaxis]
    return np.asarray(image * share + airlight(image) * (1 - share))


def rainy(image: Image, depth: Floats, stream: int) -> Floats:
    """Rain, a drop at a time."""
    (rate,) = rain.RAIN_3D.at(SEVERITY)
    height, width = depth.shape
    thickness = 0.312e-3 * rate**0.67 * distance(depth)
    slope = rain.SLOPE * (2 * float(draw_uniforms(stream, 0, 1)[0]) - 1)
    volume = height / width * (rain.FAR**3 - rain.NEAR**3) / 3
    word = 2
    for diameter, speed, number in zip(
        rain.DIAMETERS + rain.STEP / 2, rain.speeds(), rain.drops(rate), strict=True
    ):
        count = round(float(number) * volume)
        places = draw_uniforms(stream, word, 4 * count).reshape(count, 4)
        word += 8 * count
        cubes = rain.NEAR**3 + places[:, 0] * (rain.FAR**3 - rain.NEAR**3)
        for away, row, column in zip(np.cbrt(cubes), places[:, 1], places[:, 2], strict=True):
            wide = diameter * width / away
            long = speed * rain.EXPOSURE * width / away
            top = row * (height + long) - long
            ys = np.arange(max(int(np.floor(top)), 0), min(int(np.floor(top + long)) + 1, height))
            if not ys.size:
                continue
            left = (column * width + slope * (ys + 0.5 - top) - wide / 2)[:, np.newaxis]
            first, last = int(np.floor(left.min())), int(np.floor(left.max() + wide))
            xs = np.arange(max(first, 0), min(last + 1, width))
            down = np.minimum(ys + 1, top + long) - np.maximum(ys, top)
            across = np.clip(np.minimum(xs + 1, left + wide) - np.maximum(xs, left), 0, 1)
            place = np.ix_(ys, xs)
            covered = down[:, np.newaxis] * across * (depth[place] > away)
            thickness[place] += diameter / (speed * rain.EXPOSURE) * covered
    share = np.exp(-thickness)[..., np.newaxis]
    return np.asarray(image * share + airlight(image) * (1 - share))


def focused(parameters: tuple[Any, ...]) -> Callable[[Image, Floats, int], Floats]:
    """Return the focus of a lens at a distance, by blurred layers."""
    lens, at = parameters

    def blurred(image: Image, depth: Floats, _stream: int) -> Floats:
        circle = lens / 1000 * depth.shape[1] * (1 / depth.astype(float) - 1 / at)
        radius = np.rint(np.clip(circle / 2, -64, 64))
        color, opacity = np.zeros(image.shape), np.zeros((*depth.shape, 1))
        for level in np.unique(radius):  # the farthest first
            reach = int(abs(level))
            y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
            disc = (x**2 + y**2 <= reach**2).astype(float)
            layer = (radius == level)[..., np.newaxis]
            both = np.concatenate([image * layer, layer], axis=2).astype(float)
            both = cv2.filter2D(both, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
            color = color * (1 - both[..., 3:]) + both[..., :3]
            opacity = opacity * (1 - both[..., 3:]) + both[..., 3:]
        return np.asarray(color / opacity)

    return blurred


def dark(image: Image, depth: Floats, _stream: int) -> Floats:
    """Night, in the linear light of sRGB."""
    ambient, reach = night.NIGHT_3D.at(SEVERITY)
    value = image / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    lamps = (reach / np.maximum(distance(depth), night.NEAREST)) ** 2 * night.beam(*depth.shape)
    light = light * (ambient * np.array(night.MOON) + lamps[..., None] * np.array(night.LAMP))
    light = np.minimum(light, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(255 * encoded)


PEERS: dict[str, Callable[[Image, Floats, int], Floats]] = {
    "fog_3d": foggy,
    "rain_3d": rainy,
    "near_focus": focused(focus.NEAR_FOCUS.at(SEVERITY)),
    "far_focus": focused(focus.FAR_FOCUS.at(SEVERITY)),
    "night_3d": dark,
}
"""Corruption -> image with values of 0 to 255, from image, depth and the seed of a stream."""


def main() -> None:
    """Compare and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=size, default=(1024, 2048), help="WIDTHxHEIGHT")
    parser.add_argument("--turns", type=int, default=3, help="the median of N is shown")
    options = parser.parse_args()
    height, width = options.size
    image, _, depth = photograph("val", 0, width, height)
    key = image_key(image)
    print(f"{width}x{height}, severity {SEVERITY}, medians of {options.turns} turns")
    print(f"{'corruption':12} {'peer ms':>9} {'ours ms':>9} {'ratio':>7} {'difference':>11}")
    for name, peer in PEERS.items():
        stream = stream_seed(0, key, name, SEVERITY)
        corrupt(image, name, SEVERITY, key=key, depth=depth)  # compiles
        theirs, ours = [], []
        for _ in range(options.turns):
            begin = time.perf_counter()
            other = peer(image, depth, stream)
            middle = time.perf_counter()
            found = corrupt(image, name, SEVERITY, key=key, depth=depth)
            theirs.append(middle - begin)
            ours.append(time.perf_counter() - middle)
        worst = int(np.abs(np.rint(other) - found).max())
        slow, quick = median(theirs), median(ours)
        print(
            f"{name:12} {1000 * slow:9.0f} {1000 * quick:9.0f} {slow / quick:7.1f} {worst:11}",
            flush=True,
        )
        if worst > 1:
            raise SystemExit(f"{name}: differs from the peer by {worst} grey levels")


if __name__ == "__main__":
    main()
