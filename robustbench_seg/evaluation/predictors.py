"""Where the predictions of a run come from: a network that sees images, or saved maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..corruptions import image_key
from ..corruptions.seeding import stream_seed
from ..errors import InputError
from ..inference.attacks import Attacker, attackers_of
from ..inference.outputs import NOT_FINITE
from ..inference.predict import Predictor
from ..label_types import LabelMap
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
    attacked: NDArray[np.uint8] | None = None
    """Image (H, W, 3) that an attack on the model found, which was predicted."""


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
    attackers: Mapping[str, Attacker]
    """What attacks each model of the run, if a condition does."""
    seed: int

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.predictor.segmenter.name

    def predict(self, batch: FrameBatch, *, probabilities: bool) -> Iterator[Predicted]:
        """Yield a prediction for each image; images of one size go through the model together."""
        for view, draws, images in batch.by_shape():
            attacked = self._attacked(draws, images, batch.label)
            for draw, image in attacked.items():
                images[draws.index(draw)] = image
            found = self.predictor.predict(images, batch.label, view, probabilities=probabilities)
            for draw, prediction in zip(draws, found, strict=True):
                reason = "" if prediction else f"{self.name} {NOT_FINITE}"
                yield Predicted(draw, prediction, reason, attacked.get(draw))

    def _attacked(
        self, draws: Sequence[Draw], images: NDArray[np.uint8], label: LabelMap
    ) -> dict[Draw, NDArray[np.uint8]]:
        """Return the images (H, W, 3) of those draws that attack the model."""
        found = {}
        for draw, image in zip(draws, images, strict=True):
            condition = draw.condition
            if (attack := condition.attack) is not None:
                attacker = self.attackers[attack.search.source or self.name]
                stream = stream_seed(self.seed + draw.number, image_key(image), *condition.key)
                found[draw] = attacker.attacked(image, label, attack, stream)
        return found


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
    attackers = attackers_of(spec, plan.segmenters, device) if spec.attacked else {}
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
        predictors.append(ImagePredictor(predictor, attackers, spec.seed))
    return tuple(predictors)
