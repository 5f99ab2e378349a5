"""`torchscript:FILE`: a network that torch.jit.save wrote.

The file holds code, which the TorchScript interpreter runs: load only files that you trust.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import torch
from torch import Tensor

from ...reading import read_data
from ..base import IMAGENET, WHOLE, Segmenter, undeclared
from ..checkpoints.files import joint_digest
from .external import Logits, existing_file, file_label, one_line_errors, provenance
from .metadata import parse_class_names, parse_json, parse_preprocessing

PREPROCESSING, CLASSES = "preprocessing.json", "classes.json"
"""Extra files that are read if the file has them."""


def load_torchscript(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Load the network in a TorchScript file. Raises InputError for another kind of file.

    Its extra file `preprocessing.json` may have mean, std, channels, size and trained_on, all
    optional; `classes.json` is a list of names.
    """
    choice = f"torchscript:{target}"
    path = existing_file(choice, target, "a file that torch.jit.save wrote")
    content = read_data(path)
    extra = {PREPROCESSING: "", CLASSES: ""}
    with one_line_errors(choice, "not a TorchScript file, or truncated"), warnings.catch_warnings():
        # torch deprecates the format, which many models still have.
        warnings.filterwarnings("ignore", ".*torch.jit.load.* is deprecated", DeprecationWarning)
        network = torch.jit.load(BytesIO(content), map_location="cpu", _extra_files=extra)
    # torch returns an extra file as bytes, and leaves the value of a missing one.
    declared = {name: parse_json(f"{path}: {name}", text) for name, text in extra.items() if text}
    values = declared.get(PREPROCESSING, {})
    own = parse_class_names(f"{path}: {CLASSES}", declared.get(CLASSES), data, classes)
    name = file_label(path)
    return Segmenter(
        name=f"torchscript:{name}",
        network=ScriptedNetwork(network).eval(),
        preprocessing=parse_preprocessing(f"{path}: {PREPROCESSING}", values),
        window=WHOLE,
        classes=own or tuple(classes),
        trained_on=str(values.get("trained_on", f"the data of {path.name}")),
        weights=provenance(path.name, joint_digest({path.name: content})),
        assumed=undeclared(IMAGENET, values),
    )


class ScriptedNetwork(Logits):
    """A scripted network, whose errors begin with the reason."""

    def forward(self, image: Tensor) -> Any:
        try:
            return super().forward(image)
        except RuntimeError as error:
            # The interpreter's message ends with the reason, after its own source lines.
            raise RuntimeError(str(error).strip().splitlines()[-1]) from error
