"""Size and power of the sign-flip test on simulated runs: the numbers of docs/statistics.md.

    python benchmarks/simulate_tests.py [--table NAME] [--runs 1000]

Each simulated run has two models, 19 classes, a clean condition and two corruptions. A class is in
some of the images only, and some images are harder for both models. A size is the share of runs of
equally good models with p < 0.05; a power is that share if the second model is better.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.scores import metrics
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.statistics import p_value

CLASSES = 19
PRESENT = np.geomspace(1.0, 0.1, CLASSES)
"""Probability that a class is in an image."""
SHARE = np.geomspace(0.4, 0.002, CLASSES)
"""Size of a class where it is."""
LEVEL = np.linspace(3.0, 0.0, CLASSES)
"""Logit of the share of a class that is found."""
HARDER = np.array([0.0, 1.0, 2.0])
"""What the clean condition and two corruptions take from the logit."""
REFERENCE = np.array([0.75, 0.6, 0.4])
"""mIoU of a third model, which CD and rCD divide by."""
SCORES = ("clean", "suite score", "retention", "CD", "rCD")
DRAWS = [("clean", 0, 0), ("fog", 1, 0), ("noise", 1, 0)]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """How a model differs from the other one."""

    better: float = 0.0
    """What it adds to the logits."""
    trades: float = 0.0
    """What it adds to the logits of every other class, and takes from those between."""
    noise: float = 0.7
    """Standard deviation of the logits over images and classes."""
    by_group: float = 0.0
    """Standard deviation of the logits over groups, with all classes together."""


class Case(NamedTuple):
    """A pair of models on images, with the number of groups; 0: none."""

    first: Model
    second: Model
    images: int
    groups: int = 0


def counts_of(
    models: Sequence[Model], images: int, groups: NDArray[np.intp], rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return counts (images, conditions, 3, C) of each model on the same images."""
    there = rng.random((images, 1, CLASSES)) < PRESENT
    there[:, :, 0] = True
    truth = (1e5 * there * SHARE * rng.lognormal(0, 0.8, there.shape)).astype(np.int64)
    hard = rng.normal(0, 0.7, (images, 1, 1)) + HARDER[:, np.newaxis]  # (images, conditions, 1)
    found = []
    for model in models:
        trades = model.trades * (-1.0) ** np.arange(CLASSES)
        of_group = rng.normal(0, model.by_group, groups.max() + 1)[groups][
            :, np.newaxis, np.newaxis
        ]
        noise = rng.normal(0, model.noise, (images, len(HARDER), CLASSES))
        logit = LEVEL + trades + model.better - hard + noise + of_group
        hits = (truth / (1 + np.exp(-logit))).astype(np.int64)
        missed = (truth - hits).sum(axis=-1, keepdims=True)
        taken_for = (there + 0.01) * SHARE**0.5 * rng.lognormal(0, 0.8, hits.shape)
        alarms = (missed * taken_for / taken_for.sum(axis=-1, keepdims=True)).astype(np.int64)
        found.append(np.stack([hits, np.broadcast_to(truth, hits.shape), hits + alarms], axis=2))
    return found


def bootstrap(counts: NDArray[np.int64], groups: Sequence[str] | None) -> Bootstrap:
    """Wrap counts (images, conditions, 3, C); one category holds all classes."""
    names = [str(place) for place in range(CLASSES)]
    present = counts[:, 0, 1].sum(axis=0) > 0
    wrapped = PixelCounts(len(counts), DRAWS, names, ["all"] * CLASSES, present)
    wrapped.counts = np.concatenate([counts, counts.sum(axis=-1, keepdims=True)], axis=-1)
    wrapped.seen[:] = True
    return Bootstrap(wrapped, groups, resamples=1)


def scores(miou: Scores) -> Scores:
    """Return clean mIoU, suite score, retention, CD and rCD of mIoU (..., conditions)."""
    clean, corrupted = miou[..., 0], miou[..., 1:]
    suite = corrupted.mean(axis=-1)
    cd = ((1 - corrupted) / (1 - REFERENCE[1:])).mean(axis=-1)
    rcd = ((clean[..., np.newaxis] - corrupted) / (REFERENCE[0] - REFERENCE[1:])).mean(axis=-1)
    return np.stack([clean, suite, suite / clean, cd, rcd], axis=-1)


