"""What a run will cost, before it is begun: predictions, arithmetic, memory, bytes, time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import nn

from corruptions import Implementation, corrupt

from ..datasets.streets import render
from ..errors import InputError
from ..inference.costs import costs, load_for_costs
from ..inference.devices import batch_size, device_kind, gpu_count, resolve_device
from ..inference.windows import window_grid
from ..models.base import Segmenter, Window
from ..models.counting import activation_bytes, multiply_adds, parameters
from ..models.registry import parse_choice
from ..progress import Progress, silent
from ..protocol.condition import CLEAN, Condition
from ..protocol.input_geometry import Scale, Size
from ..protocol.request import Request
from .sources import find_source

BYTES_PER_CELL = 1000
"""Of the store, for 19 classes, rounded up from what runs on Cityscapes and streets take."""


@dataclass(frozen=True)
class Forecast:
    """What a run of some models under all conditions of a suite costs."""

    models: pd.DataFrame
    """By model: gflops (10^9 multiply-adds of a prediction, mean over the conditions), memory
    (bytes of weights and of the activations of a batch), seconds (of a prediction by one worker).
    What a model does not tell, or nothing was measured of, is missing."""
    conditions: int
    images: int
    batch: int
    """How many conditions of an image are predicted together."""
    workers: int
    corrupting: float | None
    """Seconds that making the mean image takes one core; None: not measured."""
    seconds: float | None
    """Of the whole run, by all workers together; None: nothing is known of the speed."""

    @property
    def cells(self) -> int:
        """The number of predictions."""
        return self.conditions * self.images * len(self.models)

    @property
    def flops(self) -> float:
        """Multiply-adds of the run."""
        return float(1e9 * self.models["gflops"].sum() * self.conditions * self.images)

    @property
    def store(self) -> int:
        """Bytes of the run on disk, without its pictures."""
        return self.cells * BYTES_PER_CELL


def forecast(
    request: Request,
    images: int,
    size: Size,
    *,
    workers: int = 1,
    classes: int = 19,
    rates: Sequence[float] = (),
    measure: bool = False,
    progress: Progress = silent,
) -> Forecast:
    """Return what a request costs on images of a size (height, width), shared among workers.

    The speed is that of `rates`, images per second of one worker for each model, or is measured
    here on the device of the request. A model of ours has random weights. Nothing is read. Raises
    InputError for what is unknown or does not fit together.
    """
    if rates and (measure or len(rates) != len(request.models) or min(rates) <= 0):
        raise InputError(
            "--frames-per-second: goes without --measure, once for each --model, above 0"
        )
    for choice in request.models:
        parse_choice(choice)
    device = resolve_device(request.device) if measure else (request.device or "cuda")
    suite = find_source(request).suite
    scale = None if request.input_scale is None else Scale("scale", request.input_scale)
    conditions = [
        condition.at_scale(scale)
        for condition in (CLEAN, *suite.conditions)
        for _ in range(request.draws if condition.random else 1)
    ]
    batch = request.batch or batch_size([size], device, request.input_scale)
    rows = []
    for choice in request.models:
        segmenter = load_for_costs(choice, classes, shapes_alone=True)
        rows.append({"model": choice, **_counted(segmenter, conditions, size, batch)})
    table = pd.DataFrame(rows, columns=["model", "own", "gflops", "memory"]).set_index("model")
    corrupting = None
    if measure:
        found = costs(
            request.models,
            size,
            classes=classes,
            device=device,
            precision=request.precision,
            progress=progress,
        )
        rates = found["images_per_second"].tolist()
        corrupting = _corrupting(conditions, size, request.implementation, progress)
    # At other scales than the model's own, the time is as the multiply-adds.
    scales = (table["gflops"] / table["own"]).fillna(1)
    table["seconds"] = scales / np.array(rates) if len(rates) else np.nan
    seconds = None
    if len(rates):
        one = _together(float(table["seconds"].sum()), corrupting or 0, device)
        seconds = one * len(conditions) * images / workers
    table = table.drop(columns="own")
    return Forecast(table, len(conditions), images, batch, workers, corrupting, seconds)


def _together(predicting: float, corrupting: float, device: str) -> float:
    """Return the seconds of an image under one condition, made and predicted by all models."""
    if device_kind(device) == "cpu":  # both take the same cores
        return predicting + corrupting
    cores = max(1, (os.cpu_count() or 1) // max(1, gpu_count()))
    return max(predicting, corrupting / cores)


def _counted(
    segmenter: Segmenter, conditions: Sequence[Condition], size: Size, batch: int
) -> dict[str, float]:
    network = segmenter.network
    if not isinstance(network, nn.Module) or not parameters(network):
        return {}
    own = segmenter.preprocessing.input_size(size)
    seen = [
        (item.scale.size(size), item.view(size).window or segmenter.window)
        if item.scale
        else (own, segmenter.window)
        for item in conditions
    ]
    counts = {look: _executed(network, *look, batch) for look in {*seen, (own, segmenter.window)}}
    return {
        "own": counts[own, segmenter.window][0],
        "gflops": float(np.mean([counts[look][0] for look in seen])),
        "memory": 4 * parameters(network) + max(counts[look][1] for look in seen),
    }


def _executed(network: nn.Module, inside: Size, window: Window, batch: int) -> tuple[float, float]:
    grid = window_grid(window, inside)
    crop = (grid.height, grid.width)
    try:
        adds = grid.number * multiply_adds(network, crop)
        return adds / 1e9, activation_bytes(network, crop, batch)
    except Exception:  # a network from elsewhere may need values, which are not there
        return float("nan"), float("nan")


def _corrupting(
    conditions: Sequence[Condition], size: Size, implementation: Implementation, progress: Progress
) -> float:
    """Return the mean seconds that a condition's image takes, each corruption timed once."""
    image = render("val", 0, size[1], size[0])[0]  # (H, W, 3)
    made = [condition.corruption or ("", 0) for condition in conditions]
    times: dict[str, float] = {}
    distinct = {name: (name, severity) for name, severity in made if severity}
    for done, (name, severity) in enumerate(distinct.values(), start=1):
        corrupt(image, name, severity, implementation=implementation)  # compiles
        start = time.perf_counter()
        corrupt(image, name, severity, implementation=implementation)
        times[name] = time.perf_counter() - start
        progress("corruptions", done, len(distinct), name)
    return float(np.mean([times.get(name, 0.0) for name, _ in made]))
