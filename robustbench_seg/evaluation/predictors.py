"""Where the predictions of a run come from: a network that sees images, or saved maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ..errors import InputError
from ..inference.outputs import NOT_FINITE
from ..inference.predict import Predictor
from ..predictions.saved import SavedMaps
from ..protocol.condition import Draw
from ..scores.counters import Prediction, Probabilities
from .plan import Plan
from .work import FrameBatch


class Predicted(NamedTuple):
    """The prediction of a frame under one draw of a condition."""

    draw: Draw
    prediction: Prediction | None
    reason: str = ""
    """Why there is none."""


class BatchPredictor(Protocol):
    """Predicts a frame under several conditions."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    def predict(self, batch: FrameBatch, *, probabilities: bool) -> Iterator[Predicted]:
        """Yield a prediction for each draw of a batch; InputError for a model that fails."""
        ...


@dataclass(frozen=True)
class ImagePredictor:
    """Predicts the images of a batch; draws without an image are left out."""

    predictor: Predictor

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.predictor.segmenter.name

    def predict(self, batch: FrameBatch, *, probabilities: bool) -> Iterator[Predicted]:
        """Yield a prediction for each image; images of one size go through the model together."""
        for view, draws, images in batch.by_shape():
            found = self.predictor.predict(images, batch.label, view, probabilities=probabilities)
            for draw, prediction in zip(draws, found, strict=True):
                reason = "" if prediction else f"{self.name} {NOT_FINITE}"
                yield Predicted(draw, prediction, reason)


@dataclass(frozen=True)
class SavedPredictor:
    """Reads predictions that were made elsewhere, or in another run."""

    name: str
    maps: SavedMaps

    def predict(self, batch: FrameBatch, *, probabilities: bool) -> Iterator[Predicted]:  # noqa: ARG002
        """Yield a prediction for each draw; only the confidence is known of its probabilities."""
        size = (batch.label.shape[0], batch.label.shape[1])
        for draw in batch.draws:
            try:
                labels, confidence = self.maps.read(batch.frame, draw, size)
            except InputError as error:  # a file that went bad since the run began
                yield Predicted(draw, None, str(error))
                continue
            if confidence is None:
                yield Predicted(draw, Prediction(labels))
                continue
            unknown = np.zeros_like(confidence)
            yield Predicted(draw, Prediction(labels, Probabilities(confidence, unknown, unknown)))


def load_predictors(plan: Plan, device: str) -> tuple[BatchPredictor, ...]:
    """Return what predicts for each model of a plan; networks are moved to a device."""
    spec = plan.spec
    predictors: list[BatchPredictor] = []
    for segmenter, model, runtime in zip(plan.segmenters, spec.models, plan.runtimes, strict=True):
        if model.name in plan.saved:
            predictors.append(SavedPredictor(model.name, plan.saved[model.name]))
            continue
        predictor = Predictor(
            segmenter,
            device,
            spec.precision,
            model.window,
            batch=spec.batch,
            compiled=spec.compiled,
            run=runtime.run,
            temperature=model.temperature,
        )
        predictors.append(ImagePredictor(predictor))
    return tuple(predictors)
