"""Measurement of effective receptive fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..datasets.base import Frame
from ..datasets.depth import depth_of
from ..errors import InputError
from ..inference.condition_images import ConditionImages
from ..inference.provenance import provenance
from ..models.display_names import display_names
from ..prefetch import prefetch
from ..progress import Progress, silent
from ..protocol.condition import CLEAN, Condition, Draw
from .extent import Map
from .field import Field, Measurement
from .gradients import batch_sums
from .inputs import network_input
from .plan import FieldPlan, ModelUnits


def measure_fields(plan: FieldPlan, progress: Progress = silent) -> Measurement:
    """Measure one field per model, condition and layer.

    Raises InputError for a model that fails, and for a gradient that is 0 or not finite.
    """
    return Measurement(
        fields=tuple(
            field
            for model in plan.models
            for condition in plan.conditions
            for field in _fields(plan, model, condition, progress)
        ),
        left_out={m.segmenter.name: m.left_out for m in plan.models if m.left_out},
        encoders=tuple(m.segmenter.name for m in plan.models if not m.segmenter.classes),
        session=provenance(plan.device),
    )


def _fields(
    plan: FieldPlan, model: ModelUnits, condition: Condition, progress: Progress
) -> Iterator[Field]:
    request, segmenter, layers = plan.request, model.segmenter, tuple(model.units)
    sums: dict[str, Map] = {}
    done = 0
    name = display_names(each.segmenter.name for each in plan.models)[segmenter.name]
    label = name if condition == CLEAN else f"{name}, {condition.label}"
    for images in _batches(plan, condition):
        x = network_input(segmenter, images, plan.size, plan.device)  # (N, 3, H, W)
        for layer, total in batch_sums(segmenter, layers, x, request.unit, request.method).items():
            sums[layer.name] = sums.get(layer.name, 0) + total
        done += len(images)
        progress(label, done, len(plan.frames), f"{len(layers)} layers")
    for layer, unit in model.units.items():
        gradient = sums[layer.name] / done
        if not gradient.any():
            raise InputError(
                f"--model {segmenter.name}: {layer.name}: the gradient of its unit {unit.position} "
                "is 0 on every pixel of every image; there is no field to show"
            )
        choices = plan.choices(model, layer, condition)
        yield Field(segmenter.name, condition.label, layer.name, unit, gradient, choices)


def _batches(plan: FieldPlan, condition: Condition) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield batches of images; a thread reads and corrupts the next while the network runs."""
    made = ConditionImages(plan.request.seed)
    jobs = (
        partial(_image, frame, facts.key, Draw(condition), made)
        for frame, facts in zip(plan.dataset.frames, plan.frames, strict=False)
    )
    with closing(prefetch(jobs, 1)) as images:
        while batch := list(islice(images, plan.request.batch)):
            yield batch


def _image(frame: Frame, key: str, draw: Draw, made: ConditionImages) -> NDArray[np.uint8]:
    depth = depth_of(frame) if draw.condition.needs_depth else None
    return made.make(draw, frame.image(), key, depth=depth)
