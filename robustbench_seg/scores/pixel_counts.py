"""Pixel counts per image, from which all scores of a run and their intervals are computed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import metrics
from .image_counts import DrawKey, ImageCounts
from .metrics import METRICS, ClassCounts, Matrix, Scores, Totals
from .tables import ALL_CLASSES

ScoreKey = tuple[str, str]
"""Class (ALL_CLASSES, a class or a category) and metric of a score."""


class PixelCounts(ImageCounts):
    """Correct, true and predicted pixels of one model, per image, draw and class.

    Three numbers per class instead of a matrix row: 150 classes of thousands of images fit into
    memory. Categories are counted beside the classes. `counts` are (images, draws, 3, C + K):
    correct, truth, predicted.
    """

    def __init__(
        self,
        images: int,
        draws: Sequence[DrawKey],
        classes: Sequence[str],
        categories: Sequence[str],
        class_set: NDArray[np.bool_],
    ):
        """Start with zeros; `categories` has one of each class, `class_set` is bool (C,)."""
        names = tuple(dict.fromkeys(categories))
        super().__init__(images, draws, (3, len(classes) + len(names)))
        self.classes = tuple(classes)
        self.categories = names
        self.class_set = class_set
        self._class_categories = tuple(categories)

    def add(self, images: Sequence[int], draws: Sequence[DrawKey], matrices: Matrix) -> None:
        """Count confusion matrices, (N, C, C) or (N, C, C + 1), each of an image under a draw."""
        by_class = np.stack(metrics.class_counts(matrices), axis=1)  # (N, 3, C)
        categories = self._class_categories
        by_category = np.stack(metrics.category_counts(matrices, categories), axis=1)  # (N, 3, K)
        self.add_counts(images, draws, np.concatenate((by_class, by_category), axis=2))

    @cached_property
    def category_set(self) -> NDArray[np.bool_]:
        """Categories with ground truth, bool (K,)."""
        present = {self._class_categories[place] for place in np.flatnonzero(self.class_set)}
        return np.array([name in present for name in self.categories])

    def under(self, draws: Sequence[int]) -> PixelCounts:
        """Return the counts of each image under one of its draws, all as one condition, "worst"."""
        key = ("worst", 0, 0)
        found = PixelCounts(len(draws), [key], self.classes, self._class_categories, self.class_set)
        images = range(len(draws))
        found.add_counts(images, [key] * len(draws), self.counts[images, draws])
        return found

    def totals(self, sums: NDArray[Any]) -> Totals:
        """Split sums of counts (..., 3, C + K) by class and by category, with their class sets.

        Means go over the classes of the set that have ground truth in the sum. Over all images that
        is the set; in a resample without a class, its IoU is undefined and the mean goes over the
        other classes, the same for all conditions.
        """
        parts = sums[..., : len(self.classes)], sums[..., len(self.classes) :]
        # (..., 3, C) -> 3 x (..., C); (..., 3, K) -> 3 x (..., K)
        classes, categories = (ClassCounts(*np.moveaxis(part, -2, 0)) for part in parts)
        class_set = self.class_set & (classes.truth > 0)
        return Totals(classes, class_set, categories, self.category_set & (categories.truth > 0))

    def scores(self, sums: NDArray[Any]) -> dict[ScoreKey, Scores]:
        """Return all scores of sums of counts (..., 3, C + K), (...) each."""
        totals = self.totals(sums)
        scores = {(ALL_CLASSES, name): metric(totals) for name, metric in METRICS.items()}
        for metric, names, chosen, counts, defined in (
            ("iou", self.classes, self.class_set, *totals[:2]),
            ("category_iou", self.categories, self.category_set, *totals[2:]),
        ):
            values = np.where(defined, metrics.iou(counts), np.nan)
            for place in np.flatnonzero(chosen):
                scores[names[place], metric] = values[..., place]
        return scores

    def miou(self, sums: NDArray[Any]) -> Scores:
        """Return the mIoU of sums of counts of the classes (..., 3, C)."""
        classes = ClassCounts(*np.moveaxis(sums, -2, 0))  # (..., 3, C) -> 3 x (..., C)
        return metrics.mean_iou(classes, self.class_set & (classes.truth > 0))

    def class_iou(self, sums: NDArray[Any]) -> Scores:
        """Return the IoU of one class from sums of its counts (..., 3); NaN without truth."""
        counts = ClassCounts(*np.moveaxis(sums, -1, 0)[..., np.newaxis])  # (..., 3) -> 3 x (..., 1)
        return np.where(counts.truth > 0, metrics.iou(counts), np.nan)[..., 0]
