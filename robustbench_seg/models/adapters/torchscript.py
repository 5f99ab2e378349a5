"""`torchscript:FILE`: a network as torch.jit.save wrote it.

The file holds code, which the TorchScript interpreter runs: load only what you trust.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import Segmenter, Window
from ..checkpoints.files import sha256
from ..class_names import check_number
from .external import Logits, existing_file, facts, label, told_in_one_line
from .metadata import classes_of, parse, preprocessing_of

PREPROCESSING, CLASSES = "preprocessing.json", "classes.json"
"""The extra files that are read, where the file has them."""


def load(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Return the network in a TorchScript file. Raises InputError for what is none.

    `preprocessing.json` in it is an object with mean, std, channels, size and trained_on, all
    optional; `classes.json` is a list of names.
    """
    choice = f"torchscript:{target}"
    path = existing_file(choice, target, "a file that torch.jit.save wrote")
    extra = {PREPROCESSING: "", CLASSES: ""}
    with (
        told_in_one_line(choice, "not a TorchScript file, or truncated"),
        warnings.catch_warnings(),
    ):
        # torch discourages the format, in which many models nevertheless are.
        warnings.filterwarnings("ignore", ".*torch.jit.load.* is deprecated", DeprecationWarning)
        network = torch.jit.load(path, map_location="cpu", _extra_files=extra)
    # torch gives what is there as bytes and leaves the rest as it was.
    declared = {name: parse(f"{path}: {name}", text) for name, text in extra.items() if text}
    values = declared.get(PREPROCESSING, {})
    own = classes_of(f"{path}: {CLASSES}", declared.get(CLASSES))
    if own is not None:
        check_number(path, len(own), len(classes), data)
    name = label(path)
    return Segmenter(
        name=f"torchscript:{name}",
        network=ScriptedNetwork(network).eval(),
        preprocessing=preprocessing_of(f"{path}: {PREPROCESSING}", values),
        window=Window("whole"),
        classes=tuple(classes),
        trained_on=str(values.get("trained_on", f"the data of {path.name}")),
        weights=facts(path.name, sha256(path), own, classes),
    )


class ScriptedNetwork(Logits):
    """The same, whose errors say what is wrong first."""

    def forward(self, image: Tensor) -> Any:
        """Run the network."""
        try:
            return super().forward(image)
        except RuntimeError as error:
            # The interpreter tells the lines of its code first, and the reason last.
            raise RuntimeError(str(error).strip().splitlines()[-1]) from error
