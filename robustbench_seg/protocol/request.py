"""The request for an evaluation: the options of `evaluate` and `robustseg eval`."""

# Annotations are not postponed: `parameters` reads them as objects.

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from ..errors import InputError
from ..models.adapters.metadata import parse_preprocessing
from ..models.base import TEMPERATURES
from ..models.weights_files import check_weights_files
from ..worker_pool import TIMEOUT
from . import options
from .parameters import parameters
from .region import read_region
from .suites import DEFAULT_SUITE, Suite, load_part
from .target import DECIDED, read_target


class Shard(NamedTuple):
    """One of several equal parts of the frames of a run, for independent jobs (`--shard 2/8`)."""

    number: int
    """Number of the shard, from 1."""
    of: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """Read "2/8"; InputError for anything else."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        shard = cls(*map(int, match.groups())) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.of:
            raise InputError(f"--shard {text}: write the part and the number of parts, 1/8 to 8/8")
        return shard

    def frames(self, count: int) -> range:
        """Return the numbers of the shard's frames out of `count`, spread evenly.

        Raises InputError if there are fewer frames than shards.
        """
        frames = range(self.number - 1, count, self.of)
        if not frames:
            raise InputError(f"--shard {self}: there are only {count} frames; use fewer parts")
        return frames

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """End of the name of the shard's folder; "" for a whole run."""
        return "" if self.of == 1 else f"_shard-{self.number}-of-{self.of}"


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options of an evaluation. Holds plain values only, so it can be sent to another process.

    Raises InputError for values that are not allowed or exclude each other.
    """

    models: options.Models = ("b0",)
    weights: options.Weights = None
    window: options.Window = None
    mean: options.Mean = None
    std: options.Std = None
    channels: options.Channels = None
    input_size: options.InputSize = None
    input_scale: options.InputScale = None
    temperature: options.Temperature = None
    data: options.Data = None
    split: options.Split = "val"
    images: options.Images = None
    labels: options.Labels = None
    classes: options.Classes = None
    frames: options.Frames = None
    class_map: options.ClassMap = None
    class_map_mode: options.ClassMapMode = "wrong"
    class_order: options.ClassOrder = "by-name"
    depth: options.Depth = None
    limit: options.Limit = None
    suite: options.Suite = None
    corruptions: options.Corruptions = None
    severities: options.Severities = None
    copy: options.Copy = None
    region: options.Region = None
    sample: options.Sample = None
    until: options.Until = None
    seed: options.RunSeed = None
    draws: options.Draws = 1
    measure: options.Measure = None
    implementation: options.Implementation = "native"
    device: options.Device = None
    devices: options.Devices = None
    runtime: options.Runtime = "auto"
    precision: options.Precision = "float32"
    batch: options.Batch = None
    compiled: options.Compiled = False
    threads: options.Threads = None
    engine: options.Engine = "local"
    address: options.Address = None
    worker_timeout: options.WorkerTimeout = TIMEOUT
    shard: options.Shard = None
    strict: options.Strict = False
    save: options.Save = None
    save_layout: options.SaveLayout = "bravo"
    label: options.Label = None
    out: options.Out = None

    def __post_init__(self) -> None:
        """Check what needs no look at files or devices."""
        if not self.models:
            raise InputError("--model: name at least one")
        for name, parameter in parameters(Request).items():
            parameter.check(getattr(self, name))
        if self.weights is not None and len(self.models) != 1:
            raise InputError(
                "--weights: only for a single --model; with several, write --model NAME@FILE"
            )
        if self.input_size is not None and self.input_scale is not None:
            raise InputError("--input-size and --input-scale are mutually exclusive; leave one out")
        settings = self.input_settings
        for option in settings:
            flag = "--input-size" if option == "size" else f"--{option}"
            parse_preprocessing(flag, {option: settings[option]})
            if len(self.models) != 1:
                raise InputError(
                    f"{flag}: only for a single --model; with several, write NAME.toml beside the "
                    "weights of each"
                )
        if self.devices is not None and self.device is not None:
            raise InputError("--device and --devices are mutually exclusive; leave one out")
        if self.devices is not None and self.engine != "local":
            raise InputError(
                f"--devices and --engine {self.engine} are mutually exclusive; leave one out"
            )
        if self.address is not None and self.engine != "ray":
            raise InputError("--address: needs --engine ray; add it, or leave --address out")
        if self.shard is not None:
            Shard.read(self.shard)
        if self.region is not None:
            read_region(self.region)
        self._check_measures()
        self._check_sampling()
        kinds = get_args(options.SavedKind)
        if wrong := [kind for kind in self.save or () if kind not in kinds]:
            raise InputError(f"--save {wrong[0]}: use {', '.join(kinds)}")
        if self.save is None and self.save_layout != "bravo":
            raise InputError(f"--save-layout {self.save_layout}: needs --save; add it")

    def _check_measures(self) -> None:
        if self.measure is None and self.temperature is None:
            return
        from ..scores.counters import read_measures  # loads Numba, which takes a third of a second

        measures = read_measures(self.measure or ())
        if self.temperature is None:
            return
        if not any(measure.needs_probabilities for measure in measures):
            raise InputError("--temperature: needs --measure calibration; add it")
        if len(self.models) != 1:
            raise InputError("--temperature: only for a single --model; run each on its own")
        least, most = TEMPERATURES
        if not least <= self.temperature <= most:
            raise InputError(
                f"--temperature {self.temperature:g}: write a number from {least:g} to {most:g}"
            )

    def _check_sampling(self) -> None:
        if self.sample is not None and not 0 < self.sample <= 1:
            raise InputError(
                f"--sample {100 * self.sample:g}%: write a share above 0 % and up to 100 %"
            )
        if self.until is None:
            return
        read_target(self.until)
        if self.sample is not None:
            raise InputError("--sample and --until are mutually exclusive; leave one out")
        if self.shard is not None:
            raise InputError(
                "--until: a shard sees its own frames alone; give all shards the same --sample"
            )
        if self.until == DECIDED and len(self.models) < 2:
            raise InputError("--until decided: needs two models or more: --model A,B")

    @property
    def is_sampled(self) -> bool:
        """Whether the run may end before all images are done."""
        return self.sample is not None or self.until is not None

    def chosen_suite(self) -> Suite:
        """Return the conditions that are chosen of the suite, where no copy decides on it.

        Raises InputError for names and severities that it lacks.
        """
        return load_part(self.suite or DEFAULT_SUITE, self.corruptions, self.severities)

    def check_files(self) -> None:
        """Raise InputError for names of files that do not exist, as far as that is cheap to see."""
        pairs = (choice.partition("@") for choice in self.models)
        named = (weights for name, _, weights in pairs if ":" not in name)  # PREFIX:TARGET
        check_weights_files(filter(None, [*named, self.weights]))
        if self.copy is None:
            self.chosen_suite()

    @property
    def data_option(self) -> str:
        """The option that names the data, as it was given: `--images img`, `--data camvid`."""
        if self.images is not None:
            return f"--images {self.images}"
        return "--data" if self.data is None else f"--data {self.data}"

    @property
    def input_settings(self) -> dict[str, Any]:
        """The preprocessing that is set in place of the model's, as its weights declare it."""
        chosen = {
            "mean": self.mean,
            "std": self.std,
            "channels": self.channels,
            "size": self.input_size,
        }
        return {name: value for name, value in chosen.items() if value is not None}
