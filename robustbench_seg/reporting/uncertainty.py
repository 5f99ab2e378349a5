"""How sure the scores of a run are, in words, and the intervals of its headline numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports import Intervals

from ..runs.run import StoredRun
from ..scores.statistics import RELIABLE_UNITS, RESAMPLES
from ..scores.tables import ALL_CLASSES

_FEW_OF_CLASS = 10
"""Below so many images with a class, its own IoU is hardly resampled."""


def covers(run: StoredRun) -> str:
    """Say what the intervals cover: "over 16 images, fixed draw"."""
    images = f"{len(run.frames)} image{'s' if len(run.frames) > 1 else ''}"
    over = f"{len(set(run.groups))} groups of {images}" if run.grouped else images
    if not run.spec.random:
        return f"over {over}"
    draws = run.spec.draws
    return f"over {over}, {f'mean of {draws} draws' if draws > 1 else 'fixed draw'}"


def headline_intervals(run: StoredRun) -> Intervals:
    """Return the intervals of the summary of a suite of corruptions, in its form."""
    summary, found = run.table("summary"), run.table("intervals")
    own = found[found["class"] == ALL_CLASSES].set_index(["model", "score"])
    low, high, spread = (
        own[column].unstack("score").reindex(index=summary.index, columns=summary.columns)
        for column in ("low", "high", "sd_over_draws")
    )
    return Intervals(low, high, spread, covers(run))


def table_ends(run: StoredRun) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the low and the high ends of the tables of a suite of corruptions, in their forms."""
    names = ("suite_table", "severity_table", "class_table")
    low, high = _ends(run, "low"), _ends(run, "high")
    return {name: (low[name], high[name]) for name in names}


def _ends(run: StoredRun, end: str) -> dict[str, pd.DataFrame]:
    suite, severities, classes = map(run.table, ("suite", "severities", "classes"))
    found, tidy = run.table("intervals"), run.table("tidy")
    of_all = found["class"] == ALL_CLASSES
    wide = found[of_all].set_index(["model", "score"])[end].unstack("score")
    names = [str(pair[1]) for pair in suite.columns.to_list()]
    scores = ["suite score" if name == "mean" else name for name in names]
    by_class = found[~of_all].set_index(["model", "class", "score"])[end].unstack("score")
    miou = tidy[(tidy["metric"] == "miou") & (tidy["class"] == ALL_CLASSES)]
    by_severity = miou.set_index(["model", "condition", "severity"])[end].unstack("severity")
    places = severities.droplevel("category").index
    return {
        "suite_table": wide.reindex(index=suite.index, columns=scores).set_axis(
            suite.columns, axis="columns"
        ),
        "severity_table": by_severity.reindex(index=places, columns=severities.columns),
        "class_table": by_class.reindex(index=classes.index, columns=classes.columns),
    }


def interval_notes(run: StoredRun) -> list[str]:
    """Return what a reader must know of the intervals, a sentence each."""
    images = len(run.frames)
    if images < 2:
        return ["There is one image, so that nothing tells how sure the scores are."]
    drawn = "groups" if run.grouped else "images"
    notes = [
        f"Intervals are 95 %, {covers(run)}: of {RESAMPLES} bootstrap resamples of the {drawn}, "
        "95 % lie between their ends. They say how far scores move with other images of this "
        "kind, not with other training."
    ]
    units = len(set(run.groups)) if run.grouped else images
    if units < RELIABLE_UNITS:
        notes.append(
            f"Only {units} {drawn}: intervals over fewer than {RELIABLE_UNITS} are too narrow; in "
            "simulations they cover the true value in 90 % of the cases with 20, in 87 % with 10."
        )
    return notes + _group_notes(run) + _class_notes(run) + _draw_notes(run)


def _group_notes(run: StoredRun) -> list[str]:
    groups = len(set(run.groups))
    if run.grouped:
        return ["Images are drawn by group (city or sequence), for those of a group are alike."]
    if all(run.groups) and groups < len(run.frames):
        of = f"{groups} groups (cities or sequences)" if groups > 1 else "one city or sequence"
        return [
            f"The frames are of {of}, too few to draw from; frames of a group are alike, so that "
            "the scores are less sure than the intervals say."
        ]
    return []


def _class_notes(run: StoredRun) -> list[str]:
    if len(run.frames) < RELIABLE_UNITS:
        return []
    finished = set(run.frames)
    pixels = np.array([item.class_pixels for item in run.spec.frames if item.name in finished])
    having = (pixels > 0).sum(axis=0)  # (frames, C) -> (C,)
    rare = [
        f"{name} ({count})"
        for name, count in zip(run.spec.class_names, having, strict=True)
        if 0 < count < _FEW_OF_CLASS
    ]
    if not rare:
        return []
    return [
        f"Fewer than {_FEW_OF_CLASS} images have ground truth of {', '.join(rare)}: the intervals "
        "of the IoU of these classes are too narrow."
    ]


def _draw_notes(run: StoredRun) -> list[str]:
    spec = run.spec
    if spec.draws == 1 or not run.spec.random:
        return []
    found = run.table("intervals")
    own = found[found["score"] == "suite score"]
    moved = "; ".join(
        f"{model} {100 * spread:.2f}"
        for model, spread in zip(own["model"], own["sd_over_draws"].astype(float), strict=True)
    )
    told = (
        f" From draw to draw the suite score moves by a standard deviation of {moved} points."
        if moved
        else ""
    )
    return [
        f"What has chance was drawn {spec.draws} times, with the seeds {spec.seed} to "
        f"{spec.seed + spec.draws - 1}; scores are means over the draws.{told}"
    ]
