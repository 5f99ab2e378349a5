"""Our intervals and p-values of a whole run against those of scipy: seconds, memory, agreement.

    python benchmarks/bench_statistics.py [--images 500] [--classes 19] [--resamples 10000]

A made-up run of cityscapes-c, 81 conditions. Ours makes the intervals of every score of the tidy
table, of the headline numbers, and of each class; scipy that of the mIoU of one condition, with the
same resampling. Both test the difference from a second model too, ours in all scores of the suite.
Exits with an error if both intervals differ by more than a tenth of their width, or both p-values
by 0.03, which is several times what chance makes of it.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.scores import metrics
from robustbench_seg.scores.bootstrap import MIOU, Bootstrap
from robustbench_seg.scores.intervals import intervals, tidy
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.statistics import p_value

SUITE = load_suite("cityscapes-c")


def made_up(images: int, classes: int, model: int = 0) -> PixelCounts:
    """Return counts of images that each have some of the classes, of very different sizes."""
    rng = np.random.default_rng(0)
    draws = [(*condition, 0) for condition in (("clean", 0), *SUITE.corrupted)]
    names = [f"class {number}" for number in range(classes)]
    counts = PixelCounts(
        images, draws, names, [f"{place % 7}" for place in range(classes)], np.ones(classes, bool)
    )
    shape = (images, 1, classes)
    truth = rng.lognormal(9, 1.5, shape) * (rng.random(shape) < max(0.1, 10 / classes))
    rng = np.random.default_rng((1, model))
    hits = truth * rng.beta(4, 2, (images, len(draws), classes))
    alarms = (truth > 0) * rng.lognormal(8, 1, hits.shape)
    for place, part in enumerate((hits, truth, hits + alarms)):
        pixels = np.broadcast_to(part, hits.shape).astype(np.int32)
        counts.counts[:, :, place, :classes] = pixels
        for category in range(len(counts.categories)):
            counts.counts[:, :, place, classes + category] = pixels[..., category::7].sum(axis=-1)
    counts.seen[:] = True
    return counts


def miou(counts: NDArray[Any], images: NDArray[np.intp]) -> Any:
    """Return the mIoU of selections of images (..., images) of counts (images, 3, C)."""
    sums = counts[images].sum(axis=-3)  # (..., images, 3, C) -> (..., 3, C)
    found = metrics.ClassCounts(*np.moveaxis(sums, -2, 0))
    return metrics.mean_iou(found, found.truth > 0)


def clean_counts(made: PixelCounts) -> NDArray[np.float64]:
    """Return the counts of the clean images, (images, 3, C)."""
    return made.counts[:, 0, :, : len(made.classes)].astype(np.float64)


def theirs(made: PixelCounts, resamples: int) -> tuple[float, float, float]:
    """Return the ends of scipy's interval of the clean mIoU, and its seconds."""
    counts = clean_counts(made)
    start = time.perf_counter()
    found = stats.bootstrap(
        (np.arange(len(counts)),),
        lambda images, axis: miou(counts, images),  # noqa: ARG005
        vectorized=True,
        method="percentile",
        n_resamples=resamples,
        batch=32,
        rng=np.random.default_rng(1),
    ).confidence_interval
    return float(found.low), float(found.high), time.perf_counter() - start


def their_p_value(first: PixelCounts, second: PixelCounts) -> tuple[float, float]:
    """Return scipy's p-value of the difference of the clean mIoU, and its seconds."""
    counts = np.concatenate([clean_counts(first), clean_counts(second)])
    images = np.arange(len(counts) // 2)
    start = time.perf_counter()
    found = stats.permutation_test(
        (images + len(images), images),
        lambda x, y, axis: miou(counts, x) - miou(counts, y),  # noqa: ARG005
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**13 - 1,
        batch=32,
        rng=np.random.default_rng(1),
    )
    return float(found.pvalue), time.perf_counter() - start


def main() -> None:
    """Measure both and compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--classes", type=int, default=19)
    parser.add_argument("--resamples", type=int, default=10_000)
    options = parser.parse_args()

    counts = made_up(options.images, options.classes)
    start, processor = time.perf_counter(), time.process_time()
    bootstrap = Bootstrap(counts, resamples=options.resamples)
    rows = len(tidy({"model": bootstrap}, "made up"))
    rows += len(
        intervals(
            {"model": bootstrap},
            SUITE.scores,
            SUITE.class_scores,
        )
    )
    ours, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{options.images} images x {len(counts.conditions)} conditions x {options.classes} "
        f"classes, {options.resamples} resamples"
    )
    print(
        f"ours: {rows} intervals in {ours:.1f} s ({processor:.1f} s of processors), counts "
        f"{counts.counts.nbytes / 2**20:.0f} MiB, peak {peak:.0f} MiB"
    )
    low, high, seconds = theirs(counts, options.resamples)
    print(f"scipy: 1 interval in {seconds:.1f} s; an interval of ours takes {ours / rows:.4f} s")
    found = bootstrap.scores["clean", 0]
    own = (found["low"][MIOU], found["high"][MIOU])
    print(f"clean mIoU: ours {own[0]:.4f} to {own[1]:.4f}, scipy {low:.4f} to {high:.4f}")
    if max(abs(own[0] - low), abs(own[1] - high)) > 0.1 * (high - low):
        raise SystemExit("the intervals differ")

    second = made_up(options.images, options.classes, model=1)
    other = Bootstrap(second, resamples=options.resamples)
    start, processor = time.perf_counter(), time.process_time()
    exchanged = bootstrap.exchanged(other)
    derived = [SUITE.scores(frame).to_numpy() for frame in exchanged]
    p = p_value(derived[1] - derived[0])
    ours, processor = time.perf_counter() - start, time.process_time() - processor
    their_p, seconds = their_p_value(counts, second)
    print(f"p of clean mIoU: ours {p[0]:.4f}, scipy {their_p:.4f}")
    print(
        f"ours: {len(p)} p-values in {ours:.1f} s ({processor:.1f} s of processors), scipy: 1 in "
        f"{seconds:.1f} s"
    )
    if abs(p[0] - their_p) > 0.03:
        raise SystemExit("the p-values differ")


if __name__ == "__main__":
    main()
