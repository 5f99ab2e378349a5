"""Models of which only some classes are predicted, or whose classes are in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError
from .base import AS_NUMBERED, LabelFunction, SavedPredictions, Segmenter
from .class_names import class_name_notes, order_of_classes


def in_order(
    segmenter: Segmenter, own: Sequence[str] | None, classes: Sequence[str], as_is: bool
) -> tuple[Segmenter, list[str]]:
    """Put a model's own classes into the order of the data's; return notes on them as well."""
    order = None if as_is else order_of_classes(f"--model {segmenter.name}", own, classes)
    ignored = segmenter.convention.ignored
    if as_is:
        segmenter = replace(segmenter, convention=AS_NUMBERED)
    elif order is not None and ignored in order:
        convention = segmenter.convention._replace(ignored=order.index(ignored))
        segmenter = replace(segmenter, convention=convention)
    notes = ["its classes are put into the data's order"]
    if order is None:
        notes = class_name_notes(own, classes)
    else:
        segmenter = reorder_classes(segmenter, order)
        # In the run's specification: it may come from a file beside the weights.
        weights = {**segmenter.weights, "class_order": ",".join(map(str, order))}
        segmenter = replace(segmenter, weights=weights)
    return replace(segmenter, classes=tuple(classes)), notes


def reorder_classes(segmenter: Segmenter, order: Sequence[int]) -> Segmenter:
    """Return the model with its classes in another order: the old number of each new class."""
    classes = tuple(segmenter.classes[number] for number in order)
    network = segmenter.network
    if isinstance(network, nn.Module):
        outputs = len(order) + segmenter.spare_outputs
        network = RestrictedNetwork(network, order, outputs).eval()
        return replace(segmenter, network=network, classes=classes, spare_outputs=0)
    if isinstance(network, SavedPredictions):
        values = tuple(network.values[number] for number in order)
        return replace(segmenter, network=replace(network, values=values), classes=classes)
    return replace(segmenter, network=RelabelledFunction(network, order), classes=classes)


def restrict_classes(segmenter: Segmenter, kept: Sequence[int]) -> Segmenter:
    """Return the model with the kept classes only, or the model itself if it keeps all.

    Raises InputError for a model that gives labels and no logits.
    """
    if len(kept) == len(segmenter.classes):
        return segmenter
    if not isinstance(segmenter.network, nn.Module):
        raise InputError(
            f"--class-map-mode restricted: {segmenter.name} gives labels and no logits; use wrong"
        )
    outputs = len(segmenter.classes) + segmenter.spare_outputs
    return replace(
        segmenter,
        network=RestrictedNetwork(segmenter.network, kept, outputs),
        classes=tuple(segmenter.classes[number] for number in kept),
        spare_outputs=0,
    )


class RelabelledFunction:
    """A label function whose labels are renumbered; other values are left to the caller's check."""

    def __init__(self, function: LabelFunction, order: Sequence[int]) -> None:
        self.function = function
        self.numbers = np.argsort(order)  # new number of each old class

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the labels (H, W) of an RGB uint8 (H, W, 3) image."""
        labels = np.asarray(self.function(image))
        known = labels.dtype.kind in "iu" and labels.size
        if not known or not 0 <= labels.min() <= labels.max() < len(self.numbers):
            return labels
        renumbered: NDArray[Any] = self.numbers[labels]  # (H, W)
        return renumbered


class RestrictedNetwork(nn.Module):
    """A network that returns only some channels of another one's logits."""

    def __init__(self, network: nn.Module, kept: Sequence[int], outputs: int) -> None:
        super().__init__()
        self.network = network
        self.kept = list(kept)
        self.outputs = outputs

    def forward(self, image: Tensor) -> Any:
        """Return the logits (N, kept, h, w) of images (N, 3, H, W)."""
        logits = self.network(image)
        if logits.shape[1] != self.outputs:
            raise ValueError(f"{logits.shape[1]} channels of logits, expected {self.outputs}")
        return logits[:, self.kept]  # (N, outputs, h, w) -> (N, kept, h, w)
