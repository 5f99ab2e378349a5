"""The search: settings of one model, each tried on a few clean frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..inference.predict import Predictor
from ..inference.runtimes.runtime import Run
from ..label_types import LabelMap
from ..models.base import Segmenter
from ..progress import Progress
from ..scores.matching import best_matching, ordered_iou
from ..scores.metrics import Matrix, confusion_matrix
from .candidates import Setting

CLOSE = 0.05
"""Most mIoU by which a setting may be worse on a few frames than the best, to be tried on all."""

_ORDER = 0.02
"""Least gain in mIoU for which another order of the outputs is considered."""


class Trial(NamedTuple):
    """The score of one setting on the frames."""

    part: str
    tried: str
    frames: int
    """Frames that it was tried on: not all if others fit clearly better on the first ones."""
    miou: float
    """Mean IoU, with the outputs in their order."""
    matched: float
    """Mean IoU with the outputs in the order that fits best."""


@dataclass
class Search:
    """Settings of one model, each tried once on each frame."""

    segmenter: Segmenter
    device: str
    frames: Sequence[tuple[NDArray[np.uint8], LabelMap]]
    """Images (H, W, 3) and labels (h, w) of any size."""
    progress: Progress
    run: Run | None = None
    """What computes the logits in place of torch."""
    scored: LabelMap | None = None
    """Scored class of each output; None: the outputs are the classes."""
    classes: int = 0
    """Number of scored classes."""
    trials: list[Trial] = field(default_factory=list)
    counted: dict[Setting, list[Matrix]] = field(default_factory=dict)
    """Confusion matrices of the frames on which a setting was tried, in their order."""
    failed: set[Setting] = field(default_factory=set)
    """Settings at which the model cannot be run: its input is fixed, or its logits not finite."""

    @property
    def few(self) -> int:
        """Number of frames on which every setting is tried."""
        return max(len(self.frames) // 4, 1)

    def matrix(self, setting: Setting, frames: int) -> Matrix | None:
        """Return the confusion matrix of the first frames; None where the model cannot be run."""
        counted = self.counted.setdefault(setting, [])
        if len(counted) < frames and setting not in self.failed:
            model = replace(self.segmenter, preprocessing=setting.preprocessing)
            predictor = Predictor(model, self.device, "float32", setting.window, run=self.run)
            try:
                for image, label in self.frames[len(counted) : frames]:
                    size = label.shape[0], label.shape[1]
                    counted.append(self._count(label, predictor.labels(image[np.newaxis], size)[0]))
            except InputError:
                self.failed.add(setting)
        if setting in self.failed:
            return None
        total: Matrix = np.sum(counted[:frames], axis=0)  # (frames, C, C) -> (C, C)
        return total

    def _count(self, label: LabelMap, predicted: LabelMap) -> Matrix:
        if self.scored is None:
            return confusion_matrix(label, predicted, len(self.segmenter.classes))
        return confusion_matrix(label, self.scored[predicted], self.classes, spare=True)

    def score(self, setting: Setting, frames: int | None = None) -> float:
        """Return the mean IoU by which settings are compared; -1 where the model cannot be run.

        It is that in the best order of the outputs, as their order may be wrong as well, less a
        little, so that a setting without need of another order comes first.
        """
        matrix = self.matrix(setting, len(self.frames) if frames is None else frames)
        if matrix is None:
            return -1.0
        own, matched = own_and_matched(matrix)
        return max(own, matched - _ORDER)

    def best(
        self,
        part: str,
        start: Setting,
        named: Iterable[tuple[str, Setting]],
        hopeless: Callable[[Setting], bool] = lambda _: False,
        tie: float = 0,
    ) -> Setting:
        """Try settings of a part, and return the best one, or `start` if none is better.

        Those that are close on a few frames are tried on all. `hopeless` ones are left out. Of
        settings that differ by less than `tie`, the first counts, which is the more usual one.
        """
        candidates = list(named)
        tried: dict[str, Setting] = {}
        for done, (name, setting) in enumerate(candidates, start=1):
            if not hopeless(setting) and self.matrix(setting, self.few) is not None:
                tried[name] = setting
            self.progress(f"trying {part}", done, len(candidates), name)
        top = max(self.score(setting, self.few) for setting in (start, *tried.values()))
        close = [
            each for each in (start, *tried.values()) if self.score(each, self.few) >= top - CLOSE
        ]
        chosen = close[0]
        if len({*close}) > 1:
            most = max(map(self.score, close))
            chosen = next(each for each in close if self.score(each) >= most - tie)
        self.trials += [self._trial(part, name, setting) for name, setting in tried.items()]
        return chosen

    def _trial(self, part: str, name: str, setting: Setting) -> Trial:
        frames = len(self.counted[setting])
        matrix = self.matrix(setting, frames)
        assert matrix is not None
        return Trial(part, name, frames, *own_and_matched(matrix))

    def past_the_peak(self, setting: Setting, frame: tuple[int, int]) -> bool:
        """Return whether smaller inputs of the same shape already fit worse than still smaller."""
        height, width = setting.preprocessing.input_size(frame)
        smaller: dict[int, float] = {}
        for other in self.counted:
            rows, columns = other.preprocessing.input_size(frame)
            resized = replace(other.preprocessing, size=setting.preprocessing.size)
            same = (resized, other.window) == setting and rows * width == columns * height
            if same and rows < height:
                smaller[rows] = self.score(other, self.few)
        return bool(smaller) and smaller[max(smaller)] < max(smaller.values()) - CLOSE


def own_and_matched(matrix: Matrix) -> tuple[float, float]:
    """Return the mean IoU with the outputs in their order, and in the one that fits best."""
    own = np.arange(len(matrix))
    return ordered_iou(matrix, own), ordered_iou(matrix, best_matching(matrix))
