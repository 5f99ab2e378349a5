"""The exception for input that a user can mend; the same class in all packages."""

from __future__ import annotations

from corruptions.errors import InputError

__all__ = ["InputError"]
