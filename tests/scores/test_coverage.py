"""Coverage of intervals on simulated runs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.scores import metrics
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.statistics import interval

PRESENT = np.array([1, 0.95, 0.5, 0.9, 0.3, 0.06])
"""Probability that a class is in a simulated image; SHARE: its size, LEVEL: its difficulty."""
SHARE = np.array([0.4, 0.2, 0.03, 0.2, 0.05, 0.1])
LEVEL = np.array([3.0, 2.0, 0.5, 1.5, 0.2, 0.0])


def simulated(images: int, seed: int, harder: tuple[float, float]) -> NDArray[np.int64]:
    """Simulate counts (images, 2, 3, 6) under two conditions; images differ in difficulty too."""
    rng = np.random.default_rng(seed)
    there = rng.random((images, 6)) < PRESENT
    truth = (1e5 * there * SHARE * rng.lognormal(0, 0.8, (images, 6))).astype(np.int64)
    hardness = rng.normal(0, 0.7, (images, 1, 1)) + np.array(harder)[:, np.newaxis]
    noise = rng.normal(0, 0.8, (images, 2, 6))
    rate = 1 / (1 + np.exp(-(LEVEL - hardness + noise)))  # (images, 2, 6)
    hits = (truth[:, np.newaxis] * rate).astype(np.int64)
    missed = (truth[:, np.newaxis] - hits).sum(axis=-1, keepdims=True)
    weights = (there * SHARE**0.5 + 0.01) * rng.lognormal(0, 0.8, (images, 6))
    alarms = missed * (weights / weights.sum(axis=-1, keepdims=True))[:, np.newaxis]
    both = np.broadcast_to(truth[:, np.newaxis], hits.shape)
    return np.stack([hits, both, hits + alarms.astype(np.int64)], axis=2)


def pixel_counts(counts: NDArray[np.int64], present: NDArray[np.bool_]) -> PixelCounts:
    """Wrap simulated counts (images, 2, 3, 6); one category holds all classes."""
    names = [str(number) for number in range(6)]
    found = PixelCounts(len(counts), [("clean", 0, 0), ("fog", 1, 0)], names, ["all"] * 6, present)
    found.counts = np.concatenate([counts, counts.sum(axis=-1, keepdims=True)], axis=-1)
    return found


@pytest.mark.slow
def test_95_percent_intervals_cover_the_true_value_in_about_95_percent_of_runs() -> None:
    population = simulated(30_000, 0, (0.0, 1.5))
    true = metrics.iou(metrics.ClassCounts(*np.moveaxis(population.sum(axis=0), 1, 0)))  # (2, 6)
    rng = np.random.default_rng(1)
    held, runs = np.zeros(3), 400
    for _ in range(runs):
        counts = population[rng.integers(0, len(population), 100)]
        present = counts[:, 0, 1].sum(axis=0) > 0
        bootstrap = Bootstrap(pixel_counts(counts, present), resamples=250)
        samples = bootstrap.samples.to_numpy()
        low, high = interval(np.column_stack([samples, samples[:, 1] / samples[:, 0]]))
        clean, fog = true[:, present].mean(axis=1)
        expected = np.array([clean, fog, fog / clean])  # the last is the retention
        held += (low <= expected) & (expected <= high)
    assert (held / runs >= 0.92).all(), held / runs
    assert (held / runs <= 0.97).all(), held / runs
