"""How well a sample of a run tells the scores of the whole run, by replaying complete stored runs.

    python benchmarks/bench_sampling.py RUN [RUN ...] [--repetitions 100] [--csv FILE]

Each model of each run is sampled again and again with other seeds, at several shares of its
corrupted frames. The first table has the error against the complete run, in points of mIoU: root
mean square and bias, of several estimators. The second has the coverage of the 95 % intervals over
the sample, and the third that of all models together, with its standard error. The fourth looks at
two equal models, whose results were exchanged at random, until their difference is decided: how
often its confidence sequence ever misses the true difference, and what share of the cells that
takes.

Exits with an error if 10 % of the cells leave the suite score an error above 0.35 points with 100
images or more, or above 0.2 with 230 or more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.protocol.sampling import cell_order
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.runs.run import StoredRun
from robustbench_seg.scores import metrics
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.sampled import Sampled
from robustbench_seg.scores.statistics import interval
from robustbench_seg.scores.stopping import decision

SHARES = (0.05, 0.1, 0.2, 0.5)
LOOKS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
OURS = "ours"
Mask = NDArray[np.bool_]
Totals = NDArray[np.float64]


class Replay(NamedTuple):
    """A complete run of one model."""

    name: str
    spec: Spec
    counts: PixelCounts

    @property
    def exact(self) -> pd.DataFrame:
        """Scores of the complete run, one row: conditions, then derived scores."""
        return self.derived(self.miou(np.arange(len(self.counts.seen))))

    def miou(self, images: NDArray[np.intp]) -> pd.DataFrame:
        """Return the mIoU by condition of a run on these images alone, one row."""
        return self.of_totals(self.counts.counts[images].sum(axis=0)[..., : self.classes])

    def of_totals(self, totals: NDArray[Any]) -> pd.DataFrame:
        """Return the mIoU by condition of totals (draws, 3, C), one row."""
        return self.counts.mean_over_draws(self.counts.miou(totals)[np.newaxis])

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.counts.classes)

    def derived(self, miou: pd.DataFrame) -> pd.DataFrame:
        """Add the derived scores to rows of mIoU by condition."""
        names = [f"{name} {severity}" for name, severity in self.counts.conditions]
        plain = miou.set_axis(names, axis="columns")
        return pd.concat([plain, self.spec.suite.scores(miou)], axis="columns")

    def mask(self, share: float, seed: int) -> Mask:
        """Return what a sample has seen, (images, draws)."""
        groups = self.spec.draw_groups(self.spec.frames[0])
        columns = {draw: place for place, draw in enumerate(self.counts.draws)}
        seen = np.zeros_like(self.counts.seen)
        for frame, group in cell_order(replace(self.spec, seed=seed)).first(share):
            for condition, number in groups[group]:
                seen[frame, columns[*condition.key, number]] = True
        return seen

    def sample(self, seen: Mask) -> PixelCounts:
        """Return the counts of a sample."""
        part = self.counts.in_order(np.arange(len(seen)))
        part.seen = seen
        part.counts = np.where(seen[..., np.newaxis, np.newaxis], part.counts, 0)
        return part


def replays(folders: list[Path]) -> Iterator[Replay]:
    """Yield each model of each run, with the frames that are finished."""
    for folder in folders:
        run = StoredRun.open(folder)
        frames = tuple(frame for frame in run.spec.frames if frame.name in set(run.frames))
        spec = replace(run.spec, frames=frames, batch=1)  # sampled one condition at a time
        for model, counts in run.pixel_counts.items():
            yield Replay(f"{model} on {spec.dataset}", spec, counts)


def totals_of(replay: Replay, seen: Mask) -> Mapping[str, Callable[[], Totals]]:
    """Return simpler estimators: functions that give totals (draws, 3, C)."""
    counts = replay.counts.counts[..., : replay.classes].astype(np.float64)  # (images, draws, 3, C)
    clean = counts[:, 0]
    weights = seen.astype(np.float64)
    number = weights.sum(axis=0)[:, np.newaxis]  # (draws, 1)
    sums = np.einsum("nd,ndkc->dkc", weights, counts)  # (draws, 3, C)
    expand = len(seen) / number
    false = (sums[:, 2] - sums[:, 0]) * expand
    expected = weights.T @ clean[:, 0]  # (draws, C)
    every = clean.sum(axis=0)  # (3, C)

    def plain() -> Totals:
        return np.asarray(sums)

    def counted(hits: Totals) -> Totals:
        truth = np.broadcast_to(every[1], hits.shape)
        return np.asarray(np.stack([hits, truth, hits + false], axis=1))

    def ratio() -> Totals:
        overall = metrics.ratio(sums[:, 0].sum(axis=0), expected.sum(axis=0))
        own = metrics.ratio(sums[:, 0], expected)
        return counted(np.nan_to_num(every[0] * np.where(np.isnan(own), overall, own)))

    def greg() -> Totals:
        means = expected / number
        products = np.einsum("nd,ndc,nc->dc", weights, counts[:, :, 0], clean[:, 0])
        squares = weights.T @ clean[:, 0] ** 2
        slope = metrics.ratio(products - means * sums[:, 0], squares - means * expected)
        change = every[0] - expand * expected
        hits = expand * sums[:, 0] + np.nan_to_num(slope) * change
        return counted(np.maximum(hits, 0))

    return {
        "other frames under each condition, plain": plain,
        "ratio to clean hits": ratio,
        "regression on clean hits (GREG)": greg,
    }


def measure(replay: Replay, repetitions: int, resamples: int) -> Iterator[dict[str, object]]:
    """Yield the error of each repetition, share and estimator, in points."""
    exact = replay.exact
    images = len(replay.counts.seen)
    conditions = [f"{name} {severity}" for name, severity in replay.counts.conditions]
    conditions = [name for name in conditions if name != "clean 0"]
    policy = replay.spec.suite.policy
    assert policy is not None  # a suite of corruptions
    derived = ["suite score", "retention", "mPC", *policy.categories]
    corruptions = list(policy.corruptions)
    for share in SHARES:
        for seed in range(repetitions):
            rng = np.random.default_rng((seed, 1))
            n = max(1, round(share * images))
            start = rng.integers(images)
            found = {
                "frames in a row, the same under each condition": replay.miou(
                    (start + np.arange(n)) % images
                ),
                "random frames, the same under each condition": replay.miou(
                    rng.permutation(images)[:n]
                ),
            }
            seen = replay.mask(share, seed)
            for name, totals in totals_of(replay, seen).items():
                found[name] = replay.of_totals(totals())
            estimates = Sampled(replay.sample(seen), resamples=resamples).over_sample
            found[OURS] = estimates.values
            rows = replay.derived(pd.concat([*found.values(), estimates.samples]))
            low, high = interval(rows.iloc[len(found) :].to_numpy(float))
            inside = pd.Series(
                (low <= exact.iloc[0] + 1e-12) & (exact.iloc[0] <= high + 1e-12), exact.columns
            )
            width = pd.Series(high - low, exact.columns) / 2
            for name, key in zip(conditions, list(replay.counts.conditions)[1:], strict=True):
                ends = (estimates.scores[key][end].to_numpy()[0] for end in ("low", "high"))
                low_end, high_end = ends  # of the mIoU, the first score
                inside[name] = low_end <= exact[name].iloc[0] <= high_end
            for place, name in enumerate(found):
                error = 100 * (rows.iloc[place] - exact.iloc[0])
                row: dict[str, object] = {
                    "model": replay.name,
                    "images": images,
                    "share": share,
                    "estimator": name,
                    "seed": seed,
                    "suite": error["suite score"],
                    "retention": error["retention"],
                    "condition": np.sqrt((error[conditions] ** 2).mean()),
                }
                if name == OURS:
                    row |= {f"covered {key}": inside[key] for key in derived}
                    row["covered categories"] = inside[list(policy.categories)].mean()
                    row["covered corruptions"] = inside[corruptions].mean()
                    row["covered conditions"] = inside[conditions].mean()
                    row["half width"] = 100 * width["suite score"]
                yield row


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return root mean squares and biases: index (model, share, estimator)."""
    keys = ["model", "share", "estimator"]
    columns = ["suite", "retention", "condition"]
    squares = table[keys].join(table[columns] ** 2)
    found = squares.groupby(keys, sort=False).mean() ** 0.5
    return found.assign(bias=table.groupby(keys, sort=False)["suite"].mean())


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Return the share of the intervals that hold the score of the complete run, in percent."""
    ours = table[table["estimator"] == OURS]
    columns = [name for name in ours.columns if name.startswith("covered ")]
    groups = ours.groupby(["model", "share"], sort=False)
    found = 100 * groups[columns].mean().astype(float)
    found.columns = [name.removeprefix("covered ") for name in columns]
    return found.assign(**{"half width": groups["half width"].mean()})


def pooled_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage of all models, in percent, by share and overall, with standard errors.

    Each repetition of a model and share is one observation: its scores are correlated.
    """
    ours = table[table["estimator"] == OURS]
    names = ["suite score", "mPC", "categories", "corruptions", "conditions"]
    parts = {f"{share:.0%}": part for share, part in ours.groupby("share")} | {"all": ours}
    return pd.DataFrame(
        {
            column: [_with_error(100 * part[f"covered {name}"].astype(float)) for name in names]
            for column, part in parts.items()
        },
        index=names,
    )


