"""The specification of a model: everything about it that the numbers of a run depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any

from ..models.base import (
    NOTHING,
    TEMPERATURES,
    TORCH,
    PredictedBy,
    Preprocessing,
    Segmenter,
    Window,
)
from ..models.preprocessing import preprocessing_from_dict
from ..schema import Name, ReadBy
from .input_geometry import Size


def _preprocessing(value: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    preprocessing_from_dict(value, where)
    # As stored: the digest of a specification covers no later field.
    return {name: tuple(each) if isinstance(each, list) else each for name, each in value.items()}


@dataclass(frozen=True)
class ModelSpec:
    """A model and its settings in a run."""

    name: Name
    trained_on: str
    weights: Mapping[str, str]
    preprocessing: Annotated[Mapping[str, Any], ReadBy(_preprocessing)]
    window: Window
    runtime: PredictedBy = TORCH
    """What computes its logits; versions says which version."""
    temperature: Annotated[float, TEMPERATURES] = 1.0
    """What its logits are divided by for its probabilities (Guo et al., ICML 2017)."""

    @classmethod
    def of(cls, segmenter: Segmenter, window: Window, temperature: float = 1.0) -> ModelSpec:
        """Return the specification of a segmenter that is run with a window and a temperature."""
        return cls(
            segmenter.name,
            segmenter.trained_on,
            dict(segmenter.weights),
            asdict(segmenter.preprocessing),
            window,
            temperature=temperature,
        )

    @property
    def untrained(self) -> bool:
        """Whether the weights are random, and the scores mean nothing."""
        return self.trained_on == NOTHING

    def input_size(self, frame: Size) -> Size:
        """Return the size (height, width) at which the model itself reads frames of a size."""
        return self._read_preprocessing.input_size(frame)

    @cached_property
    def _read_preprocessing(self) -> Preprocessing:
        return preprocessing_from_dict(self.preprocessing)
