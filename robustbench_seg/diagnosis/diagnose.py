"""The search: try settings on a few clean frames, keep what gains, and say how to set it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from ..datasets.registry import open_dataset
from ..errors import InputError
from ..inference.devices import resolve_device
from ..inference.predict import Predictor, resize_nearest
from ..models.base import Segmenter
from ..models.declared import override
from ..models.registry import load_model
from ..progress import Progress
from ..protocol.request import Request
from ..scores.matching import best_matching, ordered_iou
from ..scores.metrics import Matrix, confusion_matrix
from .candidates import Setting, Size, normalisations, quick, sizes, windows

GAIN = 0.02
"""Least gain in mIoU that is advised: smaller ones may be chance on a few frames."""
_LABELS = 2**17
"""Pixels of a label map on which settings are compared, for speed."""
_SHIFT = 0.02
"""Most mIoU by which a shift of the labels may be worse than the best order, to be the cause."""


class Trial(NamedTuple):
    """The score of one setting on the frames."""

    part: str
    tried: str
    miou: float
    """Mean IoU, with the outputs in their order."""
    matched: float
    """Mean IoU with the outputs in the order that fits best."""


@dataclass(frozen=True)
class Diagnosis:
    """What was tried, and what fits a model best."""

    model: str
    frames: tuple[str, ...]
    trials: tuple[Trial, ...]
    now: float
    """Mean IoU of the model as it is run."""
    best: float
    """Mean IoU with everything that is advised."""
    advice: tuple[str, ...]
    """What to set, a sentence each with its gain; empty if nothing fits clearly better."""

    @property
    def table(self) -> pd.DataFrame:
        """The trials, one per row; scores are fractions in [0, 1]."""
        return pd.DataFrame(self.trials, columns=list(Trial._fields))


@dataclass
class _Search:
    """Settings of one model that are tried on frames, each once."""

    segmenter: Segmenter
    device: str
    frames: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]
    progress: Progress
    trials: list[Trial] = field(default_factory=list)
    matrices: dict[Setting, Matrix | None] = field(default_factory=dict)

    def matrix(self, setting: Setting) -> Matrix | None:
        """Return the confusion matrix of all frames; None where the model cannot be run so."""
        if setting not in self.matrices:
            model = replace(self.segmenter, preprocessing=setting.preprocessing)
            predictor = Predictor(model, self.device, "float32", setting.window)
            try:
                counted = [
                    confusion_matrix(
                        label,
                        predictor.labels(image[np.newaxis], (label.shape[0], label.shape[1]))[0],
                        len(model.classes),
                    )
                    for image, label in self.frames
                ]
                self.matrices[setting] = np.sum(counted, axis=0)  # (frames, C, C) -> (C, C)
            except InputError:  # a network with a fixed input, or without finite logits
                self.matrices[setting] = None
        return self.matrices[setting]

    def score(self, setting: Setting) -> float:
        """Return the mean IoU in the best order of the outputs, which the input's settings need."""
        matrix = self.matrix(setting)
        return -1.0 if matrix is None else ordered_iou(matrix, best_matching(matrix))

    def best(self, part: str, start: Setting, named: Iterable[tuple[str, Setting]]) -> Setting:
        """Try settings of a part, and return the best one, or `start` if none is better."""
        chosen = start
        for done, (name, setting) in enumerate(candidates := list(named), start=1):
            matrix = self.matrix(setting)
            if matrix is not None:
                own = ordered_iou(matrix, np.arange(len(matrix)))
                self.trials.append(Trial(part, name, own, self.score(setting)))
            if self.score(setting) > self.score(chosen):
                chosen = setting
            self.progress(f"trying {part}", done, len(candidates), name)
        return chosen


def diagnose(request: Request, progress: Progress) -> Diagnosis:
    """Try settings of the one model of a request on `limit` frames, spread over the split.

    Raises InputError for what is wrong with the request, and if the model cannot be run as it is.
    """
    device = resolve_device(request.device)
    dataset = open_dataset(
        request.data,
        request.split,
        images=request.images,
        labels=request.labels,
        classes=request.classes,
        frames=request.frames,
    )
    segmenter = load_model(
        request.models[0],
        data=dataset.taxonomy or dataset.name,
        weights=None if request.weights is None else str(request.weights),
        classes=dataset.class_names,
    )
    segmenter = override(segmenter, request.input_settings)
    mode = request.window or segmenter.window.mode
    segmenter = replace(segmenter, window=replace(segmenter.window, mode=mode))
    limit = request.limit or len(dataset.frames)
    places = np.linspace(0, len(dataset.frames) - 1, min(limit, len(dataset.frames))).round()
    chosen = [dataset.frames[int(place)] for place in places]
    frames = [(frame.image(), _thinned(frame.label())) for frame in chosen]
    now = Setting(segmenter.preprocessing, segmenter.window)
    image, label = frames[0]
    size = (image.shape[0], image.shape[1])
    Predictor(segmenter, device, "float32", now.window).labels(image[np.newaxis], label.shape[:2])
    search = _Search(segmenter, device, frames, progress)
    search.best("settings", now, [("as it is run", now)])
    best = _input(search, now, size) if isinstance(segmenter.network, nn.Module) else now
    advice = list(_input_advice(search, now, best, segmenter))
    before, after = search.matrices[now], search.matrices[best]
    assert before is not None
    assert after is not None
    own = np.arange(len(after))
    order, sentences = _order_advice(after, dataset.class_names)
    return Diagnosis(
        model=segmenter.name,
        frames=tuple(frame.name for frame in chosen),
        trials=(*search.trials, *_order_trials(after)),
        now=ordered_iou(before, own),
        best=ordered_iou(after, order),
        advice=(*advice, *sentences),
    )