def _with_error(observations: pd.Series[float]) -> str:
    values = observations.to_numpy(float)
    return f"{values.mean():.1f} \u00b1 {values.std(ddof=1) / len(values) ** 0.5:.1f}"


def looks(first: Replay, second: Replay, repetitions: int, resamples: int) -> pd.DataFrame:
    """Return the decisions about two equal models, one row each, after looks at rising shares.

    In each repetition the models exchange their results on a random half of the cells. `missed`: at
    some look, the confidence sequence did not hold the difference of the complete runs.
    """
    rows = []
    for seed in range(repetitions):
        swap = np.random.default_rng((seed, 2)).random(first.counts.seen.shape) < 0.5
        swap[:, 0] = False  # the clean ones are seen on all images
        pair = [first.counts.counts, second.counts.counts]
        mixed = [
            np.where(swap[..., np.newaxis, np.newaxis], pair[1 - place], pair[place])
            for place in range(2)
        ]
        models = []
        for replay, counts in zip((first, second), mixed, strict=True):
            own = replay.counts.in_order(np.arange(len(counts)))
            own.counts = counts
            models.append(replay._replace(counts=own))
        exact = [replay.exact["suite score"][0] for replay in models]
        missed, decided_at, called = False, 1.0, "alike"
        for share in LOOKS:
            sampled = [
                Sampled(replay.sample(replay.mask(share, seed)), resamples=resamples)
                for replay in models
            ]
            found = decision(sampled[0], sampled[1], first.spec.suite.scores)
            missed |= not found.low <= exact[1] - exact[0] <= found.high
            if found.decided and decided_at == 1:
                decided_at, called = share, "alike" if found.alike else "different"
        rows.append({"missed": missed, "decided at": decided_at, "called": called})
    return pd.DataFrame(rows)


