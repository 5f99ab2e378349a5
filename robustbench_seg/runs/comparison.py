"""Paired differences of two stored runs, or of two models of one run, on the same images."""

from __future__ import annotations

import pandas as pd

from ..errors import InputError
from ..scores.bootstrap import Bootstrap
from ..scores.comparison import paired_differences
from .run import StoredRun
from .side_by_side import check_alike, order_of


def compare(
    first: StoredRun,
    second: StoredRun,
    *,
    first_model: str | None = None,
    second_model: str | None = None,
) -> pd.DataFrame:
    """Return the differences of all scores, second minus first, each with its 95 % interval.

    A run with several models needs the name of one. The table has one row per score of the suite
    and the columns `first`, `second`, `difference`, `low`, `high`, `p` (p-value of no difference)
    and `p_holm` (Holm-corrected for the number of corruptions, or of conditions). Raises InputError
    unless both runs have the same finished images, labels, classes and suite.
    """
    names = (_model(first, first_model), _model(second, second_model))
    check_alike(first, second)
    groups = first.groups if first.grouped else None
    suite = first.spec.suite
    return paired_differences(
        Bootstrap(first.pixel_counts[names[0]], groups),
        Bootstrap(second.pixel_counts[names[1]].in_order(order_of(first, second)), groups),
        suite.scores,
        suite.family,
    )


def _model(run: StoredRun, name: str | None) -> str:
    if not run.frames:
        raise InputError(
            f"{run.folder}: no frame is finished yet; run the same command again to finish it"
        )
    names = list(run.pixel_counts)
    if name is None and len(names) > 1:
        raise InputError(f"{run.folder}: has several models; name one of {', '.join(names)}")
    if name is not None and name not in names:
        raise InputError(f"{run.folder}: no model {name!r}; there are {', '.join(names)}")
    return name or names[0]
