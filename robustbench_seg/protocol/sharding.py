"""Shards of a run for independent jobs (`--shard 2/8`)."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import InputError


class Shard(NamedTuple):
    """One of several equal parts of the frames of a run."""

    number: int
    """Number of the shard, from 1."""
    of: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read "2/8"; InputError for anything else."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        shard = cls(*map(int, match.groups())) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.of:
            raise InputError(f"--shard {text}: write the part and the number of parts, 1/8 to 8/8")
        return shard

    def frames(self, count: int) -> range:
        """Return the numbers of the shard's frames out of `count`, spread evenly.

        Raises InputError if there are fewer frames than shards.
        """
        frames = range(self.number - 1, count, self.of)
        if not frames:
            raise InputError(f"--shard {self}: there are only {count} frames; use fewer parts")
        return frames

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """End of the name of the shard's folder; "" for a whole run."""
        return "" if self.of == 1 else f"_shard-{self.number}-of-{self.of}"