def main() -> None:
    """Replay the runs and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--looks", type=int, default=100, help="repetitions of two equal models")
    parser.add_argument("--csv", type=Path, help="file for the table of errors")
    options = parser.parse_args()
    start = time.perf_counter()
    rows, found = [], list(replays(options.runs))
    for replay in found:
        rows += list(measure(replay, options.repetitions, options.resamples))
        suite = 100 * replay.exact["suite score"][0]
        seconds = time.perf_counter() - start
        print(f"{replay.name}: {len(replay.counts.seen)} images, suite score {suite:.2f}")
        print(f"({seconds:.0f} s)", flush=True)
    runs = pd.DataFrame(rows)
    print(errors(runs).round(2).to_string())
    print(coverage(runs).round(2).to_string())
    print(pooled_coverage(runs).to_string())
    if options.csv:
        errors(runs).round(4).to_csv(options.csv)
    for first, second in pairwise(found):
        if first.spec.frames == second.spec.frames and options.looks:
            print(f"{first.name} and {second.name}, made equal, {len(LOOKS)} looks:")
            table = looks(first, second, options.looks, options.resamples)
            print(f"the difference was missed in {100 * table['missed'].mean():.1f} % of runs")
            print(table.groupby("called")["decided at"].describe())
    for replay in found:
        images = len(replay.counts.seen)
        error = errors(runs)["suite"][replay.name, 0.1, OURS]
        if images >= 100 and error > (0.2 if images >= 230 else 0.35):
            raise SystemExit(f"{replay.name}: an error of {error:.2f} points at 10 %")


if __name__ == "__main__":
    main()
