"""The counts of each image of a run, from which all its scores and their intervals are made."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import metrics
from .metrics import Counts, Matrix, Scores
from .statistics import group_sums
from .tables import ALL_CLASSES

Condition = tuple[str, int]
"""Its name and severity."""
Draw = tuple[str, int, int]
"""Name and severity of a condition, and which repetition of its chance it is, from 0."""
Score = tuple[str, str]
"""The class that a score is of, or ALL_CLASSES, or a category; and the metric."""


class PixelCounts:
    """Of one model: right, true and predicted pixels per image, condition and class.

    That is 3 numbers a class in place of a row of a matrix, so that 150 classes of thousands of
    images fit into memory. Categories are counted beside the classes.
    """

    def __init__(
        self,
        images: int,
        draws: Sequence[Draw],
        classes: Sequence[str],
        categories: Sequence[str],
        class_set: NDArray[np.bool_],
    ):
        """Begin with nothing; `categories` has that of each class, `class_set` is bool (C,)."""
        self.draws = tuple(draws)
        self.classes = tuple(classes)
        self.categories = tuple(dict.fromkeys(categories))
        self.class_set = class_set
        self._class_categories = tuple(categories)
        self._columns = {draw: column for column, draw in enumerate(self.draws)}
        units = len(self.classes) + len(self.categories)
        self.counts: NDArray[np.integer[Any]] = np.zeros(
            (images, len(self.draws), 3, units), np.int32
        )
        """Zeros where an image has not been taken under a condition."""
        self.seen = np.zeros((images, len(self.draws)), np.bool_)

    def add(self, image: int, draw: Draw, matrix: Matrix) -> None:
        """Count the matrix, (C, C) or (C, C + 1), of an image under a condition."""
        both = (
            metrics.counts_of(matrix),
            metrics.category_counts(matrix, self._class_categories),
        )
        # 2 x (3, C), (3, K) -> (3, C + K)
        self.counts[image, self._columns[draw]] = np.concatenate(both, axis=1)
        self.seen[image, self._columns[draw]] = True

    @cached_property
    def conditions(self) -> dict[Condition, list[int]]:
        """The columns of each condition: one, or as many as there are draws of it."""
        columns: dict[Condition, list[int]] = {}
        for column, (name, severity, _) in enumerate(self.draws):
            columns.setdefault((name, severity), []).append(column)
        return columns

    @property
    def category_set(self) -> NDArray[np.bool_]:
        """The categories with ground truth, bool (K,)."""
        present = {
            name
            for name, there in zip(self._class_categories, self.class_set, strict=True)
            if there
        }
        return np.array([name in present for name in self.categories])

    def in_order(self, images: NDArray[np.intp]) -> PixelCounts:
        """Return the tally of these of its images, in this order."""
        other = copy(self)
        other.counts, other.seen = self.counts[images], self.seen[images]
        return other

    def images(self, condition: Condition) -> int:
        """Return how many images were taken under a condition."""
        return int(self.seen[:, self.conditions[condition]].any(axis=1).sum())

    def units(self, groups: Sequence[str] | None) -> NDArray[np.integer[Any]]:
        """Return what is drawn anew: the counts of the images, or the sums over their groups."""
        return self.counts if groups is None else group_sums(self.counts, groups)

    def scores(self, sums: NDArray[Any]) -> dict[Score, Scores]:
        """Return all scores of sums of counts (..., 3, C + K), (...) each.

        The means go over the classes of the set that have ground truth in the sum: over all images,
        that is the set; where a resample has none of a class, its IoU is undefined there and its
        mean goes over the others, the same for all conditions.
        """
        split = len(self.classes)
        classes = Counts(*np.moveaxis(sums[..., :split], -2, 0))  # (..., 3, C) -> 3 x (..., C)
        merged = Counts(*np.moveaxis(sums[..., split:], -2, 0))  # (..., 3, K) -> 3 x (..., K)
        there = self.class_set & (classes.truth > 0)
        merged_there = self.category_set & (merged.truth > 0)
        scores: dict[Score, Scores] = {
            (ALL_CLASSES, "miou"): metrics.mean_iou(classes, there),
            (ALL_CLASSES, "miou_cityscapes"): metrics.cityscapes_mean_iou(classes),
            (ALL_CLASSES, "category_miou"): metrics.mean_iou(merged, merged_there),
            (ALL_CLASSES, "pixel_accuracy"): metrics.pixel_accuracy(classes),
            (ALL_CLASSES, "mean_accuracy"): metrics.mean_accuracy(classes, there),
            (ALL_CLASSES, "frequency_weighted_iou"): metrics.frequency_weighted_iou(classes),
        }
        for metric, names, counts, chosen, defined in (
            ("iou", self.classes, classes, self.class_set, there),
            ("category_iou", self.categories, merged, self.category_set, merged_there),
        ):
            values = np.where(defined, metrics.iou(counts), np.nan)
            for place in np.flatnonzero(chosen):
                scores[names[place], metric] = values[..., place]
        return scores

    def class_iou(self, sums: NDArray[Any]) -> Scores:
        """Return the IoU of one class from sums of its counts (..., 3); NaN without truth."""
        counts = Counts(*np.moveaxis(sums, -1, 0)[..., np.newaxis])  # (..., 3) -> 3 x (..., 1)
        return np.where(counts.truth > 0, metrics.iou(counts), np.nan)[..., 0]
