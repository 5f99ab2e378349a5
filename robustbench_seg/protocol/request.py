"""What is asked for: the options of `robustseg eval` and of the library's `evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from corruptions import IMPLEMENTATIONS, Implementation

from ..datasets.class_maps import Mode
from ..errors import InputError
from ..models.base import Precision, WindowMode
from .sharding import Shard

EngineName = Literal["local", "ray"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to evaluate, before anything is looked up. Raises InputError for values that cannot be.

    It holds plain values only, so that it can be sent to another process.
    """

    models: tuple[str, ...] = ("b0",)
    """Choices of models: NAME, NAME@WEIGHTS, or PREFIX:TARGET for a model from elsewhere."""
    weights: str | Path | None = None
    """A file, folder or repository, for a single model."""
    suite: str | None = None
    """The name of a suite, or its file; None: `cityscapes-c`, or the one of the copy."""
    corruptions: Sequence[str] | None = None
    """Only these of the suite."""
    severities: Sequence[int] | None = None
    """Only these of the suite."""
    data: str | None = None
    """A dataset's name or path; None: Cityscapes where CITYSCAPES_DATASET is set, else streets."""
    split: str = "val"
    images: str | Path | None = None
    """A folder of images, in place of `data`."""
    labels: str | Path | None = None
    """The folder of their labels."""
    classes: str | Path | None = None
    """The name or file of the classes of these labels."""
    class_map: str | Path | None = None
    """From models of other classes to those of the data: a name or a file."""
    class_map_mode: Mode = "wrong"
    """A class that the map leaves out is wrong where it is predicted, or never predicted."""
    limit: int | None = None
    """At most as many frames."""
    window: WindowMode | None = None
    """None: each model's own."""
    input_scale: float | None = None
    """All models see all images at this factor of their sides, whatever size is their own."""
    seed: int | None = None
    """Of all chance; None: 0, or the one of the copy."""
    draws: int = 1
    """What has chance is repeated with as many seeds, from `seed` on; scores are means of them."""
    implementation: Implementation = "native"
    """Corruptions of this project, or of the package imagecorruptions."""
    conditions: str | Path | None = None
    """The folder of a corrupted copy of the data, from which the corrupted images are read."""
    device: str | None = None
    """None: a GPU if there is one."""
    precision: Precision = "float32"
    batch: int | None = None
    """Inputs (images or windows) that go through a model at once; None: what suits the device."""
    compiled: bool = False
    """Whether torch compiles the models."""
    threads: int | None = None
    """Of a processor, for each model; None: what torch takes, which `devices` of a CPU share."""
    devices: Sequence[str] | None = None
    """In place of `device`: several of one kind, with a process for each."""
    engine: EngineName = "local"
    """This machine, or workers on a Ray cluster."""
    address: str | None = None
    """Of the Ray cluster, HOST:PORT; None or "auto": the one that this machine is part of."""
    shard: str | None = None
    """Only these frames of the run, such as "2/8"; parts are joined by `merge`."""
    strict: bool = False
    """Whether the first prediction that fails ends the run; else it is noted and left out."""
    out: str | Path | None = None
    """The run's folder; None: one in `results/` that is named after what is run."""

    def __post_init__(self) -> None:
        """Check what needs no look at anything else."""
        if not self.models:
            raise InputError("--model: name at least one")
        if self.weights is not None and len(self.models) != 1:
            raise InputError(
                "--weights: goes with one --model; with several, write --model NAME@FILE"
            )
        choices = (
            ("--window", self.window, (None, *get_args(WindowMode))),
            ("--precision", self.precision, get_args(Precision)),
            ("--implementation", self.implementation, IMPLEMENTATIONS),
            ("--class-map-mode", self.class_map_mode, get_args(Mode)),
            ("--engine", self.engine, get_args(EngineName)),
        )
        for option, value, known in choices:
            if value not in known:
                raise InputError(f"{option} {value}: use one of {', '.join(filter(None, known))}")
        for option, number, least in (
            ("--seed", self.seed, 0),
            ("--draws", self.draws, 1),
            ("--batch", self.batch, 1),
            ("--threads", self.threads, 1),
        ):
            if number is not None and (not isinstance(number, int) or number < least):
                raise InputError(f"{option} {number}: must be a whole number, {least} or more")
        if self.devices is not None and self.device is not None:
            raise InputError("--device: goes without --devices, which names them all")
        if self.devices is not None and self.engine != "local":
            raise InputError(f"--devices: goes without --engine {self.engine}, which has its own")
        if self.address is not None and self.engine != "ray":
            raise InputError("--address: goes with --engine ray")
        if self.shard is not None:
            Shard.read(self.shard)

    @property
    def spread(self) -> bool:
        """Whether workers in other processes have the models, and this one does without."""
        return self.engine != "local" or bool(self.devices)
