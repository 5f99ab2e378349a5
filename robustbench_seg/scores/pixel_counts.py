"""Pixel counts per image, from which all scores of a run and their intervals are computed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import metrics
from .metrics import METRICS, ClassCounts, Matrix, Scores, Totals
from .tables import ALL_CLASSES

ConditionKey = tuple[str, int]
"""Name and severity of a condition."""
DrawKey = tuple[str, int, int]
"""Name and severity of a condition, and the number of its random draw, from 0."""
ScoreKey = tuple[str, str]
"""Class (ALL_CLASSES, a class or a category) and metric of a score."""


class PixelCounts:
    """Correct, true and predicted pixels of one model, per image, draw and class.

    Three numbers per class instead of a matrix row: 150 classes of thousands of images fit into
    memory. Categories are counted beside the classes.
    """

    def __init__(
        self,
        images: int,
        draws: Sequence[DrawKey],
        classes: Sequence[str],
        categories: Sequence[str],
        class_set: NDArray[np.bool_],
    ):
        """Start with zeros; `class_set` is bool (C,).

        `categories` has one of each class, or is empty: then none are counted.
        """
        self.draws = tuple(draws)
        self.classes = tuple(classes)
        self.categories = tuple(dict.fromkeys(categories))
        self.class_set = class_set
        self._class_categories = tuple(categories)
        self._columns = {draw: column for column, draw in enumerate(self.draws)}
        channels = len(self.classes) + len(self.categories)
        self.counts: NDArray[np.integer[Any]] = np.zeros(
            (images, len(self.draws), 3, channels), np.int32
        )
        """(images, draws, 3, C + K): correct, truth, predicted; 0 where `seen` is False."""
        self.seen = np.zeros((images, len(self.draws)), np.bool_)
        """Whether an image was evaluated under a draw, (images, draws)."""

    def add(self, images: Sequence[int], draws: Sequence[DrawKey], matrices: Matrix) -> None:
        """Count confusion matrices, (N, C, C) or (N, C, C + 1), each of an image under a draw."""
        by_class = np.stack(metrics.class_counts(matrices), axis=1)  # (N, 3, C)
        categories = self._class_categories
        by_category = np.stack(metrics.category_counts(matrices, categories), axis=1)  # (N, 3, K)
        self.add_counts(images, draws, np.concatenate((by_class, by_category), axis=2))

    def add_counts(
        self, images: Sequence[int], draws: Sequence[DrawKey], counts: NDArray[np.int64]
    ) -> None:
        """Add correct, true and predicted pixels, (N, 3, C + K), each of an image under a draw."""
        columns = [self._columns[draw] for draw in draws]
        self.counts[images, columns] = counts
        self.seen[images, columns] = True

    @cached_property
    def conditions(self) -> dict[ConditionKey, list[int]]:
        """Columns of each condition: one for each of its draws."""
        columns: dict[ConditionKey, list[int]] = {}
        for column, (name, severity, _) in enumerate(self.draws):
            columns.setdefault((name, severity), []).append(column)
        return columns

    @cached_property
    def category_set(self) -> NDArray[np.bool_]:
        """Categories with ground truth, bool (K,)."""
        pairs = zip(self._class_categories, self.class_set.tolist(), strict=False)
        present = {category for category, chosen in pairs if chosen}
        return np.array([name in present for name in self.categories], np.bool_)

    def in_order(self, images: NDArray[np.intp]) -> PixelCounts:
        """Return the counts of a selection of the images, in the order of their indices."""
        other = copy(self)
        other.counts, other.seen = self.counts[images], self.seen[images]
        return other

    def only(self, seen: NDArray[np.bool_]) -> PixelCounts:
        """Return the counts of a part of what was seen, (images, draws)."""
        other = copy(self)
        other.counts, other.seen = self.counts * seen[..., np.newaxis, np.newaxis], seen
        return other

    def image_count(self, condition: ConditionKey) -> int:
        """Return how many images were evaluated under a condition."""
        return int(self.seen[:, self.conditions[condition]].any(axis=1).sum())

    def by_condition(self, values: Scores) -> pd.DataFrame:
        """Return values (rows, conditions) under the columns (condition, severity)."""
        columns = pd.MultiIndex.from_tuples(self.conditions, names=["condition", "severity"])
        return pd.DataFrame(values, columns=columns)

    def mean_over_draws(self, values: Scores) -> pd.DataFrame:
        """Average values (rows, draws) over the draws of each condition, as in `by_condition`."""
        means = [values[:, own].mean(axis=-1) for own in self.conditions.values()]
        return self.by_condition(np.stack(means, axis=-1))

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
