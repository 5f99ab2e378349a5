"""The sessions of a run: provenance of each of its starts, as sections of texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..schema import parse

Session = Mapping[str, Mapping[str, str]]
"""Section -> name -> value."""
ASSUMED = "assumed preprocessing"
"""Section with the settings of each model that no one declared."""
DISPLAY_NAMES = "display names"
"""Section with the labels that the user gave to models."""
BY_TORCH = "run by torch"
"""Section with the reason why torch runs a model, where `auto` tried other runtimes."""
UNUSED = "unused files"
"""Section with the `number` of files of the split that no frame uses, and the `first`."""


def read_session(values: object) -> Session:
    """Return a session of plain values; InputError for values of another form."""
    session: Session = parse(Session, values, "session")  # type: ignore[type-abstract]
    if UNUSED in session and session[UNUSED].keys() != {"number", "first"}:
        raise InputError(f"session: {UNUSED}: expected number and first")
    return session


def read_json(text: object) -> Any:
    """Return the values of a JSON text; InputError if it is none, or names a value twice."""
    try:
        if not isinstance(text, str):
            raise TypeError("bytes, or a number")
        return json.loads(text, object_pairs_hook=_table)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"is not JSON ({type(error).__name__})") from error


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found
