"""Counts of one model per image and draw of a condition, whatever is counted."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ConditionKey = tuple[str, float]
"""Name and severity of a condition."""
DrawKey = tuple[str, float, int]
"""Name and severity of a condition, and the number of its random draw, from 0."""


class ImageCounts:
    """Counts of one model, an array of one shape for each image under each draw."""

    def __init__(
        self,
        images: int,
        draws: Sequence[DrawKey],
        shape: tuple[int, ...],
        dtype: type[np.integer[Any]] = np.int32,
    ):
        """Start with zeros."""
        self.draws = tuple(draws)
        self._columns = {draw: column for column, draw in enumerate(self.draws)}
        self.counts: NDArray[np.integer[Any]] = np.zeros((images, len(self.draws), *shape), dtype)
        """(images, draws, *shape); 0 where `seen` is False."""
        self.seen = np.zeros((images, len(self.draws)), np.bool_)
        """Whether an image was evaluated under a draw, (images, draws)."""

    def add_counts(
        self, images: Sequence[int], draws: Sequence[DrawKey], counts: NDArray[np.integer[Any]]
    ) -> None:
        """Keep counts (N, *shape), each of an image under a draw."""
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

    def in_order(self, images: NDArray[np.intp]) -> Self:
        """Return the counts of a selection of the images, in the order of their indices."""
        other = copy(self)
        other.counts, other.seen = self.counts[images], self.seen[images]
        return other

    def only(self, seen: NDArray[np.bool_]) -> Self:
        """Return the counts of a part of what was seen, (images, draws)."""
        other = copy(self)
        shape = (*seen.shape, *[1] * (self.counts.ndim - 2))
        other.counts, other.seen = self.counts * seen.reshape(shape), seen
        return other

    def image_count(self, condition: ConditionKey) -> int:
        """Return how many images were evaluated under a condition."""
        return int(self.seen[:, self.conditions[condition]].any(axis=1).sum())

    @cached_property
    def _condition_columns(self) -> pd.MultiIndex:
        return pd.MultiIndex.from_tuples(self.conditions, names=["condition", "severity"])

    def by_condition(self, values: NDArray[np.float64]) -> pd.DataFrame:
        """Return values (rows, conditions) under the columns (condition, severity)."""
        return pd.DataFrame(values, columns=self._condition_columns)

    def mean_over_draws(self, values: NDArray[np.float64]) -> pd.DataFrame:
        """Average values (rows, draws) over the draws of each condition, as in `by_condition`."""
        columns = self.conditions.values()
        if all(len(own) == 1 for own in columns):
            return self.by_condition(values.take([own[0] for own in columns], axis=-1))
        means = [values[:, own].mean(axis=-1) for own in columns]
        return self.by_condition(np.stack(means, axis=-1))