def p_values(case: Case, seed: int, whole_groups: bool = True) -> Scores:
    """Return the p-value of each of the `scores` in one simulated run."""
    rng = np.random.default_rng(seed)
    numbers = np.zeros(case.images, np.intp)
    if case.groups:  # of very different sizes, and none empty
        shares = rng.dirichlet(np.full(case.groups, 3.0))
        numbers = rng.choice(case.groups, case.images, p=shares)
        numbers[: case.groups] = np.arange(case.groups)
    names = list(map(str, numbers)) if case.groups and whole_groups else None
    pair = counts_of([case.first, case.second], case.images, numbers, rng)
    first, second = (bootstrap(counts, names) for counts in pair)
    ours, theirs = (scores(frame.to_numpy()) for frame in first.exchanged(second))
    return p_value(theirs - ours)


def miou(model: Model) -> Scores:
    """Return the mIoU of a model on very many images, (conditions,)."""
    none = np.zeros(20_000, np.intp)
    (counts,) = counts_of([model], len(none), none, np.random.default_rng(0))
    return metrics.mean_iou(
        metrics.ClassCounts(*np.moveaxis(counts.sum(axis=0), 1, 0)), np.ones(CLASSES, bool)
    )


def with_clean(model: Model, wanted: float) -> Model:
    """Return the model with the logits that give the wanted clean mIoU."""
    low, high = -2.0, 2.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if miou(replace(model, better=middle))[0] < wanted else (low, middle)
        )
    return replace(model, better=low)


def rejected(case: Case, runs: int, **options: bool) -> Scores:
    """Return the share of simulated runs with p < 0.05, for each of the `scores`."""
    p = np.array([p_values(case, seed, **options) for seed in range(runs)])
    return np.asarray((p < 0.05).mean(axis=0))


def table(title: str, columns: Sequence[str], rows: Iterable[tuple[object, Scores]]) -> None:
    """Print a table in Markdown, in percent, row by row."""
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, values in rows:
        print(f"| {name} | {' | '.join(f'{100 * value:.1f}' for value in values)} |", flush=True)


def alike(runs: int) -> None:
    """Print the sizes for models that differ by chance alone."""
    plain, images = Model(), (8, 10, 14, 15, 20, 50, 100, 500)
    rows = ((number, rejected(Case(plain, plain, number), runs)) for number in images)
    table("Size: two models that differ by chance alone", ("images", *SCORES), rows)


def clusters(runs: int) -> None:
    """Print the sizes where each group suits one of the models better, by chance."""
    model = Model(by_group=0.3)
    sizes = ((8, 100), (10, 100), (21, 500))
    cases = (Case(model, model, images, groups) for groups, images in sizes)
    rows = ((case.groups, rejected(case, runs)) for case in cases)
    table("Size: groups, exchanged whole", ("groups", *SCORES), rows)


def few_groups(runs: int) -> None:
    """Print the sizes where the groups are too few, so that images are exchanged."""
    models = {spread: Model(by_group=spread) for spread in (0.05, 0.1, 0.3)}
    cases = {spread: Case(model, model, 500, 3) for spread, model in models.items()}
    rows = ((spread, rejected(case, runs, whole_groups=False)) for spread, case in cases.items())
    table("Size: 3 groups, but images exchanged", ("sd over groups", *SCORES), rows)


def kinds(runs: int) -> None:
    """Print the sizes for two kinds of models with the same clean mIoU."""
    plain = Model()
    other = with_clean(Model(trades=0.5, noise=1.1), float(miou(plain)[0]))
    cases = (Case(plain, other, images) for images in (8, 10, 20, 50, 100, 500))
    rows = ((case.images, rejected(case, runs)[:1]) for case in cases)
    table("Size: models of two kinds, with the same clean mIoU", ("images", SCORES[0]), rows)


def power(runs: int) -> None:
    """Print the powers for models whose clean mIoU differs by some points."""
    plain, points = Model(), (1, 2, 5)
    clean = float(miou(plain)[0])
    models = [with_clean(plain, clean + number / 100) for number in points]
    rows = (
        (
            images,
            np.array([rejected(Case(plain, model, images), runs // 4)[0] for model in models]),
        )
        for images in (8, 10, 20, 50, 100, 500)
    )
    table("Power: points of clean mIoU", ("images", *map(str, points)), rows)


TABLES = {each.__name__: each for each in (alike, clusters, few_groups, kinds, power)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="append", choices=TABLES, help="default: all")
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    for name in options.table or TABLES:
        TABLES[name](options.runs)


if __name__ == "__main__":
    main()
