"""The exception for input that a user can correct, shared by all packages."""

from __future__ import annotations

from .corruptions.errors import InputError

__all__ = ["InputError"]
