"""The models that a choice can name, as a list."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .adapters.python import registered
from .catalogue import MODELS
from .named_weights import NAMED_WEIGHTS


@dataclass(frozen=True)
class ModelInfo:
    """A line of `robustseg models`."""

    name: str
    title: str
    description: str
    parameters: int | None
    """Number of parameters with the 19 classes of Cityscapes; None for a package's model."""
    weights: tuple[str, ...]
    """Names of the data that it has weights for."""
    published: str = ""
    """Who publishes other weights, and their licence."""


def list_models() -> tuple[ModelInfo, ...]:
    """Return the models that a choice can name."""
    infos = []
    for name, model in MODELS.items():
        with torch.device("meta"):
            network = model.build(19 + model.spare_outputs)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        weights = tuple(data for known, data in NAMED_WEIGHTS if known == name)
        infos.append(
            ModelInfo(name, model.title, model.description, parameters, weights, model.published)
        )
    for name, entry in registered().items():
        if name not in MODELS:
            package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            infos.append(ModelInfo(name, name, f"registered by {package}", None, ()))
    return tuple(infos)
