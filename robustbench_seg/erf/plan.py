"""Preparation of a measurement: models loaded, frames read, units found; errors come early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from ..datasets.base import Dataset
from ..datasets.registry import open_dataset
from ..errors import InputError
from ..inference.devices import default_threads, resolve_device
from ..models.base import Segmenter
from ..models.registry import load_models
from ..progress import Progress
from ..protocol.condition import Condition, parse_condition
from ..versions import EVALUATING, versions
from .field import Unit
from .gradients import activations, batch_sums, frozen_parameters
from .inputs import FrameFacts, common_input_size, network_input, read_frames
from .layers import ALL, Layer, layers_of
from .request import PUBLISHED_FRAMES, REPLKNET_SIZE, ErfRequest, Pixel, Procedure, Size

ROUNDING = 1e-4
"""A luo gradient below this share of the replknet gradient is a rounding error of 0."""


@dataclass(frozen=True)
class ModelUnits:
    """A model, the layers to measure with their units, and the size of its input."""

    segmenter: Segmenter
    units: Mapping[Layer, Unit]
    size: Size
    left_out: tuple[str, ...] = ()
    """Requested layers without a field by `luo`, because their channels' sum is constant."""


@dataclass(frozen=True)
class FieldPlan:
    """A validated, ready-to-run measurement."""

    request: ErfRequest
    models: tuple[ModelUnits, ...]
    conditions: tuple[Condition, ...]
    dataset: Dataset
    frames: tuple[FrameFacts, ...]
    size: Size | None
    """Explicit size (height, width) of the input; None: each model's own."""
    device: str

    def choices(self, model: ModelUnits, layer: Layer, condition: Condition) -> dict[str, Any]:
        """Return every choice behind a field, as plain values for JSON."""
        request, segmenter, unit = self.request, model.segmenter, model.units[layer]
        preprocessing = segmenter.preprocessing
        native = self.frames[0].size
        own = "no" if model.size == native else "bilinear, normalised, as in evaluation"
        corruption, severity = condition.corruption or ("", 0)
        return {
            "model": {
                "name": segmenter.name,
                "trained_on": segmenter.trained_on,
                "weights": dict(segmenter.weights),
            },
            "layer": asdict(layer),
            "method": request.method,
            "unit": {
                "asked": "center" if request.unit is None else list(request.unit),
                **{key: list(value) for key, value in unit._asdict().items()},
            },
            "input": {
                "size": list(model.size),
                "resized": own if self.size is None else "bicubic (Pillow), as in RepLKNet",
                "mean": list(preprocessing.mean),
                "std": list(preprocessing.std),
                "channels": preprocessing.channels,
                "window": "whole",
            },
            "condition": {"corruption": corruption, "severity": severity, "seed": request.seed},
            "data": {
                "dataset": self.dataset.name,
                "split": self.dataset.split,
                "images": [{"name": frame.name, "digest": frame.key} for frame in self.frames],
            },
            "machine": {
                "device": self.device,
                "threads": default_threads(),
                "batch": request.batch,
            },
            "versions": versions(EVALUATING),
        }


def plan_fields(request: ErfRequest, progress: Progress) -> FieldPlan:
    """Load the models, read every frame and find the units; InputError for what cannot be done."""
    conditions = tuple(dict.fromkeys(map(_condition, request.conditions)))
    device = resolve_device(request.device)
    dataset = open_dataset(request.data, request.split, request.limit, frames=request.frames)
    segmenters = load_models(
        request.models,
        data=dataset.name,
        taxonomy=dataset.taxonomy,
        weights=None if request.weights is None else str(request.weights),
        classes=dataset.class_names,
        seed=request.seed,
        encoders=True,
    )
    stages = request.stages
    if stages is None:
        stages = () if request.layers else (ALL,)
    layers = [layers_of(segmenter, stages, request.layers) for segmenter in segmenters]
    wanted = dataset.frames[: request.limit or PUBLISHED_FRAMES[request.method]]
    if request.limit is not None and len(wanted) < request.limit:
        raise InputError(
            f"--limit {request.limit}: {dataset.name} ({dataset.split}) has {len(wanted)} frames; "
            "give a smaller number"
        )
    frames = read_frames(wanted, progress)
    size = REPLKNET_SIZE if request.size is None and request.method == "replknet" else request.size
    models = []
    for segmenter, its_layers in zip(segmenters, layers, strict=True):
        height, width = common_input_size(segmenter, frames, size)
        if (unit := request.unit) and not (0 <= unit[0] < height and 0 <= unit[1] < width):
            raise InputError(
                f"--unit {unit[0]},{unit[1]}: outside the input of {segmenter.name}, which is "
                f"{width}x{height}; give Y,X in its pixels, from 0"
            )
        segmenter.network.to(device)  # type: ignore[union-attr]  # layers_of refuses functions
        x = network_input(segmenter, [wanted[0].image()], size, device)  # (1, 3, H, W)
        models.append(_model_units(segmenter, its_layers, x, request.unit, request.method))
    return FieldPlan(request, tuple(models), conditions, dataset, frames, size, device)


def _condition(text: str) -> Condition:
    try:
        return parse_condition(text)
    except InputError as error:
        raise InputError(f"--condition: {error}") from None


def _model_units(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Procedure
) -> ModelUnits:
    """Find the units of layers on one input (1, 3, H, W); InputError if no layer has a field."""
    size = (x.shape[2], x.shape[3])
    with frozen_parameters(segmenter):
        found = activations(segmenter, layers, x.requires_grad_(), at, method)
        units = {layer: activation.unit for layer, activation in found.items()}
        del found  # which holds the graph for a backward pass
    if method != "luo":
        return ModelUnits(segmenter, units, size)
    # After a layer norm with equal gains, as before training, the channels sum to a constant.
    sums = batch_sums(segmenter, layers, x, at, "luo")
    rectified = batch_sums(segmenter, layers, x, at, "replknet")
    lost = [layer for layer in layers if sums[layer].max() < ROUNDING * rectified[layer].max()]
    if len(lost) == len(layers):
        raise InputError(
            f"--model {segmenter.name}: {lost[0].name}: its channels always sum to the same value, "
            "as after a layer norm with equal gains, and luo finds only rounding errors; use "
            "--method replknet, or as --layer the module before the norm"
        )
    kept = {layer: unit for layer, unit in units.items() if layer not in lost}
    return ModelUnits(segmenter, kept, size, tuple(layer.name for layer in lost))
