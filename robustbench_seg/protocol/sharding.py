"""A run that independent jobs share (`--shard 2/8`): which frames each of them has."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import InputError


class Shard(NamedTuple):
    """One of several equal parts of the frames of a run."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read "2/8"; InputError where that is none."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        shard = cls(*map(int, match.groups())) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.of:
            raise InputError(f"--shard {text}: write the part and the number of parts, 1/8 to 8/8")
        return shard

    def frames(self, count: int) -> range:
        """Return the numbers of its frames, every so many of `count`: neighbours are alike.

        Raises InputError where it has none.
        """
        frames = range(self.number - 1, count, self.of)
        if not frames:
            raise InputError(f"--shard {self}: there are only {count} frames; use fewer parts")
        return frames

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """What the name of its folder ends with; nothing where it is the whole run."""
        return "" if self.of == 1 else f"_shard-{self.number}-of-{self.of}"
