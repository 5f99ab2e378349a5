"""What a folder of saved predictions says of them, in `predictions.toml`.

    model = "deeplab, TensorRT 10"   # name in results; default: predictions:FOLDER
    trained_on = "my streets"
    note = "exported by Paddle"      # for readers of the results
    classes = ["road", "sidewalk"]   # names, in the order of the values
    values = [7, 8]                  # of the classes in the label maps; default: 0, 1, 2, ...
    region = "soiling:0.3"           # --region of the images; default: all of each was corrupted
    seed = 3                         # --seed of the drops of such a region; default: 0

Every key is optional, and so is the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..reading import read_text
from .adapters.metadata import parse_class_names

ABOUT = "predictions.toml"
"""Name of the file."""
LARGEST_VALUE = 2**16 - 1
"""Largest value of a label map."""
_WORDS = ("model", "trained_on", "note")
_LETTERS = 1000
"""Most letters of one of them."""


class About(NamedTuple):
    """What is known of saved predictions."""

    words: Mapping[str, str]
    """Those of the keys model, trained_on and note that are given."""
    classes: tuple[str, ...] | None
    """Names of the classes; None: those of the data, in their order."""
    values: tuple[int, ...]
    """Value of each class in the maps."""
    region: str
    """The part of each image that was corrupted, as `--region` has it; "": all of it."""
    seed: int
    """Random seed of a region that depends on one."""


def read_about(folder: Path, data: str, classes: Sequence[str]) -> About:
    """Return what a folder says of its predictions of `classes`, those of `data`.

    Raises InputError for a file that is not TOML, and for unknown keys and values.
    """
    path = folder / ABOUT
    values = _read(path) if path.exists() else {}
    own = parse_class_names(str(path), values.get("classes"), data, classes)
    words = {key: values[key] for key in _WORDS if values.get(key)}
    numbers = _values(path, values.get("values"), len(classes))
    return About(words, own, numbers, values.get("region", ""), values.get("seed", 0))


def _read(path: Path) -> dict[str, Any]:
    try:
        about = tomllib.loads(read_text(path))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML ({error}); correct it, or remove it") from error
    known = (*_WORDS, "classes", "values", "region", "seed")
    if unknown := [key for key in about if key not in known]:
        raise InputError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    for key in (*_WORDS, "region"):
        text = about.get(key, "")
        if not isinstance(text, str) or len(text) > _LETTERS:
            raise InputError(
                f"{path}: {key} is {text!r:.60}; expected a text of up to {_LETTERS} letters"
            )
    if type(seed := about.get("seed", 0)) is not int or seed < 0:
        raise InputError(f"{path}: seed is {seed!r:.60}; expected a whole number from 0")
    # A folder may be named after it.
    if "model" in about and not any(map(str.isalnum, about["model"])):
        raise InputError(f"{path}: model is {about['model']!r:.60}; expected a name with letters")
    return about


def _values(path: Path, values: Any, classes: int) -> tuple[int, ...]:
    if values is None:
        return tuple(range(classes))
    if (
        not isinstance(values, list)
        or len(values) != classes
        or not all(type(value) is int and 0 <= value <= LARGEST_VALUE for value in values)
        or len(set(values)) < classes
    ):
        raise InputError(
            f"{path}: values is {values!r:.60}; expected {classes} different numbers from 0 to "
            f"{LARGEST_VALUE}, one for each class"
        )
    return tuple(values)
