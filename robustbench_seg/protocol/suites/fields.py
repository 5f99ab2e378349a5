"""Checks of the fields of a suite file; errors name the file and the key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corruptions.checks import unknown

from ...errors import InputError


def check_keys(
    table: object, needed: tuple[str, ...], optional: tuple[str, ...], file: str, where: str
) -> Mapping[str, Any]:
    """Return a table that has all needed keys and no others than the optional ones."""
    if not isinstance(table, dict):
        raise InputError(f"{file}: {where}expected a table")
    for key in needed:
        if key not in table:
            raise InputError(f"{file}: {where}{key} is missing; needed are {', '.join(needed)}")
    for key in table:
        if key not in (*needed, *optional):
            raise InputError(f"{file}: {where}{unknown('key', key, (*needed, *optional))}")
    return table


def text(value: object, file: str, key: str) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{file}: {key}: expected a text, got {value!r}")
    return value
