"""The order in which the cells of a run are computed, so that it can stop early.

The clean frames come first, all of them: they are what the estimates of the rest are based on. The
corrupted cells follow in rounds. In each round, every condition gets one more frame.

Which frame that is follows from a Kronecker lattice (Niederreiter, "Random Number Generation and
Quasi-Monte Carlo Methods", 1992): the cell of frame b and group a of conditions has the key
(b * golden ratio + a * square root of 2 + shift) mod 1, and a condition takes its frames by rising
key. Multiples of irrational numbers lie evenly in [0, 1), so that at each point the frames of a
condition are spread over the dataset, and the conditions of a frame over the corruptions. The
shift is random, so every frame is equally likely to be among the first of a condition: this is
systematic sampling with a random start, in two dimensions (Cochran, "Sampling Techniques", 1977,
ch. 8).

The order is a function of the frames, the conditions, the draws, the batch size and the seed. The
models, workers, shards and interruptions have no influence. The arithmetic is that of integers, so
that all machines have the same order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .condition import CLEAN
from .spec import Spec

MIN_FRAMES = 2
"""Least number of frames under each condition of a sample: one alone shows no spread."""

_FRAME_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2**64 * (golden ratio - 1)
_GROUP_STEP = np.uint64(0x6A09E667F3BCC908)  # 2**64 * (square root of 2 - 1)


class Step(NamedTuple):
    """What is computed and committed at once: a frame, under one group of its draws."""

    frame: int
    """Number of the frame in the specification."""
    group: int
    """Number of the group in `Spec.draw_groups` of the frame."""


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
    places = _places(spec)  # (frames,)
    columns = np.arange(len(rest), dtype=np.uint64)
    shift = np.uint64(int.from_bytes(_digest(spec.seed)[:8], "little"))
    # Sums modulo 2**64 are fractions modulo 1: (frames, 1) + (groups,) -> (frames, groups)
    keys = places[:, np.newaxis] * _FRAME_STEP + columns * _GROUP_STEP + shift
    rounds = keys.argsort(axis=0, kind="stable").argsort(axis=0)  # (frames, groups)
    order = np.lexsort((keys.ravel(), rounds.ravel()))  # by round, then by key
    frames, chosen = np.unravel_index(order, keys.shape)
    return CellOrder(
        tuple(Step(frame, group) for frame in range(len(spec.frames)) for group in sorted(clean)),
        tuple(map(Step, frames.tolist(), rest[chosen].tolist())),
        len(spec.frames),
    )


def _places(spec: Spec) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return the place of each frame on the line over which samples are spread, uint64 (frames,).

    Frames of a city or sequence are neighbours, in random order.
    """

    def key(number: int) -> tuple[bytes, bytes]:
        frame = spec.frames[number]
        return _digest(spec.seed, frame.group), _digest(spec.seed, frame.image_key, frame.name)

    places = np.empty(len(spec.frames), np.uint64)
    places[sorted(range(len(spec.frames)), key=key)] = np.arange(len(spec.frames))
    return places


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
