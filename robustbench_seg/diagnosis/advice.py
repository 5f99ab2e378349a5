"""What to set for what fits a model best, and what that gains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..models.base import Segmenter
from ..scores.matching import best_matching, ordered_iou
from ..scores.metrics import Matrix
from .candidates import Setting
from .search import Search, Trial

GAIN = 0.02
"""Least gain in mIoU that is advised: smaller ones may be chance on a few frames."""
_SHIFT = 0.02
"""Most mIoU by which a shift of the labels may be worse than the best order, to be the cause."""
_REORDERED = 0.1
"""Least gain for which an order that is no shift is advised: some order always gains by chance."""
_AS_THEY_ARE = "as they are"
_BEST = "the best order"


def input_advice(
    search: Search, now: Setting, best: Setting, segmenter: Segmenter
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
            f"{best.window.stride}}} in NAME.toml or the model"
        )
    for part, without in best.differences(now):
        gain = search.score(best) - search.score(without)
        fails = search.matrix(without, len(search.frames)) is None
        shown = "needed by the others" if fails else f"{100 * gain:+.1f} points"
        yield f"{part}: {options[part]} ({shown})"


def _orders(matrix: Matrix) -> dict[str, NDArray[np.intp]]:
    """Return the orders of outputs that are tried: the output of each class, by what they are."""
    own = np.arange(len(matrix))
    return {
        _AS_THEY_ARE: own,
        "labels shifted: output 0 is background": np.roll(own, -1),
        "labels shifted: the last output is background": np.roll(own, 1),
        _BEST: best_matching(matrix),
    }


def order_trials(matrix: Matrix, frames: int) -> list[Trial]:
    """Return the scores of the orders of the outputs."""
    orders = _orders(matrix)
    matched = ordered_iou(matrix, orders[_BEST])
    return [
        Trial("class order", name, frames, ordered_iou(matrix, order), matched)
        for name, order in orders.items()
    ]


def order_advice(matrix: Matrix, classes: Sequence[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the output of each class that fits clearly best, and what to set for it.

    The matrix is (K, K) for K outputs, of which `classes` may be fewer.
    """
    orders = _orders(matrix)
    scores = {name: ordered_iou(matrix, order) for name, order in orders.items()}
    own, matched = scores[_AS_THEY_ARE], scores[_BEST]
    spare = len(matrix) - len(classes)
    name = next(name for name in orders if scores[name] >= matched - _SHIFT)
    if matched < own + (_REORDERED if name == _BEST else GAIN):
        return orders[_AS_THEY_ARE], [_spare_advice("the last", spare)] if spare else []
    outputs = orders[name]
    gain = 100 * (scores[name] - own)
    if spare == 1 and name == "labels shifted: output 0 is background":
        return outputs, [f"{_spare_advice('the first', spare)} ({gain:+.1f} points)"]
    names = ["not a class"] * len(matrix)
    for place, output in enumerate(outputs[: len(classes)]):
        names[output] = classes[place]
    present = matrix.sum(axis=1) > 0
    listed = ", ".join(f'"{each}"' for each in names)
    unseen = [each for each, there in zip(classes, present, strict=False) if not there]
    caution = f"; not in these frames, so unknown: {', '.join(unseen)}" if unseen else ""
    what = "class order" if name == _BEST else f"class order, {name}"
    return outputs, [
        f"{what}: classes = [{listed}] in NAME.toml or the model, or other `values` of the "
        f"labels in their class file ({gain:+.1f} points{caution})"
    ]


def _spare_advice(which: str, spare: int) -> str:
    outputs = f"{spare} outputs" if spare > 1 else "output"
    return f"outputs: {which} {outputs} of the network mean no class; return the others alone"