def _thinned(label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return every few rows and columns of a label map (H, W), enough to compare settings."""
    step = math.ceil(math.sqrt(label.size / _LABELS))
    size = -(-label.shape[0] // step), -(-label.shape[1] // step)
    return resize_nearest(label, size)


def _input(search: _Search, now: Setting, frame: Size) -> Setting:
    """Return the best setting of the input, in which each part that differs gains something."""
    own = now.preprocessing
    small = quick(now, frame)
    found = search.best("normalisation", small, normalisations(small, own))
    best = _like(now, found)
    best = search.best("input size", best, sizes(best, frame))
    best = search.best("window", best, windows(best, frame, now.window))
    for part in ("channels", "normalisation", "input size", "window"):
        without = dict(best.differences(now)).get(part, best)
        if search.score(without) > search.score(best) - GAIN:
            best = without
    return best


def _like(setting: Setting, normalised: Setting) -> Setting:
    """Return a setting with the normalisation and the order of channels of another one."""
    given = normalised.preprocessing
    made = replace(setting.preprocessing, mean=given.mean, std=given.std, channels=given.channels)
    return setting._replace(preprocessing=made)


def _input_advice(
    search: _Search, now: Setting, best: Setting, segmenter: Segmenter
) -> Iterator[str]:
    """Yield what sets each part of the input that differs, and what the part gains."""
    given = best.preprocessing
    numbers = {
        key: ",".join(f"{value:g}" for value in getattr(given, key)) for key in ("mean", "std")
    }
    size = given.size
    options = {
        "channels": f"--channels {given.channels} --mean {numbers['mean']} --std {numbers['std']}",
        "normalisation": f"--mean {numbers['mean']} --std {numbers['std']}",
        "input size": f"--input-size {size[1]}x{size[0]}" if size else "--input-scale 1",
        "window": f"--window {best.window.mode}",
    }
    own = segmenter.window
    if best.window.mode == "slide" and best.window != replace(own, mode="slide"):
        options["window"] = (
            f"window = {{mode = 'slide', crop = {best.window.crop}, stride = "
            f"{best.window.stride}}} in NAME.toml"
        )
    for part, without in best.differences(now):
        gain = 100 * (search.score(best) - search.score(without))
        yield f"{part}: {options[part]} ({gain:+.1f} points)"


def _orders(matrix: Matrix) -> dict[str, NDArray[np.intp]]:
    """Return the orders of outputs that are tried: the output of each class, by what they are."""
    own = np.arange(len(matrix))
    return {
        "as they are": own,
        "labels shifted: output 0 is background": np.roll(own, -1),
        "labels shifted: the last output is background": np.roll(own, 1),
        "the best order": best_matching(matrix),
    }


def _order_trials(matrix: Matrix) -> list[Trial]:
    orders = _orders(matrix)
    matched = ordered_iou(matrix, orders["the best order"])
    return [
        Trial("class order", name, ordered_iou(matrix, order), matched)
        for name, order in orders.items()
    ]


def _order_advice(matrix: Matrix, classes: Sequence[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the output of each class that fits clearly best, and what to set for it."""
    orders = _orders(matrix)
    scores = {name: ordered_iou(matrix, order) for name, order in orders.items()}
    own, matched = scores["as they are"], scores["the best order"]
    if matched < own + GAIN:
        return orders["as they are"], []
    name = next(name for name in orders if scores[name] >= matched - _SHIFT)
    outputs = orders[name]
    present = matrix.sum(axis=1) > 0
    names = [""] * len(classes)
    for place, output in enumerate(outputs):
        names[output] = classes[place]
    gain = 100 * (scores[name] - own)
    listed = ", ".join(f'"{each}"' for each in names)
    unseen = [each for each, there in zip(classes, present, strict=True) if not there]
    caution = f"; not in these frames, so unknown: {', '.join(unseen)}" if unseen else ""
    what = "class order" if name == "the best order" else f"class order, {name}"
    return outputs, [
        f"{what}: classes = [{listed}] in NAME.toml or the model, or other `values` of the "
        f"labels in their class file ({gain:+.1f} points{caution})"
    ]
