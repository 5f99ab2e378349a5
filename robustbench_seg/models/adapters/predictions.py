"""`predictions:FOLDER`: predictions that a model has made already, as label maps."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError
from ..about_predictions import read_about
from ..base import IMAGENET, WHOLE, SavedPredictions, Segmenter
from .external import existing_file, provenance


def load_predictions(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Return a segmenter of saved predictions.

    Raises InputError for no folder, and for what it says of its predictions; see
    `about_predictions`. The maps are checked once the frames and conditions are known.
    """
    choice = f"predictions:{target}"
    folder = existing_file(choice, target, "the folder that holds a folder for each condition")
    if not folder.is_dir():
        raise InputError(f"--model {choice}: is a file; give the folder of the predictions")
    about = read_about(folder, data, classes)
    return Segmenter(
        name=about.words.get("model", f"predictions:{folder.resolve().name}"),
        network=SavedPredictions(folder, about.values, about.region, about.seed),
        preprocessing=IMAGENET,
        window=WHOLE,
        classes=about.classes or tuple(classes),
        trained_on=about.words.get("trained_on", "unknown data"),
        weights=provenance(target, "", about.words.get("note", "")),
    )
