"""The options of the library's functions and of the command line, each declared once.

A parameter `limit: Limit` of a function in `api.py` is its keyword in Python and the option
`--limit` of its command. The declaration holds the help text and how a text is read as a value.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import corruptions

from ..datasets import class_maps
from ..errors import InputError
from ..models import base

MODEL, DATA, CONDITIONS, TRAINING = "Model", "Data", "Conditions", "Training"
COMPUTE, OUTPUT = "Compute", "Output"
"""The panels of `--help`."""


@dataclass(frozen=True)
class Option:
    """How a parameter is documented, and how the command line spells and reads it."""

    help: str
    panel: str
    metavar: str = ""
    default: str = ""
    """What a default of None means."""
    flag: str = ""
    """The spelling, where it is not the parameter's name; without dashes it is positional."""
    least: int | None = None
    """The smallest number that is allowed."""
    read: Callable[[str], Any] | None = None
    """Return the value of a text, a list where the option may be repeated. Raises InputError."""


class Parameter(NamedTuple):
    """A parameter of a function, or a field of a dataclass, that is an option."""

    name: str
    type: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """What a user types: `--class-map`, or `IN` for an argument without a flag."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"

    @property
    def types(self) -> tuple[Any, ...]:
        """The members of a union without None; else the one type."""
        union = get_origin(self.type) in (Union, UnionType)
        every = get_args(self.type) if union else (self.type,)
        return tuple(each for each in every if each is not NoneType)

    @property
    def repeated(self) -> bool:
        """Whether the option may be given several times."""
        return any(get_origin(each) is Sequence for each in self.types)

    @property
    def words(self) -> tuple[str, ...]:
        """The allowed values of a parameter whose type is a Literal; else empty."""
        return get_args(self.types[0]) if get_origin(self.types[0]) is Literal else ()

    def read(self, typed: str | list[str] | bool) -> Any:
        """Return the value of what a user typed, once or several times.

        Raises InputError for a text that cannot be read.
        """
        numeric: dict[Any, Callable[[str], Any]] = {int: integer, float: number}
        read = self.option.read or numeric.get(self.types[0])
        if read is None or isinstance(typed, bool):
            return typed
        values: list[Any] = []
        for text in typed if isinstance(typed, list) else [typed]:
            try:
                value = read(text)
            except InputError as error:
                raise InputError(f"{self.flag} {text!r}: {error}") from None
            values += value if self.repeated else [value]
        return values if self.repeated else values[0]

    def check(self, value: Any) -> None:
        """Raise InputError for a word or a number that is not allowed."""
        if value is None:
            return
        if self.words and value not in self.words:
            raise InputError(f"{self.flag} {value}: use one of {', '.join(self.words)}")
        least = self.option.least
        if least is not None and (not isinstance(value, int) or value < least):
            raise InputError(f"{self.flag} {value}: must be a whole number, {least} or more")


def parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the options among the parameters of a function or the fields of a dataclass.

    Its module must not postpone annotations: they are read as objects.
    """
    return {
        name: Parameter(name, parameter.annotation.__origin__, parameter.default, option)
        for name, parameter in inspect.signature(inspect.unwrap(function)).parameters.items()
        for option in getattr(parameter.annotation, "__metadata__", ())
    }


def integer(text: str) -> int:
    """Read "16"."""
    try:
        return int(text)
    except ValueError:
        raise InputError("not a whole number; write digits, for example 16") from None


def number(text: str) -> float:
    """Read "0.5"."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError("not a number; write for example 0.5")
    return value


def names(text: str) -> list[str]:
    """Read "fog,snow" as a list."""
    values = [name.strip() for name in text.split(",") if name.strip()]
    if not values:
        raise InputError("an empty list; write names with commas between them")
    return values


def models(text: str) -> list[str]:
    """Read "b0,b5@random" as a list.

    A comma belongs to a path where no name of a model follows: "b0@a,b.pth" is one model.
    """
    return re.split(r",\s*(?=[A-Za-z][\w-]*(?:[@:,]|$))", text.strip())


def integers(text: str) -> list[int]:
    """Read "1-3,5" as a list of digits."""
    values: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d)(?:-(\d))?", part.strip())
        if match is None:
            raise InputError("not a list of numbers; write for example 1-3 or 1,5")
        first, last = match.groups()
        values += range(int(first), int(last or first) + 1)
    if not values:
        raise InputError("an empty range; write the smaller number first")
    return values


def numbers(text: str) -> list[float]:
    """Read "1.5,20" as a list."""
    return [number(part) for part in text.split(",")]


def size(text: str) -> tuple[int, int]:
    """Read "2048x1024", width x height in pixels, as (height, width)."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    if match is None:
        raise InputError("not a size; write WIDTHxHEIGHT in pixels, for example 2048x1024")
    width, height = map(int, match.groups())
    return height, width


