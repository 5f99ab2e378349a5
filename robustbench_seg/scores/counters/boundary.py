"""The counter of boundaries: confusions near the borders between classes, and Boundary IoU."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from math import hypot
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...corruptions.compiling import kernel
from ...label_types import LabelMap, ignored_label
from ..borders import EDGES, near_border
from ..metrics import check_label_maps, unknown_label
from .counter import Counts, Measure, Prediction, first_wrong

if TYPE_CHECKING:
    from ..boundary import BoundaryCounts
    from ..pixel_counts import PixelCounts

DEFAULT_WIDTH = "0.5%"
"""Width for Cityscapes in Cheng et al., "Boundary IoU", CVPR 2021; they use 2 % for COCO."""
_SHARE, _PIXELS = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%"), re.compile(r"([0-9]{1,4})px")
# What a pixel is: bits of a zone.
_SCORED, _BAND, _EDGE = map(np.uint8, (1, 2, 4))
_CORRECT, _TRUTH, _PREDICTED = -3, -2, -1


class _Frame(NamedTuple):
    """What the counts need of a ground truth, the same for all predictions."""

    truth: LabelMap
    """Copy of the labels (H, W)."""
    classes: int
    ignored: NDArray[np.bool_]
    """Pixels that do not count, (H, W)."""
    zones: NDArray[np.uint8]
    """Bits of each pixel, (H, W): whether it is scored, in the band, and of a truth edge."""
    edges: Counts
    """Pixels of the truth edge of each class, (C,)."""


class Boundary(Measure):
    """Confusions within a band around borders, and the counts of Boundary IoU: (C, columns + 3).

    The first columns are the confusion matrix of the band: the pixels that have a pixel of another
    true class within the width, by Chebyshev distance. The image edge is no border of the band.

    The last three are, of each class, the pixels of the intersection of both edges, of the truth
    edge and of the predicted edge, as in Cheng et al., "Boundary IoU: Improving Object-Centric
    Image Segmentation Evaluation", CVPR 2021. The edge of a class are its pixels within the width
    of a pixel that is not of it; what is outside of the image is not of it.

    Ignored pixels count nowhere, and make no border in the truth or the prediction.
    """

    def __init__(self, width: str = "") -> None:
        """Take a width: a share of the image diagonal, "0.5%", or pixels, "5px"; "" is 0.5%.

        Raises ValueError for another one.
        """
        width = width or DEFAULT_WIDTH
        share, pixels = _SHARE.fullmatch(width), _PIXELS.fullmatch(width)
        self._share = Decimal(share[1]) / 100 if share else Decimal(0)
        self._pixels = int(pixels[1]) if pixels else 0
        if not (0 < self._share <= 1 or self._pixels > 0):
            raise ValueError(
                "expected a width above 0, a share of the image diagonal such as boundary:0.5% "
                "or pixels such as boundary:5px"
            )
        text = f"{(100 * self._share).normalize():f}%" if share else f"{self._pixels}px"
        self.name = f"boundary:{text}"
        self._latest: _Frame | None = None  # of the latest truth, which has many predictions

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: all but the latest truth."""
        return self.__dict__ | {"_latest": None}

    def distance(self, height: int, width: int) -> int:
        """Return the width of the band in pixels of an image, at least 1."""
        return self._pixels or max(1, round(float(self._share) * hypot(height, width)))

    def shape(self, classes: int, columns: int) -> tuple[int, ...]:
        """Return (C, columns + 3)."""
        return classes, columns + EDGES

    def count(self, truth: LabelMap, prediction: Prediction, classes: int, columns: int) -> Counts:
        """Count the band and the edges; InputError as of `metrics.confusion_matrix`."""
        labels = prediction.labels
        check_label_maps(truth, labels, classes, spare=columns > classes)
        frame = self._latest
        if (
            frame is None
            or frame.classes != classes
            or frame.truth.dtype != truth.dtype
            or not np.array_equal(frame.truth, truth)
        ):
            frame = self._latest = self._frame(truth, classes)
        distance = self.distance(*truth.shape)
        edges = near_border(labels, frame.ignored, distance) | _margin(truth.shape, distance)
        counts = np.zeros(self.shape(classes, columns), np.int64)
        counts[:, _TRUTH] = frame.edges
        _count(frame.truth.ravel(), labels.ravel(), frame.zones.ravel(), edges.ravel(), counts)
        return counts

    def _frame(self, truth: LabelMap, classes: int) -> _Frame:
        ignore = ignored_label(truth.dtype)
        ignored = truth == ignore
        unknown = truth[(truth >= classes) & ~ignored]
        if unknown.size:
            raise unknown_label(int(unknown[0]), classes, ignore)
        distance = self.distance(*truth.shape)
        band = near_border(truth, ignored, distance)
        edge = (band | _margin(truth.shape, distance)) & ~ignored
        zones = _SCORED * ~ignored + _BAND * band + _EDGE * edge
        edges = np.bincount(truth[edge], minlength=classes)
        return _Frame(truth.copy(), classes, ignored, zones, edges)

    def measured(self, like: PixelCounts, columns: int) -> BoundaryCounts:  # noqa: ARG002
        """Return empty counts of the band, the interior and the edges."""
        from ..boundary import BoundaryCounts

        return BoundaryCounts(len(like.seen), like.draws, like.class_set)

    def problem(
        self, counts: Counts, pixels: NDArray[np.int64], classes: Sequence[str]
    ) -> tuple[int, str] | None:
        """Return counts that no truth and prediction of such a frame can have."""
        band = counts[..., :-EDGES].sum(axis=2)  # (N, C, columns + 3) -> (N, C)
        correct, truth, predicted = np.moveaxis(counts[..., -EDGES:], -1, 0)  # 3 x (N, C)
        several = (pixels > 0).sum(axis=1, keepdims=True) > 1  # (N, 1)
        for more, most, where in (
            (band, pixels * several, "near borders than the frame can"),
            (truth, pixels, "at the true edge than the frame has"),
            (band, truth, "near borders than at the true edge"),
            (correct, truth, "at both edges than at the true one"),
            (correct, predicted, "at both edges than at the predicted one"),
        ):
            wrong = np.argwhere(more > most)
            if len(wrong):
                index, place = wrong[0].tolist()
                return index, f"has more pixels of {classes[place]} {where}"
        outside = predicted.sum(axis=1) > pixels.sum(axis=1)  # (N,)
        return first_wrong(outside, "has more pixels at predicted edges than the frame has")


def _margin(shape: tuple[int, ...], distance: int) -> NDArray[np.bool_]:
    """Return the pixels within a distance of what is outside of the image, bool (H, W)."""
    margin = np.ones(shape, np.bool_)
    margin[distance:-distance, distance:-distance] = False
    return margin


@kernel
def _count(truth: Any, prediction: Any, zones: Any, edges: Any, counts: Any) -> None:
    """Add pixels to the counts (C, columns + 3): truth, prediction, zones and edges (pixels,)."""
    for pixel in range(len(truth)):
        zone, label = zones[pixel], prediction[pixel]
        if zone & _BAND:
            counts[truth[pixel], label] += 1
        # The last value of a prediction may mean "no class", which has no counts.
        if edges[pixel] and zone & _SCORED and label < len(counts):
            counts[label, _PREDICTED] += 1
            if zone & _EDGE and truth[pixel] == label:
                counts[label, _CORRECT] += 1
