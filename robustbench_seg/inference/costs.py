"""Costs of models at an image size: parameters, multiply-adds, and images per second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from ..datasets.streets import render
from ..errors import InputError
from ..models.base import AUTO, Precision, RuntimeChoice, Segmenter
from ..models.catalogue import MODELS
from ..models.counting import multiply_adds, parameters, published_multiply_adds
from ..models.model_names import model_name
from ..models.named_weights import RANDOM
from ..models.registry import load_model, parse_choice
from ..progress import Progress, silent
from ..protocol.input_geometry import Size
from .predict import Predictor
from .runtimes.choice import choose_runtime
from .windows import window_grid

SMALLEST = (32, 64)
"""Smallest height and width that costs are given for."""
PASSES = 5
"""Number of timed passes, after one to warm up; their median counts."""
COLUMNS = (
    *("model", "parameters", "gflops", "gflops_executed"),
    *("windows", "window_width", "window_height", "images_per_second", "runtime"),
)


def costs(
    choices: Sequence[str],
    size: Size,
    *,
    classes: int = 19,
    device: str | None = None,
    runtime: RuntimeChoice = AUTO,
    precision: Precision = "float32",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return the cost of each model for one image of size (height, width), one row per model.

    `gflops` counts 10^9 multiply-adds of one pass over the whole image, as papers do;
    `gflops_executed` counts those of the prediction in `windows` windows. `images_per_second`, from
    image to label map, is measured if a device is given. Built-in models without named weights get
    random ones. Unknown numbers are missing. Raises InputError for an unknown model, a size under
    64x32, and a model with another number of classes.
    """
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        smallest = f"{SMALLEST[1]}x{SMALLEST[0]}"
        raise InputError(f"--size {size[1]}x{size[0]}: too small; use at least {smallest}")
    for choice in choices:
        parse_choice(choice)
    rows = []
    for index, choice in enumerate(choices):
        segmenter = load_for_costs(choice, classes, shapes_alone=device is None)
        row = {"model": choice, **_counts(segmenter, size)}
        if device is not None:
            # Several windows at once are slower on a CPU: their arrays outgrow the allocator.
            batch = 1 if device == "cpu" else row["windows"]
            # Not noise, of which labelling is slower.
            image = render("val", 0, size[1], size[0])[0]  # (H, W, 3)
            chosen = choose_runtime(runtime, segmenter, image, device=device, precision=precision)
            predictor = Predictor(
                segmenter, device, precision, segmenter.window, batch=batch, run=chosen.run
            )
            row["images_per_second"] = 1 / _seconds(predictor, image, progress)
            row["runtime"] = chosen.name
        rows.append(row)
        progress("models", index + 1, len(choices), choice)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"parameters": "Int64"})


def load_for_costs(choice: str, classes: int, *, shapes_alone: bool) -> Segmenter:
    """Load a model with `classes` outputs; built-in models get random weights.

    With `shapes_alone` these are on the meta device: drawing the 85 million weights of B5 takes
    longer than counting with their shapes.
    """
    name = model_name(choice)
    built_in = name in MODELS
    with torch.device("meta") if built_in and shapes_alone else nullcontext():
        return load_model(
            f"{name}@{RANDOM}" if built_in else choice,
            data=f"--classes {classes}",
            classes=[f"class {number}" for number in range(classes)],
        )


def _counts(segmenter: Segmenter, size: Size) -> dict[str, Any]:
    network, input_size = segmenter.network, segmenter.preprocessing.input_size(size)
    grid = window_grid(segmenter.window, input_size)
    counts: dict[str, Any] = {
        "windows": grid.number,
        "window_width": grid.width,
        "window_height": grid.height,
    }
    if isinstance(network, nn.Module) and parameters(network):
        counts["parameters"] = parameters(network)
        # A third-party network may need pixel values, which shapes lack: it stays uncounted.
        with suppress(Exception):
            executed = grid.number * multiply_adds(network, (grid.height, grid.width))
            counts["gflops"] = published_multiply_adds(network, input_size) / 1e9
            counts["gflops_executed"] = executed / 1e9
    return counts


def _seconds(predictor: Predictor, image: NDArray[np.uint8], progress: Progress) -> float:
    """Return the median seconds of predicting an image, RGB uint8 (H, W, 3)."""
    times = []
    for index in range(PASSES + 1):
        start = time.perf_counter()
        predictor.labels(image[np.newaxis], (image.shape[0], image.shape[1]))
        times.append(time.perf_counter() - start)
        progress(f"passes of {predictor.segmenter.name}", index + 1, PASSES + 1, "")
    return statistics.median(times[1:])
