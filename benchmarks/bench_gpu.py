"""How fast a GPU evaluates: frames per second by model, window, precision, compiled or not.

For each, on one rendered frame: images labelled per second; the share of the card's peak that this
is, in multiply-adds; and, with the corruptions of `cityscapes-c` made by threads at the same time
as an evaluation makes them, the share of the time in which the model waits for them. Without a GPU
it runs on the CPU, at whatever size is given.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle, islice, product

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt, image_key
from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.windows import window_grid
from robustbench_seg.models.base import Precision, WindowMode
from robustbench_seg.models.counting import multiply_adds
from robustbench_seg.models.registry import load_model
from robustbench_seg.prefetch import prefetch
from robustbench_seg.protocol.suites import load_suite

CLASSES = tuple(info.name for info in CITYSCAPES)
PRECISIONS: tuple[Precision, ...] = ("float32", "bf16", "fp16")
WINDOWS: tuple[WindowMode, ...] = ("slide", "whole")


def main() -> None:
    """Measure all combinations."""
    parser = argparse.ArgumentParser(description=__doc__)
    cuda = torch.cuda.is_available()
    parser.add_argument("--models", default="b0,b1,b2,b3,b4,b5" if cuda else "b0")
    parser.add_argument("--size", default="2048x1024" if cuda else "128x64", help="WIDTHxHEIGHT")
    parser.add_argument("--batch", type=int, default=4 if cuda else 2)
    parser.add_argument("--batches", type=int, default=20 if cuda else 2)
    parser.add_argument(
        "--peak", type=float, help="the card's peak in 10^12 multiply-adds a second"
    )
    parser.add_argument("--compiled", default="no,yes" if cuda else "no", help="no, yes or both")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    device = "cuda" if cuda else "cpu"
    precisions = PRECISIONS if cuda else PRECISIONS[:2]
    print(torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads")
    image, _ = render("val", 0, width, height)
    asked = product(options.models.split(","), WINDOWS, precisions, options.compiled.split(","))
    for name, window, precision, compiled in asked:
        segmenter = load_model(name, data="cityscapes", weights="random", classes=CLASSES)
        predictor = Predictor(
            segmenter,
            device,
            precision,
            replace(segmenter.window, mode=window),
            batch=options.batch,
            compiled=compiled == "yes",
        )
        fast = rate(predictor, image, options.batch, options.batches)
        waiting, evaluated = rate_with_corruptions(predictor, image, options)
        peak = share_of_peak(predictor, image.shape[:2], fast, options.peak)
        print(
            f"{name} {width}x{height} {window} {precision}{', compiled' * (compiled == 'yes')}: "
            f"{fast:.2f} frames/s{peak}; with corruptions {evaluated:.2f} frames/s, waiting "
            f"{waiting:.0%}"
        )


def rate(predictor: Predictor, image: NDArray[np.uint8], batch: int, batches: int) -> float:
    """Return the frames per second of the median batch after the first, images at hand."""
    images = np.stack([image] * batch)  # (N, H, W, 3)
    times = []
    for _ in range(batches + 1):
        start = time.perf_counter()
        predictor.labels(images, image.shape[:2])
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times[1:])


def rate_with_corruptions(
    predictor: Predictor, image: NDArray[np.uint8], options: argparse.Namespace
) -> tuple[float, float]:
    """Return the share of the time spent waiting for images, and frames per second in all."""
    threads = 1 if predictor.device == "cpu" else os.cpu_count() or 1
    waiting = 0.0
    ready = prefetch(batches(image, options.batch, options.batches), threads)
    next(ready)  # which compiles
    begin = time.perf_counter()
    for _ in range(options.batches - 1):
        start = time.perf_counter()
        images = next(ready)
        waiting += time.perf_counter() - start
        predictor.labels(images, image.shape[:2])
    total = time.perf_counter() - begin
    return waiting / total, (options.batches - 1) * options.batch / total


def batches(
    image: NDArray[np.uint8], batch: int, count: int
) -> Iterator[partial[NDArray[np.uint8]]]:
    """Yield how to make batches of an image under the conditions of the suite, in turn."""
    conditions = cycle(load_suite("cityscapes-c").corrupted)
    key = image_key(image)
    for _ in range(count):
        yield partial(corrupted, image, key, tuple(islice(conditions, batch)))


def corrupted(
    image: NDArray[np.uint8], key: str, conditions: tuple[tuple[str, float], ...]
) -> NDArray[np.uint8]:
    """Return the image under each condition, (N, H, W, 3)."""
    return np.stack([corrupt(image, name, severity, key=key) for name, severity in conditions])


def share_of_peak(
    predictor: Predictor, size: tuple[int, int], fast: float, peak: float | None
) -> str:
    """Return ", 12 % of the peak" where the peak is given."""
    if peak is None:
        return ""
    network = predictor.segmenter.network
    assert isinstance(network, torch.nn.Module)
    grid = window_grid(predictor.window, size)
    adds = grid.number * multiply_adds(network, (grid.height, grid.width))
    share = fast * adds / (peak * 1e12)
    return f", {share:.0%} of the peak"


if __name__ == "__main__":
    main()
