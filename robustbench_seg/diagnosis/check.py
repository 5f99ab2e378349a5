"""The result of one check of `robustseg doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError


@dataclass(frozen=True)
class Check:
    """What a check found, and what to do about it."""

    name: str
    status: Literal["ok", "warning", "problem"]
    found: str
    advice: str = ""

    @classmethod
    def failed(cls, name: str, error: Exception, advice: str) -> Check:
        """Return the check that an error ended; an InputError says itself what to do."""
        text = " ".join(str(error).split())
        if isinstance(error, InputError):
            text, _, own = text.partition("; ")
            return cls(name, "problem", text, own or advice)
        return cls(name, "problem", f"{type(error).__name__}: {text}", advice)
