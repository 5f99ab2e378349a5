"""What models cost at a size: parameters, multiply-adds, and images per second here."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..datasets.streets import render
from ..errors import InputError
from ..models.base import Precision, Segmenter, Window
from ..models.catalogue import MODELS
from ..models.counting import multiply_adds, parameters, published_multiply_adds
from ..models.named_weights import RANDOM
from ..models.registry import load_model, parse_choice
from ..progress import Progress, silent
from .predict import Predictor, window_starts

SMALLEST = (32, 64)
"""Height and width under which no model is asked."""
PASSES = 5
"""How often an image is labelled for the median time, after once to warm up."""
COLUMNS = (
    *("model", "parameters", "gflops", "gflops_executed"),
    *("windows", "window_width", "window_height", "images_per_second"),
)


def costs(
    choices: Sequence[str],
    size: tuple[int, int],
    *,
    classes: int = 19,
    device: str | None = None,
    precision: Precision = "float32",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return what each model costs for one image of size (height, width): a row for a model.

    `gflops` are 10^9 multiply-adds of one pass over the whole image, as papers count them;
    `gflops_executed` are those that are done here, in `windows` windows. `images_per_second`, from
    image to label map, are measured where a device is given. A model of ours has random weights
    where its choice names none. What a model does not tell is missing. Raises InputError for an
    unknown model, a size under 64x32, and a model of another number of classes.
    """
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        smallest = f"{SMALLEST[1]}x{SMALLEST[0]}"
        raise InputError(f"--size {size[1]}x{size[0]}: too small; use at least {smallest}")
    for choice in choices:
        parse_choice(choice)
    rows = []
    for index, choice in enumerate(choices):
        segmenter = segmenter_of(choice, classes, shapes_alone=device is None)
        row = {"model": choice, **_counted(segmenter, size)}
        if device is not None:
            # On a CPU more windows at once are slower, as their arrays outgrow what is kept.
            batch = 1 if device == "cpu" else row["windows"]
            predictor = Predictor(segmenter, device, precision, segmenter.window, batch=batch)
            row["images_per_second"] = 1 / _seconds(predictor, size, progress)
        rows.append(row)
        progress("models", index + 1, len(choices), choice)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"parameters": "Int64"})


def segmenter_of(choice: str, classes: int, *, shapes_alone: bool) -> Segmenter:
    """Return a model of so many classes, one of ours at random, of which only shapes may do."""
    ours = choice in MODELS
    # Drawing the 85 million weights of B5 takes longer than to count with their shapes.
    with torch.device("meta") if ours and shapes_alone else nullcontext():
        return load_model(
            f"{choice}@{RANDOM}" if ours else choice,
            data=f"--classes {classes}",
            classes=[f"class {number}" for number in range(classes)],
        )


def windows(window: Window, size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """Return in how many windows an input of size (height, width) is read, and their size."""
    if window.mode == "whole":
        return 1, size
    starts = [window_starts(length, window.crop, window.stride) for length in size]
    return math.prod(map(len, starts)), (min(size[0], window.crop), min(size[1], window.crop))


def _counted(segmenter: Segmenter, size: tuple[int, int]) -> dict[str, Any]:
    network, inside = segmenter.network, segmenter.preprocessing.input_size(size)
    number, (height, width) = windows(segmenter.window, inside)
    counts: dict[str, Any] = {
        "windows": number,
        "window_width": width,
        "window_height": height,
    }
    if isinstance(network, nn.Module) and parameters(network):
        counts["parameters"] = parameters(network)
        # A network from elsewhere may need values, which are not there: it stays uncounted.
        with suppress(Exception):
            counts["gflops"] = published_multiply_adds(network, inside) / 1e9
            counts["gflops_executed"] = number * multiply_adds(network, (height, width)) / 1e9
    return counts


def _seconds(predictor: Predictor, size: tuple[int, int], progress: Progress) -> float:
    image = render("val", 0, size[1], size[0])[0]  # (H, W, 3): labels of noise may take longer
    times = []
    for index in range(PASSES + 1):
        start = time.perf_counter()
        predictor.labels(image[np.newaxis], size)
        times.append(time.perf_counter() - start)
        progress(f"passes of {predictor.segmenter.name}", index + 1, PASSES + 1, "")
    return statistics.median(times[1:])
