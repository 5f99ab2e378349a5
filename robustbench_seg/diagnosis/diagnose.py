"""The diagnosis: try settings on a few clean frames, keep what gains, and say how to set it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from ..evaluation.opening import load_segmenters, open_data
from ..inference.devices import resolve_device
from ..inference.predict import resize_nearest
from ..inference.runtimes.choice import choose_runtime
from ..label_types import LabelMap
from ..models.base import AUTO
from ..progress import Progress
from ..protocol.request import Request
from ..scores.matching import ordered_iou
from .advice import GAIN, input_advice, order_advice, order_trials
from .candidates import Setting, Size, normalisations, quick, reversals, sizes, windows
from .outputs import output_problems, with_all_outputs
from .search import Search, Trial

_LABELS = 2**17
"""Pixels of a label map on which settings are compared, for speed."""
_PIXELS = 3 * 2**20
"""Pixels of all frames that are tried, if there are more than three."""
_REVERSED = 3
"""Normalisations that are tried in the other order of channels: those that fit best."""


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
    problems: tuple[str, ...]
    """What is wrong with the outputs of the network, a sentence each, which no setting mends."""

    @property
    def table(self) -> pd.DataFrame:
        """The trials, one per row; scores are fractions in [0, 1]."""
        return pd.DataFrame(self.trials, columns=list(Trial._fields))


def diagnose(request: Request, progress: Progress) -> Diagnosis:
    """Try settings of the one model of a request on `limit` frames, spread over the split.

    Raises InputError for what is wrong with the request, and if the model cannot be run as it is.
    """
    device = resolve_device(request.device)
    dataset, mapping = open_data(replace(request, limit=None))
    (segmenter,) = load_segmenters(request, dataset, mapping)
    mode = request.window or segmenter.window.mode
    segmenter = replace(segmenter, window=replace(segmenter.window, mode=mode))
    limit = request.limit or _number_of_frames(dataset.frames[0].image())
    places = np.linspace(0, len(dataset.frames) - 1, min(limit, len(dataset.frames))).round()
    # Every setting is tried on the first quarter, which is spread over the split as well.
    spread = [*places[::4], *np.delete(places, np.s_[::4])]
    chosen = [dataset.frames[int(place)] for place in spread]
    frames = [(frame.image(), _thinned(frame.label())) for frame in chosen]
    now = Setting(segmenter.preprocessing, segmenter.window)
    image = frames[0][0]
    size = (image.shape[0], image.shape[1])
    outputs_of_classes = len(segmenter.classes)
    segmenter, outputs = with_all_outputs(segmenter, device, now, image)
    scored = None
    if mapping:  # outputs that are no class are scored as none
        spare = len(segmenter.classes) - outputs_of_classes
        scored = np.pad(mapping.prediction_lookup, (0, spare), constant_values=len(dataset.classes))
    run = choose_runtime(AUTO, segmenter, image, device=device, window=now.window).run
    search = Search(segmenter, device, frames, progress, run, scored, len(dataset.classes))
    small = quick(now, size)
    if search.matrix(small, 1) is None:  # a network with a fixed input
        small = now
    problems = tuple(output_problems(segmenter, device, small, image, outputs))
    before = search.matrix(now, len(frames))
    assert before is not None
    search.best("settings", now, [("as it is run", now)])
    best = now
    if isinstance(segmenter.network, nn.Module):
        best = _input(search, now, small, size)
    after = search.matrix(best, len(frames))
    assert after is not None
    advice = list(input_advice(search, now, best, segmenter))
    order, sentences = np.arange(len(after)), list[str]()
    if mapping is None:  # else outputs are not the classes that are scored
        order, sentences = order_advice(after, dataset.class_names)
        search.trials += order_trials(after, len(frames))
    return Diagnosis(
        model=segmenter.name,
        frames=tuple(frame.name for frame in chosen),
        trials=tuple(search.trials),
        now=ordered_iou(before, np.arange(len(before))),
        best=ordered_iou(after, order),
        advice=(*advice, *sentences),
        problems=problems,
    )


def _number_of_frames(image: NDArray[np.uint8]) -> int:
    """Return how many frames like an image (H, W, 3) are tried: more of small ones."""
    return min(max(3 * _PIXELS // image.size, 3), 12)


def _thinned(label: LabelMap) -> LabelMap:
    """Return every few rows and columns of a label map (H, W), enough to compare settings."""
    step = math.ceil(math.sqrt(label.size / _LABELS))
    size = -(-label.shape[0] // step), -(-label.shape[1] // step)
    return resize_nearest(label, size)


def _input(search: Search, now: Setting, small: Setting, frame: Size) -> Setting:
    """Return the best setting of the input, in which each part that differs gains something.

    `small` is the model's own setting on an input of few pixels.
    """
    given = [*normalisations(small, now.preprocessing)]
    found = search.best("normalisation", small, given, tie=GAIN)
    given.sort(key=lambda each: -search.score(each[1], search.few))
    own = [each for each in given[_REVERSED:] if each[1] == small]
    turned = reversals([*given[:_REVERSED], *own])
    found = search.best("channels", found, turned, tie=GAIN)
    best = _like(now, found)
    best = search.best(
        "input size", best, sizes(best, frame), lambda each: search.past_the_peak(each, frame)
    )
    best = search.best("window", best, windows(best, frame, now))
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
