"""The order in which the cells of a run are computed, so that it can stop early.

The clean frames come first, all of them: they are what the estimates of the rest are based on. The
corrupted cells follow in rounds. In each round, every condition gets one more frame: one of those
seen least often so far, and among them one that this condition lacks (a balanced incomplete block
design, Cochran & Cox, "Experimental Designs", 1957, ch. 9, built greedily). A condition lacks a
frame if it has seen too few of its stratum, for the stratum's share of all frames. A stratum holds
the frames of one city or sequence with the same rarest class, so that classes of few frames are not
left to luck. Then a frame counts that has seen the same corruption less often. The rest is random.

The order is a function of the frames, the conditions, the draws, the batch size and the seed. The
models, workers, shards and interruptions have no influence. The arithmetic is that of integers, so
that all machines have the same order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..corruptions.compiling import kernel
from ..errors import InputError
from .cell import Cell
from .condition import CLEAN
from .spec import Spec

MIN_FRAMES = 2
"""Least number of frames under each condition of a sample: one alone shows no spread."""

_ONE = 1 << 10
"""A frame, in the fixed-point numbers by which frames are chosen."""


class Step(NamedTuple):
    """What is computed and committed at once: a frame, under one group of its draws."""

    frame: int
    """Number of the frame in the specification."""
    group: int
    """Number of the group in `Spec.draw_groups` of the frame."""


def step_cells(spec: Spec, step: Step) -> frozenset[Cell]:
    """Return the cells of a step, of all models."""
    frame = spec.frames[step.frame]
    return spec.cells(frame, spec.draw_groups(frame)[step.group])


@dataclass(frozen=True)
class CellOrder:
    """The steps of a run in the order of the sampling design; a sample is the first of them."""

    clean: tuple[Step, ...]
    """Steps with the clean condition, which each sample has on all frames."""
    corrupted: tuple[Step, ...]
    frames: int

    def first(self, share: float) -> tuple[Step, ...]:
        """Return the steps of a sample: clean ones, and a share (0 to 1) of the corrupted ones.

        The steps of a smaller share are among those of a larger one, and 1 is the whole run.
        """
        return (*self.clean, *self.corrupted[: self.count(share)])

    def count(self, share: float) -> int:
        """Return how many corrupted steps a share (0 to 1) has."""
        return min(len(self.corrupted), ceil(share * len(self.corrupted) - 1e-9))

    @property
    def smallest_share(self) -> float:
        """Share at which each condition has been seen on `MIN_FRAMES` frames."""
        return min(1.0, MIN_FRAMES / self.frames)


def cell_order(spec: Spec) -> CellOrder:
    """Return the order of all cells of a run; a shard does those of its own frames.

    Raises InputError where the frames were taken in the conditions: no frame has a clean version.
    """
    if spec.taken:
        raise InputError(
            "--sample: the frames were taken in different conditions, each in one of them, so that "
            "no clean version of them is there to estimate from; run them all"
        )
    groups = spec.draw_groups(spec.frames[0])  # the same for all frames
    clean = {
        number
        for number, draws in enumerate(groups)
        if any(draw.condition.name == CLEAN.name for draw in draws)
    }
    rest = np.array([number for number in range(len(groups)) if number not in clean], np.intp)
    first = tuple(
        Step(frame, group) for frame in range(len(spec.frames)) for group in sorted(clean)
    )
    if not len(rest):  # small images, of which all conditions are predicted together
        return CellOrder(first, (), len(spec.frames))
    names = [groups[number][0].condition.name for number in rest]
    corruptions = np.array([list(dict.fromkeys(names)).index(name) for name in names], np.intp)
    order: NDArray[np.intp] = _rounds(_strata(spec), corruptions, *_randomness(spec, len(rest)))
    return CellOrder(
        first,
        tuple(map(Step, order[:, 0].tolist(), rest[order[:, 1]].tolist())),
        len(spec.frames),
    )


def _strata(spec: Spec) -> NDArray[np.intp]:
    """Return the stratum of each frame, from 0: its city or sequence and its rarest class."""
    pixels = np.array([frame.class_pixels for frame in spec.frames])  # (frames, C)
    shown = (pixels > 0).sum(axis=0)  # (frames, C) -> (C,)
    rarest = np.where(pixels > 0, shown, len(pixels) + 1).argmin(axis=1)  # (frames,)
    pairs = [(frame.group, name) for frame, name in zip(spec.frames, rarest.tolist(), strict=True)]
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    return np.array([numbers[pair] for pair in pairs], np.intp)


def _randomness(spec: Spec, groups: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a random order of the groups for each round, and random numbers below `_ONE`.

    Both are (frames, groups).
    """
    keys = [frame.image_key for frame in spec.frames]
    digest = hashlib.sha256("\0".join([str(spec.seed), *keys]).encode()).digest()
    words = np.random.PCG64(int.from_bytes(digest, "little")).random_raw(2 * len(keys) * groups)
    first, second = words.reshape(2, len(keys), groups)
    return first.argsort(axis=1, kind="stable"), (second % _ONE).astype(np.int64)


@kernel
def _rounds(strata: Any, corruptions: Any, orders: Any, luck: Any) -> Any:
    """Return the frame and the group of each step, (frames * groups, 2).

    `strata` are (frames,), `corruptions` (groups,), `orders` and `luck` (frames, groups).
    """
    frames, groups = luck.shape
    sizes = np.zeros(strata.max() + 1, np.int64)
    for stratum in strata:
        sizes[stratum] += 1
    often = np.zeros(frames, np.int64)
    seen = np.zeros((frames, groups), np.bool_)
    by_stratum = np.zeros((len(sizes), groups), np.int64)
    by_corruption = np.zeros((frames, corruptions.max() + 1), np.int64)
    steps = np.zeros((frames * groups, 2), np.intp)
    for step in range(frames * groups):
        group = orders[step // groups, step % groups]
        due = 2 * (step // groups) + 1  # twice the frames that are due, in the middle of the round
        best, least, most = -1, 0, 0
        for frame in range(frames):
            if seen[frame, group] or (best >= 0 and often[frame] > least):
                continue
            stratum = strata[frame]
            lacking = due * sizes[stratum] * _ONE // (2 * frames)
            # Each condition begins with other strata: (stratum, group) has a number of its own.
            lacking += luck[stratum, group] - by_stratum[stratum, group] * _ONE
            repeated = by_corruption[frame, corruptions[group]] * _ONE
            value = 20 * lacking - 2 * repeated - luck[frame, group]
            if best < 0 or often[frame] < least or value > most:
                best, least, most = frame, often[frame], value
        seen[best, group] = True
        often[best] += 1
        by_stratum[strata[best], group] += 1
        by_corruption[best, corruptions[group]] += 1
        steps[step] = best, group
    return steps
