"""What is to be measured: models loaded, frames read, layers found; what can fail early has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from torch import Tensor

from ..datasets.base import Dataset
from ..datasets.registry import open_dataset
from ..errors import InputError
from ..inference.devices import default_threads, resolve_device
from ..models.base import Segmenter
from ..models.registry import load_model
from ..progress import Progress
from ..versions import EVALUATING, versions
from .gradients import Method, Unit, batch_sums, constant, scores
from .inputs import (
    Condition,
    FrameFacts,
    Size,
    input_size,
    network_input,
    parse_condition,
    read_all,
)
from .layers import Layer, layers_of
from .measures import Pixel

PUBLISHED_IMAGES: Mapping[Method, int] = {"luo": 100, "replknet": 50}
"""How many images SegFormer's Figure 3 averages over, and RepLKNet's."""
REPLKNET_SIZE = (1024, 1024)
ROUNDING = 1e-4
"""Of the rectified gradient: a gradient of the sum below this is what rounding leaves of 0."""
RANDOM = "random"


@dataclass(frozen=True)
class Subject:
    """A model, its layers with their units, and the size of its input."""

    segmenter: Segmenter
    units: Mapping[Layer, Unit]
    size: Size
    constant: tuple[str, ...] = ()
    """Layers that were asked for, and have no field by `luo`: their channels' sum is constant."""


@dataclass(frozen=True)
class Plan:
    """All that is needed to measure."""

    subjects: tuple[Subject, ...]
    conditions: tuple[Condition, ...]
    dataset: Dataset
    frames: tuple[FrameFacts, ...]
    method: Method
    size: Size | None
    """What was asked for; None: each model's own."""
    at: Pixel | None
    seed: int
    device: str
    batch: int

    def choices(self, subject: Subject, layer: Layer, condition: Condition) -> dict[str, Any]:
        """Return every choice behind a field, as plain values for JSON."""
        segmenter, unit = subject.segmenter, subject.units[layer]
        preprocessing = segmenter.preprocessing
        native = self.frames[0].size
        own = "no" if subject.size == native else "bilinear, normalised, as in evaluation"
        return {
            "model": {
                "name": segmenter.name,
                "trained_on": segmenter.trained_on,
                "weights": dict(segmenter.weights),
            },
            "layer": {
                "name": layer.name,
                "module": layer.module,
                "part": layer.part,
                "channels": layer.channels,
            },
            "method": self.method,
            "unit": {
                "asked": "center" if self.at is None else list(self.at),
                "position": list(unit.position),
                "map_size": list(unit.map_size),
                "pixel": list(unit.pixel),
            },
            "input": {
                "size": list(subject.size),
                "resized": own if self.size is None else "bicubic (Pillow), as in RepLKNet",
                "mean": list(preprocessing.mean),
                "std": list(preprocessing.std),
                "channels": preprocessing.channels,
                "window": "whole",
            },
            "condition": {
                "corruption": condition.corruption,
                "severity": condition.severity,
                "seed": self.seed,
            },
            "data": {
                "dataset": self.dataset.name,
                "split": self.dataset.split,
                "images": [{"name": frame.name, "digest": frame.key} for frame in self.frames],
            },
            "machine": {
                "device": self.device,
                "threads": default_threads(),
                "batch": self.batch,
            },
            "versions": versions(EVALUATING),
        }


def make_plan(
    models: Sequence[str | Segmenter],
    *,
    stages: Sequence[str],
    layers: Sequence[str],
    method: Method,
    images: int | None,
    size: Size | None,
    unit: Pixel | None,
    conditions: Sequence[str],
    data: str | None,
    split: str,
    weights: str | None,
    seed: int,
    device: str | None,
    batch: int,
    progress: Progress,
) -> Plan:
    """Resolve names, load weights, read every frame; see `effective_receptive_field`."""
    if method not in get_args(Method):
        raise InputError(f"--method {method}: use one of {', '.join(get_args(Method))}")
    if images is not None and images < 1:
        raise InputError(f"--images {images}: must be at least 1")
    if batch < 1:
        raise InputError(f"--batch {batch}: must be at least 1")
    if size is None and method == "replknet":
        size = REPLKNET_SIZE
    if size is not None and min(size) < 1:
        raise InputError(f"--size {size[0]}x{size[1]}: each side must be at least 1")
    chosen = tuple(dict.fromkeys(map(parse_condition, conditions)))
    where = resolve_device(device)
    dataset = open_dataset(data, split, images)
    segmenters = _load(models, dataset, weights, seed)
    found = [layers_of(segmenter, stages, layers) for segmenter in segmenters]
    wanted = dataset.frames[: images or PUBLISHED_IMAGES[method]]
    if images is not None and len(wanted) < images:
        raise InputError(
            f"--images {images}: {dataset.name} ({split}) has {len(wanted)}; ask for as many"
        )
    frames = read_all(wanted, progress)
    subjects = []
    for segmenter, its_layers in zip(segmenters, found, strict=True):
        entered = input_size(segmenter, frames, size)
        if unit is not None and not all(0 <= p < s for p, s in zip(unit, entered, strict=True)):
            raise InputError(
                f"--unit {unit[0]},{unit[1]}: outside the input of {segmenter.name}, which is "
                f"{entered[0]}x{entered[1]}; give y,x in its pixels, from 0"
            )
        segmenter.network.to(where)  # type: ignore[union-attr]  # layers_of refuses functions
        x = network_input(segmenter, [wanted[0].image()], size, where)
        subjects.append(_subject(segmenter, its_layers, x, unit, method))
    return Plan(
        subjects=tuple(subjects),
        conditions=chosen,
        dataset=dataset,
        frames=frames,
        method=method,
        size=size,
        at=unit,
        seed=seed,
        device=where,
        batch=batch,
    )


def _subject(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Method
) -> Subject:
    """Find the units of layers by a pass of one input; InputError where none has a field."""
    size = (x.shape[2], x.shape[3])
    with constant(segmenter):
        found = scores(segmenter, layers, x.requires_grad_(), at, method)
        units = {layer: score.unit for layer, score in found.items()}
        del found  # which holds all that a backward pass needs
    if method != "luo":
        return Subject(segmenter, units, size)
    # After a layer norm of equal gains, as it is before training, the channels sum to a constant.
    sums = batch_sums(segmenter, layers, x, at, "luo")
    rectified = batch_sums(segmenter, layers, x, at, "replknet")
    lost = [layer for layer in layers if sums[layer].max() < ROUNDING * rectified[layer].max()]
    if len(lost) == len(layers):
        raise InputError(
            f"--model {segmenter.name}: {lost[0].name}: its channels always sum to the same, as "
            "after a layer norm of equal gains, so that luo finds only rounding; use --method "
            "replknet, or as --layer what is before the norm"
        )
    kept = {layer: unit for layer, unit in units.items() if layer not in lost}
    return Subject(segmenter, kept, size, tuple(layer.name for layer in lost))


def _load(
    models: Sequence[str | Segmenter], dataset: Dataset, weights: str | None, seed: int
) -> tuple[Segmenter, ...]:
    if not models:
        raise InputError("--model: name at least one")
    if weights not in (None, RANDOM) and len(models) != 1:
        raise InputError("--weights: goes with one --model; with several, write --model NAME@FILE")
    segmenters = tuple(
        model
        if isinstance(model, Segmenter)
        else load_model(
            model,
            data=dataset.name,
            weights=weights,
            classes=dataset.class_names,
            seed=seed,
            encoders=True,
        )
        for model in models
    )
    names = [segmenter.name for segmenter in segmenters]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--model: two are called {twice}; name each once, or rename a file")
    return segmenters
