"""The options that several commands share, each declared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from .. import corruptions
from ..datasets import class_map_mode
from ..models import base, class_names
from . import known_names, parsing
from .parameters import Option

SavedKind = Literal["labels", "confidence", "images"]
MapLayout = Literal["bravo", "cityscapes", "acdc"]
"""What is saved of predictions, and how; see `predictions.layouts`."""
MODEL, DATA, CONDITIONS, TRAINING = "Model", "Data", "Conditions", "Training"
COMPUTE, OUTPUT = "Compute", "Output"
"""The panels of `--help`."""

_MODELS = Option(
    "Models: NAME or NAME@WEIGHTS (b0, b5@random, espnet@FILE), or hf:REPOSITORY, onnx:FILE, "
    "torchscript:FILE, python:MODULE:FACTORY, mmseg:CONFIG.py@CHECKPOINT, predictions:FOLDER. "
    "Several models see the same images.",
    *(MODEL, "LIST"),
    flag="--model",
    read=parsing.models,
    names=known_names.models,
)
Model = Annotated[str | Sequence[str], _MODELS]
Models = Annotated[tuple[str, ...], _MODELS]
SingleModel = Annotated[
    str,
    Option(
        "Model: NAME or NAME@WEIGHTS, or hf:REPOSITORY, onnx:FILE, torchscript:FILE, "
        "python:MODULE:FACTORY, mmseg:CONFIG.py@CHECKPOINT.",
        *(MODEL, "NAME"),
        names=known_names.models,
    ),
]
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
Mean = Annotated[
    Sequence[float] | None,
    Option(
        "Mean of the channels that is subtracted from the pixels, in grey levels (0-255): "
        "123.7,116.3,103.5.",
        *(MODEL, "R,G,B"),
        default="the model's",
    ),
]
Std = Annotated[
    Sequence[float] | None,
    Option(
        "Deviation of the channels that the pixels are divided by, in grey levels; 255,255,255 "
        "scales them to 0-1.",
        *(MODEL, "R,G,B"),
        default="the model's",
    ),
]
Channels = Annotated[
    base.Channels | None,
    Option("Order of the channels in the input, --mean and --std.", MODEL, default="the model's"),
]
InputSize = Annotated[
    tuple[int, int] | None,
    Option("Resize all images to this size for the model.", MODEL, default="the model's"),
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
    str | Path | None,
    Option(
        "Dataset: a name or a path, see robustseg datasets.",
        *(DATA, "NAME|PATH"),
        names=known_names.datasets,
        default="cityscapes if CITYSCAPES_DATASET is set, else streets",
    ),
]
Split = Annotated[str, Option("Split of the dataset.", DATA, "NAME")]
Images = Annotated[
    str | Path | None, Option("Folder of images, with --labels, instead of a dataset.", DATA, "DIR")
]
Labels = Annotated[
    str | Path | None,
    Option("Folder of the labels of --images: files of the same names, PNG or TIFF.", DATA, "DIR"),
]
Classes = Annotated[
    str | Path | None,
    Option(
        "Taxonomy of --labels: a name or a path, see robustseg datasets.",
        *(DATA, "NAME|FILE"),
        default="cityscapes",
    ),
]
Frames = Annotated[
    str | Path | None,
    Option("Only the frames that this text file lists, one a line.", DATA, "FILE"),
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
    class_map_mode.ClassMapMode,
    Option(
        "Where --class-map leaves a class out: count its predictions as wrong, or restrict the "
        "argmax to the other classes.",
        DATA,
    ),
]
ClassOrder = Annotated[
    class_names.ClassOrder,
    Option(
        "Where a model names its classes in another order than the data: reorder them by name, or "
        "take its outputs as they are.",
        DATA,
    ),
]
Depth = Annotated[
    str | Path | None,
    Option(
        "Folder of depth maps, for suites that need depth: .npy in metres, 16-bit PNG, or "
        "disparity of Cityscapes.",
        *(DATA, "DIR"),
        default="that of streets, disparity/ of a Cityscapes tree",
    ),
]
Limit = Annotated[
    int | None, Option("Only the first N frames.", DATA, default="16 of streets, else all", least=1)
]
Suite = Annotated[
    str | Path | None,
    Option(
        "Suite: a name or a TOML file, see robustseg suites.",
        *(CONDITIONS, "NAME|FILE"),
        names=known_names.suites,
        default="cityscapes-c, or the suite of --copy",
    ),
]
NamedSuite = Annotated[
    str | Path,
    Option(
        "Suite: a name or a TOML file, see robustseg suites.",
        *(CONDITIONS, "NAME|FILE"),
        names=known_names.suites,
    ),
]
Corruptions = Annotated[
    Sequence[str] | None,
    Option(
        "Only these corruptions: fog,snow, or fog:1,1.5,2 with their severities. Own ones are "
        "added: python:FILE.py:FUNCTION.",
        CONDITIONS,
        default="the suite's",
        names=known_names.corruptions,
    ),
]
Severities = Annotated[
    Sequence[float] | None,
    Option(
        "Only these severities: 1-3, 1,5 or 1,1.5,2. Parameters of a corruption between those of "
        "whole severities are interpolated.",
        CONDITIONS,
        default="the suite's",
        read=parsing.severities,
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
Region = Annotated[
    str | None,
    Option(
        "Corrupt only a region of each frame, and score inside and outside apart: "
        "rectangle:LEFT,TOP,RIGHT,BOTTOM in fractions of its sides, class:road, or soiling:0.3, "
        "drops on the lens that cover this share of it.",
        *(CONDITIONS, "KIND:VALUES"),
        default="the whole frame",
    ),
]
Sample = Annotated[
    float | None,
    Option(
        "Only this share of the corrupted images, such as 10%, and all clean ones. The scores of "
        "all are estimated, each with its error. A later run goes on from there.",
        *(CONDITIONS, "SHARE%"),
        default="all",
        read=parsing.share,
    ),
]
Until = Annotated[
    str | float | None,
    Option(
        "Stop when the suite score is known to within this many points, 0.5, or another score, "
        "retention:1.0; or when it is decided which of several models is more robust, decided.",
        *(CONDITIONS, "POINTS|SCORE:POINTS|decided"),
        default="all images are done",
    ),
]
Seed = Annotated[int, Option("Random seed.", CONDITIONS, least=0)]
RunSeed = Annotated[
    int | None, Option("Random seed.", CONDITIONS, default="0, or the seed of --copy", least=0)
]
Draws = Annotated[
    int,
    Option(
        "Repeat random corruptions with N consecutive seeds. Scores are means over the seeds, with "
        "their standard deviation.",
        CONDITIONS,
        least=1,
    ),
]
Implementation = Annotated[
    corruptions.Implementation,
    Option("Corruptions of robustbench-seg, or of the package imagecorruptions.", CONDITIONS),
]
Measure = Annotated[
    Sequence[str] | None,
    Option(
        "What to measure beside miou: boundary (or boundary:1%, boundary:5px), calibration.",
        CONDITIONS,
        default="miou,boundary",
    ),
]
Temperature = Annotated[
    float | None,
    Option(
        "Divide the logits by this number for the probabilities of calibration; see robustseg "
        "calibrate.",
        *(MODEL, "NUMBER"),
        default="1",
    ),
]
Device = Annotated[
    str | None,
    Option("Device: cpu, cuda, cuda:1.", COMPUTE, "NAME", default="a GPU if there is one"),
]
Devices = Annotated[
    Sequence[str] | None,
    Option("Devices of one kind with a process each, instead of --device: cuda:0,cuda:1.", COMPUTE),
]
Precision = Annotated[base.Precision, Option("Precision of the model.", COMPUTE)]
Runtime = Annotated[
    base.RuntimeChoice,
    Option(
        "What runs the models: auto is OpenVINO on a CPU, for each model of which it gives the "
        "logits of torch.",
        COMPUTE,
    ),
]
Batch = Annotated[
    int | None,
    Option(
        "Inputs that go through the model at once.",
        COMPUTE,
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
        "CPU threads of each model.", COMPUTE, default="all cores, shared among --devices", least=1
    ),
]
Engine = Annotated[
    Literal["local", "ray"], Option("This machine, or the workers of a Ray cluster.", COMPUTE)
]
Address = Annotated[
    str | None, Option("Address of the Ray cluster.", COMPUTE, "auto|HOST:PORT", default="auto")
]
WorkerTimeout = Annotated[
    float,
    Option(
        "Seconds without progress after which a worker of --devices or --engine ray is stopped, "
        "and another gets its frame.",
        *(COMPUTE, "SECONDS"),
        least=1,
    ),
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
    Option("Folder to write to.", OUTPUT, "DIR", default="a folder in results/, named by content"),
]
Save = Annotated[
    Sequence[str] | None,
    Option(
        "Save predictions in the run's folder: labels, or labels,confidence, which --model "
        "predictions:FOLDER reads. images are what each model saw, such as attacked images.",
        *(OUTPUT, "labels,confidence,images"),
        default="nothing",
    ),
]
SaveLayout = Annotated[
    MapLayout,
    Option("Names and values of the files of --save, as a benchmark expects them.", OUTPUT),
]
Label = Annotated[
    Mapping[str, str] | None,
    Option(
        "Name of a model in reports: b0=Ours. May be repeated.",
        *(OUTPUT, "NAME=TEXT"),
        default="as papers write it",
        read=parsing.label,
    ),
]
CheckedCells = Annotated[
    int,
    Option(
        "Number of random cells (model, condition, frame) to predict again, where models and data "
        "are at hand.",
        CONDITIONS,
        least=0,
    ),
]
Runs = Annotated[Sequence[str | Path], Option("Folders of runs.", DATA, flag="RUN")]
ImageSize = Annotated[
    tuple[int, int], Option("Size of the images in pixels.", DATA, default="2048x1024")
]
NumClasses = Annotated[int, Option("Number of classes.", DATA, least=1)]
Timed = Annotated[bool, Option("Measure the speed of this machine.", COMPUTE)]
JSON = Option("Print the tables as JSON, and everything else on stderr.", OUTPUT)
Csv = Annotated[
    str | Path | None,
    Option("CSV file to write the table to as well; - writes it to the terminal.", OUTPUT, "FILE"),
]
