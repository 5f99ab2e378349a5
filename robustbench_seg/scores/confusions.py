"""Confusions between classes: which share of the pixels of a class is predicted as another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from .metrics import Matrix, Scores, ratio

NO_CLASS = "no class"
"""Column of the predictions of no class."""
SUITE = "suite"
"""Corruption of the mean over all corruptions."""
LEAST = 0.005
"""Smallest change of a share that is listed."""
MOST_OF_SUITE, MOST_OF_CORRUPTION = 10, 3
"""Most confusions that are listed because of the suite, and because of each corruption."""
COLUMNS = ("model", "truth", "predicted", "corruption", "clean", "share", "change")


def row_shares(matrix: Matrix) -> Scores:
    """Return the share of the pixels of each true class by predicted class: (..., C, columns).

    Rows of classes without pixels are NaN.
    """
    return ratio(matrix, matrix.sum(axis=-1, keepdims=True))


def confusion_table(
    shares: Iterable[tuple[str, Mapping[str, Scores]]], names: Sequence[str]
) -> pd.DataFrame:
    """List the confusions that grow most, from the shares of each model: columns `COLUMNS`.

    `shares` has clean, `SUITE` and each corruption, (C, columns) each; `names` are those of the
    columns. Listed under all of them are the pairs of classes that change by `LEAST` or more and
    are among the `MOST_OF_SUITE` of a model, or the `MOST_OF_CORRUPTION` of a corruption. Those of
    a model are in falling order of their change over the suite, and then as they were found.
    """
    rows = []
    for model, (clean, *others) in ((model, found.items()) for model, found in shares):
        pairs: dict[tuple[int, int], None] = {}
        for corruption, share in others:
            most = MOST_OF_SUITE if corruption == SUITE else MOST_OF_CORRUPTION
            pairs |= dict.fromkeys(largest_changes(clean[1], share, most))
        rows += [
            (model, names[pair[0]], names[pair[1]], corruption, *numbers)
            for pair in pairs
            for corruption, share in others
            if not np.isnan(share[pair])
            for numbers in [(clean[1][pair], share[pair], share[pair] - clean[1][pair])]
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def largest_changes(clean: Scores, share: Scores, most: int) -> Iterator[tuple[int, int]]:
    """Yield the places (truth, predicted) whose shares (C, columns) grow most, the most first.

    Correct predictions are left out, and changes below `LEAST`.
    """
    change = share - clean
    np.fill_diagonal(change, np.nan)
    flat = np.where(change >= LEAST, change, 0.0).ravel()  # (C, columns) -> (C * columns,)
    for place in np.argsort(-flat, kind="stable")[:most].tolist():
        if flat[place]:
            truth, predicted = divmod(place, change.shape[1])
            yield truth, predicted
