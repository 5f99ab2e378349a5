"""Models that predict only some of their classes: the argmax is taken over their logits alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from ..errors import InputError
from .base import Segmenter


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
