"""`predictions:FOLDER`: predictions that a model has made already, as label maps.

A file `predictions.toml` in the folder may say what they are; every key is optional:

    model = "deeplab, TensorRT 10"   # name in results; default: predictions:FOLDER
    trained_on = "my streets"
    note = "exported by Paddle"      # for readers of the results
    classes = ["road", "sidewalk"]   # names, in the order of the values
    values = [7, 8]                  # of the classes in the label maps; default: 0, 1, 2, ...
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...reading import read_text
from ..base import IMAGENET, WHOLE, SavedPredictions, Segmenter
from .external import existing_file, provenance
from .metadata import parse_class_names

ABOUT = "predictions.toml"
"""Name of the file that says what the predictions of a folder are."""
LARGEST_VALUE = 2**16 - 1
"""Largest value of a label map."""
_WORDS = ("model", "trained_on", "note")


def load_predictions(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Return a segmenter of saved predictions; InputError for no folder, or another ABOUT.

    The maps themselves are checked once the frames and conditions are known.
    """
    choice = f"predictions:{target}"
    folder = existing_file(choice, target, "the folder that holds a folder for each condition")
    if not folder.is_dir():
        raise InputError(f"--model {choice}: is a file; give the folder of the predictions")
    path = folder / ABOUT
    about = _read(path) if path.exists() else {}
    own = parse_class_names(str(path), about.get("classes"), data, classes)
    return Segmenter(
        name=about.get("model") or f"predictions:{folder.resolve().name}",
        network=SavedPredictions(folder, _values(path, about.get("values"), len(classes))),
        preprocessing=IMAGENET,
        window=WHOLE,
        classes=own or tuple(classes),
        trained_on=about.get("trained_on", "unknown data"),
        weights=provenance(target, "", about.get("note", "")),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        about = tomllib.loads(read_text(path))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML ({error}); correct it, or remove it") from error
    known = (*_WORDS, "classes", "values")
    if unknown := [key for key in about if key not in known]:
        raise InputError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    for key in _WORDS:
        if not isinstance(about.get(key, ""), str):
            raise InputError(f"{path}: {key} is {about[key]!r:.60}; expected a text")
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
