"""Fit a temperature: the number that logits are divided by so that confidence is accuracy.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ..datasets.base import Frame
from ..errors import InputError
from ..evaluation.opening import load_segmenters, open_data
from ..inference.devices import resolve_device
from ..inference.predict import Predictor
from ..inference.runtimes.choice import choose_runtime
from ..label_types import LabelMap, label_dtype
from ..models.base import AUTO, TEMPERATURES
from ..progress import Progress
from ..protocol.request import Request
from ..scores.calibration import BIN_SCORES
from ..scores.calibration_counts import coarse_bins
from ..scores.confidence_bins import split_counts
from ..scores.counters import Prediction, Probabilities
from ..scores.counters.confidence import Confidence

FRAMES = 50
"""Default number of frames."""
_SIDES = (64, 128)
"""Rows and columns of a frame whose pixels are used."""
_LOGITS = 2**27
"""Most logits in memory: 512 MiB."""


@dataclass(frozen=True)
class Calibration:
    """A fitted temperature, and what it does on the frames that it was fitted on."""

    model: str
    frames: tuple[str, ...]
    pixels: int
    temperature: float
    """With three digits."""
    table: pd.DataFrame
    """Index `temperature`, 1 and the fitted one; columns `nll`, `ece`, `mean_confidence`, and
    `accuracy`, which does not depend on it."""


def calibrate(request: Request, progress: Progress) -> Calibration:
    """Fit the temperature of the one model of a request on `limit` frames, spread over the split.

    Minimises the mean negative log-likelihood of the true classes over a random sample of pixels
    with ground truth, the same for the same frames. Raises InputError for what is wrong with the
    request, for a model that gives labels alone, and where no temperature is best.
    """
    device = resolve_device(request.device)
    dataset, mapping = open_data(replace(request, limit=None))
    (segmenter,) = load_segmenters(request, dataset, mapping)
    window = replace(segmenter.window, mode=request.window or segmenter.window.mode)
    number = min(request.limit or FRAMES, len(dataset.frames))
    places = np.linspace(0, len(dataset.frames) - 1, number).round()
    frames = [dataset.frames[int(place)] for place in places]
    first = frames[0].image()
    run = choose_runtime(AUTO, segmenter, first, device=device, window=window).run
    predictor = Predictor(segmenter, device, "float32", window, run=run)
    classes = len(dataset.classes)
    share = min(1.0, math.sqrt(_LOGITS / (number * classes * math.prod(_SIDES))))
    rng = np.random.Generator(np.random.PCG64(0))
    parts = []
    for done, frame in enumerate(frames):
        progress("predicting", done, number, frame.name)
        parts.append(_pixels(predictor, frame, share, rng, classes))
    progress("predicting", number, number, "")
    # (K, pixels) and (pixels,) of each frame -> of all
    logits, truth = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    if not len(truth):
        raise InputError(f"{request.data_option}: no pixel has ground truth; choose other frames")
    temperature = fit_temperature(logits, truth)
    least, most = TEMPERATURES
    all_right = bool((logits.argmax(axis=0) == truth).all())
    if all_right or not 1.01 * least < temperature < 0.99 * most:
        what = "right on all" if all_right else "no surer where it is right on"
        raise InputError(
            f"--model {segmenter.name}: no temperature fits, because it is {what} {len(truth):,} "
            "pixels; use more frames (--limit) or others"
        )
    temperature = float(f"{temperature:.3g}")
    rows = {each: _scores(logits, truth, each) for each in (1.0, temperature)}
    return Calibration(
        segmenter.name,
        tuple(frame.name for frame in frames),
        len(truth),
        temperature,
        pd.DataFrame(rows).T.rename_axis("temperature"),
    )


def fit_temperature(logits: NDArray[np.float32], truth: LabelMap) -> float:
    """Return the temperature with the largest likelihood of truth (n,) for logits (K, n)."""

    def nll(logarithm: float) -> float:
        return _mean_nll(_logarithms(logits, math.exp(logarithm)), truth)

    bounds = (math.log(TEMPERATURES.least), math.log(TEMPERATURES.most))
    # The likelihood is concave in 1 / temperature, so that it has one maximum.
    found = minimize_scalar(nll, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return math.exp(found.x)


def _pixels(
    predictor: Predictor, frame: Frame, share: float, rng: np.random.Generator, classes: int
) -> tuple[NDArray[np.float32], LabelMap]:
    """Return logits (K, n) and true classes (n,) of a random sample of a frame's pixels."""
    truth = frame.label()
    rows, columns = (
        np.sort(rng.choice(length, min(length, max(1, int(share * side))), replace=False))
        for length, side in zip(truth.shape, _SIDES, strict=True)
    )
    size = (truth.shape[0], truth.shape[1])
    logits = predictor.logits_at(frame.image(), size, rows, columns)  # (K, rows, columns)
    chosen = truth[np.ix_(rows, columns)]
    known = chosen < classes
    return logits[:, known], chosen[known]


def _logarithms(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return the logarithms of the probabilities, (K, n)."""
    found: NDArray[np.float32] = log_softmax(logits / np.float32(temperature), axis=0)
    return found


def _mean_nll(logarithms: NDArray[np.float32], truth: LabelMap) -> float:
    return -float(logarithms[truth, np.arange(len(truth))].mean(dtype=np.float64))


def _scores(logits: NDArray[np.float32], truth: LabelMap, temperature: float) -> dict[str, float]:
    """Return the scores of pixels with logits (K, n) and true classes (n,)."""
    logarithms, classes = _logarithms(logits, temperature), len(logits)
    labels = logits.argmax(axis=0).astype(label_dtype(classes))
    top = np.exp(logarithms.max(axis=0))[np.newaxis]  # (1, n)
    maps = Probabilities(top, np.zeros_like(top), np.zeros_like(top))
    prediction = Prediction(labels[np.newaxis], maps)
    counts = Confidence().count(truth[np.newaxis], prediction, classes, classes)
    bins = coarse_bins(split_counts(counts))
    scores = {name: float(BIN_SCORES[name](bins)) for name in ("ece", "mean_confidence")}
    accuracy = float((labels == truth).mean())
    return {"nll": _mean_nll(logarithms, truth), **scores, "accuracy": accuracy}
