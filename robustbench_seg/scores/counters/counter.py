"""The interface of counters: what is counted of a prediction, as integers that add up over frames.

Because counts are integers of one frame under one draw of a condition, they can be stored, resumed,
merged and resampled without knowing what they mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...label_types import LabelMap

if TYPE_CHECKING:
    from ..measured import Measured
    from ..pixel_counts import PixelCounts

Counts = NDArray[np.int64]
"""Counts of one frame, of the shape that its counter names."""
MOST_PIXELS = 2**31
"""A frame has fewer pixels."""


class Probabilities(NamedTuple):
    """Softmax of the logits at each pixel of a label map, float32 (H, W) each."""

    top: NDArray[np.float32]
    """Probability of the predicted class, 0 to 1: the confidence."""
    log_truth: NDArray[np.float32]
    """Natural logarithm of the probability of the true class; 0 where the pixel is ignored.

    It is 0, and so is `brier`, where only confidences are known: they add nothing to sums."""
    brier: NDArray[np.float32]
    """Sum over all classes of (probability - truth)^2, 0 to 2; 0 where the pixel is ignored."""


class Prediction(NamedTuple):
    """What a model says of an image."""

    labels: LabelMap
    """Predicted class of each pixel, (H, W)."""
    probabilities: Probabilities | None = None
    """None where the model gives labels alone, or where no counter needs them."""


class Counter(ABC):
    """Counts one kind of thing of a prediction."""

    name: str
    """Name and parameter, as in `--measure` and in specifications: "boundary:0.5%"."""
    needs_probabilities = False
    in_region = False
    """Whether its truth is that in the region of the run: the pixels outside are ignored."""
    most = MOST_PIXELS
    """All counts are smaller. Stored ones are checked, so that no sum of them can overflow."""

    @abstractmethod
    def shape(self, classes: int, columns: int) -> tuple[int, ...]:
        """Return the shape of the counts for C classes.

        `columns` is the number of values of a predicted label: C, or C + 1 where predictions may be
        of no class.
        """

    @abstractmethod
    def count(self, truth: LabelMap, prediction: Prediction, classes: int, columns: int) -> Counts:
        """Count a prediction against the ground truth (H, W).

        All are 0 where the counter needs probabilities and the model gives none. Raises InputError
        for label maps of other shapes or types, or with values that are no class.
        """

    @abstractmethod
    def problem(
        self, counts: Counts, pixels: NDArray[np.int64], classes: Sequence[str]
    ) -> tuple[int, str] | None:
        """Return what is impossible in stored counts (N, *shape): an index and words, or None.

        Counts are from 0 to `most`. `pixels` has the pixels of each of the `classes` in the frame
        of each, (N, C). The words follow "the matrix of a cell".
        """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counter) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Measure(Counter):
    """A counter beside the confusion matrix, with scores of its own."""

    @abstractmethod
    def measured(self, like: PixelCounts, columns: int) -> Measured:
        """Return what keeps the counts of one model for its scores, empty.

        `like` has the same images, draws and classes; `columns` is as in `shape`. Scores load
        pandas, which takes half a second: import them here, so that predictions do not wait.
        """


def first_wrong(wrong: NDArray[np.bool_], what: str) -> tuple[int, str] | None:
    """Return the first index with True in (N,) or (N, ...), and what is wrong; None if none is."""
    places = np.argwhere(wrong)
    return (int(places[0, 0]), what) if len(places) else None
