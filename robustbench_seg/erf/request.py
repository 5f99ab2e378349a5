"""The request for effective receptive fields: the options of `robustseg erf`."""

# Annotations are not postponed: `parameters` reads them as objects.

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ..errors import InputError
from ..models.base import Segmenter
from ..protocol import known_names, options, parsing
from ..protocol.options import COMPUTE, CONDITIONS, DATA, MODEL
from ..protocol.parameters import Option, parameters

Procedure = Literal["luo", "replknet"]
Pixel = tuple[int, int]
"""(y, x)"""
Size = tuple[int, int]

PUBLISHED_FRAMES: Mapping[Procedure, int] = {"luo": 100, "replknet": 50}
"""Images that SegFormer's Figure 3 and RepLKNet average over."""
REPLKNET_SIZE = (1024, 1024)
RANDOM = "random"


def read_pixel(text: str) -> Pixel | None:
    """Read "100,300" as (y, x), and "center" as None."""
    if text.strip() in ("center", "centre"):
        return None
    match = re.fullmatch(r"(\d{1,5}),\s*(\d{1,5})", text.strip())
    if match is None:
        raise InputError("not a pixel; write center, or Y,X in pixels of the input: 100,300")
    y, x = map(int, match.groups())
    return y, x


_MODELS = Option(
    "Models: NAME or NAME@WEIGHTS (b0, b5@random, b2@mit_b2.pth), or hf:REPOSITORY, "
    "torchscript:FILE, python:MODULE:FACTORY, mmseg:CONFIG.py@CHECKPOINT.",
    *(MODEL, "LIST"),
    flag="--model",
    read=parsing.models,
    names=known_names.models,
)
Model = Annotated[str | Segmenter | Sequence[str | Segmenter], _MODELS]
Models = Annotated[Sequence[str | Segmenter], _MODELS]
Weights = Annotated[
    str | Path | None,
    Option(
        "Weights of the one model: a file or a folder; or random, for all models.",
        *(MODEL, "PATH"),
        default="those trained on the data",
    ),
]
Stages = Annotated[
    Sequence[str] | None,
    Option(
        "Stages of the encoder by number, head, or all: 3,4,head.",
        MODEL,
        default="all, or none with --layer",
        flag="--stage",
    ),
]
Layers = Annotated[
    Sequence[str],
    Option("Modules of the network by name, such as backbone.block4.1.", MODEL, flag="--layer"),
]
InputSize = Annotated[
    Size | None,
    Option(
        "Resize the images to WIDTHxHEIGHT, bicubically.",
        *(MODEL, "WxH"),
        default="the model's own; 1024x1024 for replknet",
        flag="--size",
    ),
]
UnitAt = Annotated[
    Pixel | None,
    Option(
        "Measure the unit nearest to a pixel of the input.",
        *(MODEL, "Y,X|center"),
        default="the centre unit",
        read=read_pixel,
    ),
]
Method = Annotated[
    Procedure, Option("Procedure of Luo et al. (2016), or of RepLKNet (Ding et al. 2022).", MODEL)
]
Limit = Annotated[
    int | None,
    Option(
        "Only the first N frames.",
        DATA,
        default="16 of streets, else as published: 100 for luo, 50 for replknet",
        least=1,
    ),
]
Conditions = Annotated[
    Sequence[str],
    Option(
        "Conditions of the frames: clean, or corruptions with a severity: clean,fog:3.",
        CONDITIONS,
        flag="--condition",
    ),
]
Batch = Annotated[int, Option("Images per forward pass.", COMPUTE, least=1)]


@dataclass(frozen=True, kw_only=True)
class ErfRequest:
    """The effective receptive fields to measure. Raises InputError for invalid values."""

    models: Models = ("b0",)
    weights: Weights = None
    stages: Stages = None
    layers: Layers = ()
    size: InputSize = None
    """(height, width)."""
    unit: UnitAt = None
    """(y, x)."""
    method: Method = "luo"
    data: options.Data = None
    split: options.Split = "val"
    frames: options.Frames = None
    limit: Limit = None
    conditions: Conditions = ("clean",)
    seed: options.Seed = 0
    device: options.Device = None
    batch: Batch = 1

    def __post_init__(self) -> None:
        """Check what needs no model and no data."""
        for name, parameter in parameters(ErfRequest).items():
            parameter.check(getattr(self, name))
        if self.size is not None and min(self.size) < 1:
            height, width = self.size
            raise InputError(f"--size {width}x{height}: each side must be at least 1")
        if not self.models:
            raise InputError("--model: name at least one")
        if not (self.layers or self.stages or self.stages is None):
            raise InputError("--stage: name at least one, or a --layer")
        if not self.conditions:
            raise InputError("--condition: name at least one, such as clean")
        if self.weights not in (None, RANDOM) and len(self.models) != 1:
            raise InputError(
                "--weights: only for a single --model; with several, write --model NAME@FILE"
            )
