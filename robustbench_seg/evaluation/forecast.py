"""Forecast of a run: predictions, multiply-adds, memory, disk space and time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from ..corruptions import corrupt
from ..corruptions.finding import check_sizes
from ..datasets.streets import photograph
from ..errors import InputError
from ..inference.costs import costs, load_for_costs
from ..inference.devices import batch_size, device_kind, gpu_count, resolve_device
from ..inference.windows import window_grid
from ..models.base import AUTO, Precision, RuntimeChoice, Segmenter, Window
from ..models.counting import activation_bytes, multiply_adds, parameters
from ..models.registry import parse_choice
from ..progress import Progress, silent
from ..protocol.condition import CLEAN, Condition
from ..protocol.input_geometry import Size
from ..protocol.sampling import MIN_FRAMES
from ..protocol.suites import Suite
from ..protocol.target import read_target
from ..runs.run import StoredRun
from ..runs.store import Store
from ..scores.stopping import half_width, needed_share

BYTES_PER_CELL = 1000
"""Bytes of a cell in the store with 19 classes and the default measures.

Rounded up from runs on Cityscapes and streets."""
_PILOT = 0.1
"""Share of a complete run from which it is learnt how much scores vary."""


@dataclass(frozen=True)
class Forecast:
    """Cost of a run of models under all conditions of a suite."""

    models: pd.DataFrame
    """Index model; `gflops`: 10^9 multiply-adds of a prediction, mean over the conditions;
    `memory`: bytes of weights and of the activations of a batch; `seconds`: of a prediction by one
    worker. Unknown numbers are missing."""
    conditions: int
    images: int
    batch: int
    """Number of conditions of an image that are predicted together."""
    workers: int
    corrupting: float | None
    """Mean seconds of one core to corrupt an image; None: not measured."""
    seconds: float | None
    """Seconds of the whole run with all workers; None: speed unknown."""
    size: Size
    """(height, width) of the images."""
    share: float = 1.0
    """Share of the corrupted images that are predicted, 0 to 1."""

    @property
    def cells(self) -> int:
        """Number of predictions."""
        return self.predicted * len(self.models)

    @property
    def predicted(self) -> int:
        """Number of images that each model predicts, clean and corrupted ones."""
        return self.images + ceil(self.share * (self.conditions - 1) * self.images)

    @property
    def flops(self) -> float:
        """Multiply-adds of the run."""
        return float(1e9 * self.models["gflops"].sum() * self.predicted)

    @property
    def run(self) -> pd.DataFrame:
        """The numbers of the whole run, in one row."""
        names = ("conditions", "images", "share", "cells", "flops", "store", "workers")
        numbers = {name: getattr(self, name) for name in (*names, "corrupting", "seconds")}
        return pd.DataFrame([numbers])

    @property
    def store(self) -> int:
        """Bytes of the run on disk, without its pictures."""
        return self.cells * BYTES_PER_CELL


def forecast(
    models: Sequence[str],
    suite: Suite,
    images: int,
    size: Size,
    *,
    draws: int = 1,
    batch: int | None = None,
    device: str | None = None,
    runtime: RuntimeChoice = AUTO,
    precision: Precision = "float32",
    workers: int = 1,
    classes: int = 19,
    rates: Sequence[float] = (),
    timed: bool = False,
    until: str | float | None = None,
    pilot: str | Path | None = None,
    progress: Progress = silent,
) -> Forecast:
    """Return the cost of models under a suite on images of a size (height, width).

    The speed is given by `rates`, images per second of one worker for each model, or is measured
    on the device. With `until`, the run is sampled, as far as a `pilot` run says that it must be.
    Built-in models get random weights; no data is read. Raises InputError for unknown names and
    options that exclude each other.
    """
    if not models:
        raise InputError("--model: name at least one")
    if rates and (timed or len(rates) != len(models) or min(rates) <= 0):
        raise InputError(
            "--frames-per-second: needs one number above 0 for each --model, and no --timed"
        )
    for choice in models:
        parse_choice(choice)
    device = resolve_device(device) if timed else (device or "cuda")
    try:
        check_sizes([name for name, _ in suite.corrupted], [size])
    except InputError as error:
        raise InputError(f"--size: {error} with --corruptions") from error
    conditions = [
        condition
        for condition in (CLEAN, *suite.conditions)
        for _ in range(draws if condition.random else 1)
    ]
    batch = batch or batch_size([size], device)
    rows = []
    for choice in models:
        segmenter = load_for_costs(choice, classes, shapes_alone=True)
        rows.append({"model": choice, **_counts(segmenter, conditions, size, batch)})
    table = pd.DataFrame(rows, columns=["model", "native", "gflops", "memory"]).set_index("model")
    corrupting = seconds = None
    if timed:
        measured = costs(
            models,
            size,
            classes=classes,
            device=device,
            runtime=runtime,
            precision=precision,
            progress=progress,
        )
        rates = measured["images_per_second"].tolist()
        corrupting = _seconds_to_corrupt(conditions, size, progress)
    # At other input sizes than the model's own, the time is proportional to the multiply-adds.
    native = table.pop("native")
    table["seconds"] = (table["gflops"] / native).fillna(1) / np.array(rates) if rates else np.nan
    if rates:
        each = _seconds_per_image(float(table["seconds"].sum()), corrupting or 0, device)
        seconds = each * len(conditions) * images / workers
    found = Forecast(table, len(conditions), images, batch, workers, corrupting, seconds, size)
    if until is None and pilot is None:
        return found
    share = _share_needed(until, pilot, suite, len(conditions) - 1, images)
    sampled = replace(found, share=share)
    if seconds is not None:
        sampled = replace(sampled, seconds=seconds * sampled.cells / found.cells)
    return sampled


def _share_needed(
    until: str | float | None, pilot: str | Path | None, suite: Suite, conditions: int, images: int
) -> float:
    """Return the share of the corrupted images after which a run may stop."""
    target = None if until is None else read_target(until)
    if target is None or pilot is None:
        raise InputError(
            "--until and --pilot: give both, points (0.5 or retention:1.0) and a run of some "
            "frames, which tells how much the scores vary"
        )
    with Store.open(Path(pilot)) as store:
        run = StoredRun.of(store)
        if run.sample is None:  # all is done, which leaves no error to learn from
            run = StoredRun.of(store, max(_PILOT, MIN_FRAMES / len(run.spec.frames)))
    if run.sample is None:
        raise InputError(
            f"--pilot {pilot}: is no sample, and too small to take one of; make one by robustseg "
            "eval --sample 10%"
        )
    if run.spec.suite.digest != suite.digest:
        raise InputError(f"--pilot {pilot}: was run under another suite than {suite.name}")
    if target.score not in suite.scores(next(iter(run.sampled.values())).over_sample.values):
        raise InputError(f"--until {until}: {suite.name} has no {target.score}")
    size = conditions * images / (len(run.spec.frames) * len(run.spec.suite.conditions))
    widths = (half_width(each, suite.scores, target.score) for each in run.sampled.values())
    needed = needed_share(max(widths), run.sample.share, target.half_width, size)
    return min(1.0, max(needed, MIN_FRAMES / images))


def _seconds_per_image(predicting: float, corrupting: float, device: str) -> float:
    """Return the seconds to corrupt an image and predict it with all models."""
    if device_kind(device) == "cpu":  # both use the same cores
        return predicting + corrupting
    cores = max(1, (os.cpu_count() or 1) // max(1, gpu_count()))
    return max(predicting, corrupting / cores)


def _counts(
    segmenter: Segmenter, conditions: Sequence[Condition], size: Size, batch: int
) -> dict[str, float]:
    network = segmenter.network
    if not isinstance(network, nn.Module) or not parameters(network):
        return {}
    native = segmenter.preprocessing.input_size(size), segmenter.window
    inputs = [
        (item.scale.size(size), item.view(size).window or segmenter.window)
        if item.scale
        else native
        for item in conditions
    ]
    counts = {each: _count(network, *each, batch) for each in {*inputs, native}}
    costs = zip(conditions, inputs, strict=True)
    return {
        "native": counts[native][0],
        "gflops": float(np.mean([item.passes * counts[each][0] for item, each in costs])),
        "memory": 4 * parameters(network) + max(counts[each][1] for each in inputs),
    }


def _count(network: nn.Module, size: Size, window: Window, batch: int) -> tuple[float, float]:
    """Return the 10^9 multiply-adds of a prediction and the bytes of a batch's activations."""
    grid = window_grid(window, size)
    crop = (grid.height, grid.width)
    try:
        adds = grid.number * multiply_adds(network, crop)
        return adds / 1e9, activation_bytes(network, crop, batch)
    except Exception:  # a third-party network may need pixel values, which shapes lack
        return float("nan"), float("nan")


def _seconds_to_corrupt(conditions: Sequence[Condition], size: Size, progress: Progress) -> float:
    """Return the mean seconds over the conditions; each corruption is timed at one severity."""
    image, _, depth = photograph("val", 0, size[1], size[0])
    corruptions = [item.corruption[0] for item in conditions if item.corruption]
    seconds: dict[str, float] = {}
    distinct = {item.corruption[0]: item for item in conditions if item.corruption}
    for done, (name, item) in enumerate(distinct.items(), start=1):
        parameters = dict(item.parameters)
        corrupt(image, name, item.severity, parameters=parameters, depth=depth)  # compiles
        start = time.perf_counter()
        corrupt(image, name, item.severity, parameters=parameters, depth=depth)
        seconds[name] = time.perf_counter() - start
        progress("corruptions", done, len(distinct), name)
    return sum(seconds[name] for name in corruptions) / len(conditions)