_MODELS = Option(
    "Models: NAME or NAME@WEIGHTS (b0, b5@random, espnet@FILE), or hf:REPOSITORY, onnx:FILE, "
    "torchscript:FILE, python:MODULE:FACTORY. Several models see the same images.",
    *(MODEL, "LIST"),
    flag="--model",
    read=models,
)
Model = Annotated[str | Sequence[str], _MODELS]
Models = Annotated[tuple[str, ...], _MODELS]
Weights = Annotated[
    str | Path | None,
    Option(
        "Weights of the model: a file, a folder, or random. With several models, write "
        "NAME@WEIGHTS instead.",
        *(MODEL, "PATH"),
        default="those trained on the data",
    ),
]
Window = Annotated[
    base.WindowMode | None,
    Option(
        "Run the model on sliding windows, or on the whole image.",
        MODEL,
        default="the model's own choice",
    ),
]
InputScale = Annotated[
    float | None,
    Option(
        "Rescale all images by this factor, for all models.",
        *(MODEL, "FACTOR"),
        default="the input size of each model",
    ),
]
Data = Annotated[
    str | None,
    Option(
        "Dataset: a name or a path, see robustseg datasets.",
        *(DATA, "NAME|PATH"),
        default="cityscapes if CITYSCAPES_DATASET is set, else streets",
    ),
]
Split = Annotated[str, Option("Split of the dataset.", DATA, "NAME")]
Images = Annotated[str | Path | None, Option("Folder of images, instead of --data.", DATA, "DIR")]
Labels = Annotated[
    str | Path | None,
    Option("Folder of the labels of --images: PNG files of the same names.", DATA, "DIR"),
]
Classes = Annotated[
    str | Path | None,
    Option(
        "Taxonomy of --labels: a name or a path, see robustseg datasets.",
        *(DATA, "NAME|FILE"),
        default="cityscapes",
    ),
]
ClassMap = Annotated[
    str | Path | None,
    Option(
        "Map from the classes of the models to those of the data: a name or a path, see robustseg "
        "datasets.",
        *(DATA, "NAME|FILE"),
    ),
]
ClassMapMode = Annotated[
    class_maps.ClassMapMode,
    Option(
        "Where --class-map leaves a class out: count its predictions as wrong, or restrict the "
        "argmax to the other classes.",
        DATA,
    ),
]
Limit = Annotated[
    int | None,
    Option("Only the first N frames.", DATA, "N", default="16 of streets, else all", least=1),
]
Suite = Annotated[
    str | None,
    Option(
        "Suite: a name or a TOML file, see robustseg suites.",
        *(CONDITIONS, "NAME|FILE"),
        default="cityscapes-c, or the suite of --copy",
    ),
]
Corruptions = Annotated[
    Sequence[str] | None,
    Option(
        "Only these corruptions: fog,snow.", CONDITIONS, "LIST", default="the suite's", read=names
    ),
]
Severities = Annotated[
    Sequence[int] | None,
    Option(
        "Only these severities: 1-3 or 1,5.",
        *(CONDITIONS, "LIST"),
        default="the suite's",
        read=integers,
    ),
]
Copy = Annotated[
    str | Path | None,
    Option(
        "Read the corrupted images from this folder, which robustseg corrupt made of the data.",
        *(CONDITIONS, "DIR"),
        default="corrupt the images in the run",
    ),
]
Seed = Annotated[int, Option("Random seed.", CONDITIONS, "N", least=0)]
RunSeed = Annotated[
    int | None,
    Option("Random seed.", CONDITIONS, "N", default="0, or the seed of --copy", least=0),
]
Draws = Annotated[
    int,
    Option(
        "Repeat random corruptions with N seeds, from --seed on. Scores are means over the seeds, "
        "with their standard deviation.",
        *(CONDITIONS, "N"),
        least=1,
    ),
]
Implementation = Annotated[
    corruptions.Implementation,
    Option("Corruptions of robustbench-seg, or of the package imagecorruptions.", CONDITIONS),
]
Device = Annotated[
    str | None,
    Option("Device: cpu, cuda, cuda:1.", COMPUTE, "NAME", default="a GPU if there is one"),
]
Devices = Annotated[
    Sequence[str] | None,
    Option(
        "Devices of one kind with a process each, instead of --device: cuda:0,cuda:1.",
        *(COMPUTE, "LIST"),
        read=names,
    ),
]
Precision = Annotated[base.Precision, Option("Precision of the model.", COMPUTE)]
Batch = Annotated[
    int | None,
    Option(
        "Inputs that go through the model at once.",
        *(COMPUTE, "N"),
        default="by image size and device",
        least=1,
    ),
]
Compiled = Annotated[
    bool, Option("Compile the models with torch.compile.", COMPUTE, flag="--compile")
]
Threads = Annotated[
    int | None,
    Option(
        "CPU threads of each model.",
        *(COMPUTE, "N"),
        default="all cores, shared among --devices",
        least=1,
    ),
]
Engine = Annotated[
    Literal["local", "ray"], Option("This machine, or the workers of a Ray cluster.", COMPUTE)
]
Address = Annotated[
    str | None,
    Option("Address of the Ray cluster.", COMPUTE, "auto|HOST:PORT", default="auto"),
]
Shard = Annotated[
    str | None,
    Option(
        "Only one part of the frames: 2/8 is the second of eight. robustseg merge joins the parts.",
        *(COMPUTE, "I/N"),
    ),
]
Strict = Annotated[
    bool,
    Option("Stop at the first prediction that fails, instead of leaving out its frame.", COMPUTE),
]
Out = Annotated[
    str | Path | None,
    Option("Folder to write to.", OUTPUT, "DIR", default="results/, a name by content"),
]
Runs = Annotated[Sequence[str | Path], Option("Folders of runs.", DATA, flag="RUN")]
ImageSize = Annotated[
    tuple[int, int],
    Option("Size of the images in pixels.", DATA, "WIDTHxHEIGHT", default="2048x1024", read=size),
]
NumClasses = Annotated[int, Option("Number of classes.", DATA, "N", least=1)]
Measure = Annotated[bool, Option("Measure the speed of this machine.", COMPUTE)]
Csv = Annotated[
    str | Path | None,
    Option("CSV file to write the table to as well; - writes it to the terminal.", OUTPUT, "FILE"),
]
