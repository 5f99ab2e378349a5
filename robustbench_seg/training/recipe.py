"""The recipe of a training: all options that decide its weights."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..datasets.base import Dataset
from ..datasets.frame_checks import SMALLEST
from ..errors import InputError
from ..models.catalogue import MODELS


def describe_frames(dataset: Dataset, listed: str | Path | None) -> str:
    """Return what a recipe says of the frames; a file that lists them counts by its content."""
    described = f"{dataset.name} {dataset.split}, {len(dataset.frames)} frames"
    if listed is None:
        return described
    names = "\n".join(frame.name for frame in dataset.frames)
    digest = hashlib.sha256(names.encode()).hexdigest()[:16]
    return f"{described} of {Path(listed).name}, {digest}"


@dataclass(frozen=True)
class Recipe:
    """Options of a training; equal recipes give equal weights.

    Raises InputError for a learning rate, a batch or a crop that the model cannot be trained with.
    """

    model: str
    data: str
    """Description of the frames."""
    steps: int
    batch: int = 8
    learning_rate: float = 6e-4
    weight_decay: float = 0.01
    warm_up: int = 200
    crop: tuple[int, int] = (256, 512)
    """(height, width) in pixels."""
    resize: tuple[float, float] = (0.5, 2.0)
    seed: int = 0
    precision: Literal["float32", "bf16"] = "float32"
    init: str = "random"

    def __post_init__(self) -> None:
        """Check options whose limits a command line does not know."""
        if not 0 < self.learning_rate < math.inf:
            raise InputError(
                f"--learning-rate {self.learning_rate}: must be above 0 and finite; "
                "try 6e-4, the default"
            )
        model = MODELS.get(self.model)
        if model is not None and self.batch < model.smallest_batch:
            raise InputError(
                f"--batch {self.batch}: {self.model} pools whole images and normalises over the "
                f"batch; use {model.smallest_batch} or more"
            )
        multiple = 1 if model is None else model.crop_multiple
        if min(self.crop) < SMALLEST or any(side % multiple for side in self.crop):
            rule = f", and for {self.model} a multiple of {multiple}" if multiple > 1 else ""
            raise InputError(
                f"--crop {self.crop[1]}x{self.crop[0]}: each side must be at least {SMALLEST}{rule}"
            )

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: a linear warm-up, then a linear (poly 1) decay."""
        return self.learning_rate * min((step + 1) / self.warm_up, 1) * (1 - step / self.steps)
