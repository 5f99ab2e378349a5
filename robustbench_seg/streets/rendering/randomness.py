"""Random numbers of a scene: a counter, hashed with integers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
_MASK = (1 << 64) - 1


class Random:
    """A stream of random numbers, seeded by its keys (SplitMix64, Steele et al. 2014)."""

    def __init__(self, *keys: int | str) -> None:
        self._keys = keys
        digest = hashlib.sha256("/".join(str(key) for key in keys).encode()).digest()
        self._state = int.from_bytes(digest[:8], "little")

    def fork(self, *keys: int | str) -> Random:
        """Return the stream with further keys; this stream does not advance."""
        return Random(*self._keys, *keys)

    def bits(self) -> int:
        """Return 64 random bits as an integer."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * ((self.bits() >> 11) / 9007199254740992.0)

    def integer(self, low: int, high: int) -> int:
        """Return an integer in [low, high], both ends included."""
        return low + (self.bits() >> 16) % (high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.uniform() < probability

    def choice(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.integer(0, len(items) - 1)]

    def sign(self) -> int:
        """Return -1 or 1."""
        return 1 if self.bits() & 1 << 40 else -1

    def seed(self) -> int:
        """Return a seed for the textures, below 2**20 (exact as a float)."""
        return self.integer(0, (1 << 20) - 1)
