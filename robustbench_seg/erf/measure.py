"""Effective receptive fields, measured: `effective_receptive_field` is what a user calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..datasets.base import Frame
from ..errors import InputError
from ..inference.prefetch import prefetch
from ..models.base import Segmenter
from ..progress import Progress, silent
from .field import Field
from .gradients import Method, batch_sums
from .inputs import Condition, Size, network_input
from .layers import ALL
from .measures import Map, Pixel
from .plan import Plan, Subject, make_plan


def effective_receptive_field(
    model: str | Segmenter | Sequence[str | Segmenter] = "b0",
    *,
    stages: Sequence[str] = (ALL,),
    layers: Sequence[str] = (),
    method: Method = "luo",
    images: int | None = None,
    size: Size | None = None,
    unit: Pixel | None = None,
    conditions: Sequence[str] = ("clean",),
    data: str | None = None,
    split: str = "val",
    weights: str | None = None,
    seed: int = 0,
    device: str | None = None,
    batch: int = 1,
    progress: Progress = silent,
) -> tuple[Field, ...]:
    """Measure the effective receptive fields of models: one a model, condition and layer.

    stages are of "1" to "4", "head" and "all"; layers are names of modules, in addition. `luo` is
    the procedure of Luo et al. (arXiv 1701.04128), `replknet` that of Ding et al. (2203.06717).
    The first `images` frames are taken: by default 16 of streets, else as many as were published,
    100 and 50. size is (height, width) of the input; by default the model's own, and 1024x1024 for
    `replknet`. unit is a pixel (y, x) of the input; None is the centre. conditions are "clean" and
    corruptions with a severity, "fog:3". Raises InputError for anything that cannot be measured.
    """
    plan = make_plan(
        [model] if isinstance(model, str | Segmenter) else model,
        stages=stages,
        layers=layers,
        method=method,
        images=images,
        size=size,
        unit=unit,
        conditions=conditions,
        data=data,
        split=split,
        weights=weights,
        seed=seed,
        device=device,
        batch=batch,
        progress=progress,
    )
    return execute(plan, progress)


def execute(plan: Plan, progress: Progress = silent) -> tuple[Field, ...]:
    """Measure what is planned."""
    return tuple(
        field
        for subject in plan.subjects
        for condition in plan.conditions
        for field in _measure(plan, subject, condition, progress)
    )


def _measure(
    plan: Plan, subject: Subject, condition: Condition, progress: Progress
) -> Iterator[Field]:
    segmenter, layers = subject.segmenter, tuple(subject.units)
    sums: dict[str, Map] = {}
    done = 0
    for group in _batches(plan, condition):
        x = network_input(segmenter, group, plan.size, plan.device)  # (N, 3, H, W)
        for layer, total in batch_sums(segmenter, layers, x, plan.at, plan.method).items():
            sums[layer.name] = sums.get(layer.name, 0) + total
        done += len(group)
        label = (
            segmenter.name if condition.name == "clean" else f"{segmenter.name}, {condition.name}"
        )
        progress(label, done, len(plan.frames), f"{len(layers)} layers")
    for layer, unit in subject.units.items():
        gradient, name = sums[layer.name] / done, layer.name
        if not gradient.any():
            raise InputError(
                f"--model {segmenter.name}: {name}: the gradient of its unit {unit.position} is 0 "
                "on every pixel of every image; there is no field to show"
            )
        choices = plan.choices(subject, layer, condition)
        yield Field(segmenter.name, condition.name, layer.name, unit, gradient, choices)


def _batches(plan: Plan, condition: Condition) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield the images, which a thread reads and corrupts while the network is at work."""
    jobs = (
        partial(_see, frame, condition, plan.seed, facts.key)
        for frame, facts in zip(plan.dataset.frames, plan.frames, strict=False)
    )
    with closing(prefetch(jobs, 1)) as images:
        while group := list(islice(images, plan.batch)):
            yield group


def _see(frame: Frame, condition: Condition, seed: int, key: str) -> NDArray[np.uint8]:
    return condition.apply(frame.image(), seed, key)
