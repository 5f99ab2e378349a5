"""The library's functions, one for each command of the command line.

A function's parameters are the options of its command: their declarations in `protocol.options`
document both. What is heavy to import is imported by the calls, so that `--help` answers at once.
"""

# Annotations are not postponed: `parameters` reads them as objects.

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from .erf import request as erf
from .errors import InputError
from .folders import RESULTS, check_folder
from .progress import Progress, silent
from .protocol import known_names, options, parsing
from .protocol.options import COMPUTE, CONDITIONS, DATA, MODEL, OUTPUT, TRAINING
from .protocol.parameters import Option, documented
from .worker_pool import TIMEOUT

if TYPE_CHECKING:
    import pandas as pd

    from .copies.corrupted_copy import CorruptedCopy
    from .datasets.validate import SplitReport
    from .diagnosis.calibrate import Calibration
    from .diagnosis.checkup import Checkup
    from .diagnosis.diagnose import Diagnosis
    from .evaluation.forecast import Forecast
    from .leaderboard.board import Leaderboard
    from .leaderboard.finding import RunCheck
    from .reporting.comparison import Comparison
    from .reporting.receptive_fields import ReceptiveFields
    from .reporting.run import Run

T = TypeVar("T")
_log = logging.getLogger(__package__)


@contextmanager
def _on_interrupt(line: str) -> Iterator[None]:
    """Say in a KeyboardInterrupt what is left of the work."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(line)
        raise


def _listed(model: T | Sequence[T]) -> tuple[T, ...]:
    # A name is a sequence of letters, and one model.
    return tuple(model) if isinstance(model, Sequence) and not isinstance(model, str) else (model,)


@documented
def evaluate(
    model: options.Model = "b0",
    *,
    weights: options.Weights = None,
    window: options.Window = None,
    mean: options.Mean = None,
    std: options.Std = None,
    channels: options.Channels = None,
    input_size: options.InputSize = None,
    input_scale: options.InputScale = None,
    temperature: options.Temperature = None,
    data: options.Data = None,
    split: options.Split = "val",
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    frames: options.Frames = None,
    class_map: options.ClassMap = None,
    class_map_mode: options.ClassMapMode = "wrong",
    class_order: options.ClassOrder = "by-name",
    depth: options.Depth = None,
    limit: options.Limit = None,
    suite: options.Suite = None,
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    copy: options.Copy = None,
    region: options.Region = None,
    sample: options.Sample = None,
    until: options.Until = None,
    seed: options.RunSeed = None,
    draws: options.Draws = 1,
    measure: options.Measure = None,
    implementation: options.Implementation = "native",
    device: options.Device = None,
    devices: options.Devices = None,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "float32",
    batch: options.Batch = None,
    compiled: options.Compiled = False,
    threads: options.Threads = None,
    engine: options.Engine = "local",
    address: options.Address = None,
    worker_timeout: options.WorkerTimeout = TIMEOUT,
    shard: options.Shard = None,
    strict: options.Strict = False,
    save: options.Save = None,
    save_layout: options.SaveLayout = "bravo",
    label: options.Label = None,
    out: options.Out = None,
    progress: Progress = silent,
) -> "Run":
    """Evaluate models under a suite of conditions and return the stored run.

    A second call with the same options resumes an interrupted run. Raises InputError, before any
    long work, for what is wrong with the options, the data or the weights.
    """
    given = {**locals()}  # the parameters are the fields of Request; a test compares them
    from .protocol.request import Request

    del given["progress"]
    request = Request(models=_listed(given.pop("model")), **given)
    request.check_files()  # before torch is loaded, which takes seconds
    from .evaluation.evaluate import execute, prepare

    plan, chosen = prepare(request, progress)
    for segmenter in plan.spec.models:
        if licence := segmenter.weights.get("licence"):
            _log.info("The licence of the weights of %s is %s.", segmenter.name, licence)
    folder = plan.folder
    _log.info("run: %s", folder)
    with _on_interrupt(f"What is done is kept in {folder}; the same command goes on."):
        execute(plan, chosen, progress)
    del plan  # and its models, before figures need memory beside them
    from .reporting.run import Run  # loads figures, which takes seconds

    return Run.open(folder).relabel(label or {})


@documented
def forecast(
    model: options.Model = "b0",
    *,
    limit: Annotated[int, Option("Number of frames.", DATA, least=1)] = 500,
    size: options.ImageSize = (1024, 2048),
    num_classes: options.NumClasses = 19,
    suite: options.NamedSuite = "cityscapes-c",
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    draws: options.Draws = 1,
    timed: options.Timed = False,
    frames_per_second: Annotated[
        Sequence[float],
        Option("Images that one worker predicts in a second, a number for each --model.", COMPUTE),
    ] = (),
    workers: Annotated[
        int,
        Option(
            "Workers that share the run: GPUs, or machines with --device cpu.", COMPUTE, least=1
        ),
    ] = 1,
    device: Annotated[
        str | None,
        Option(
            "Device of a worker.",
            COMPUTE,
            "NAME",
            default="cuda; with --timed a GPU if there is one",
        ),
    ] = None,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "float32",
    batch: options.Batch = None,
    until: options.Until = None,
    pilot: Annotated[
        str | Path | None,
        Option("Stored run of some frames of the same kind, for --until.", CONDITIONS, "RUN"),
    ] = None,
    progress: Progress = silent,
) -> "Forecast":
    """Return what a run costs: predictions, multiply-adds, memory, bytes on disk and time.

    No data is read. The time is known with `frames_per_second` or `timed`. size is (height,
    width).
    """
    from .evaluation.forecast import forecast
    from .protocol.suites import load_part

    return forecast(
        _listed(model),
        load_part(suite, corruptions, severities),
        limit,
        size,
        draws=draws,
        batch=batch,
        device=device,
        runtime=runtime,
        precision=precision,
        workers=workers,
        classes=num_classes,
        rates=frames_per_second,
        timed=timed,
        until=until,
        pilot=pilot,
        progress=progress,
    )


@documented
def diagnose(
    model: options.SingleModel = "b0",
    *,
    weights: options.Weights = None,
    window: options.Window = None,
    mean: options.Mean = None,
    std: options.Std = None,
    channels: options.Channels = None,
    input_size: options.InputSize = None,
    data: options.Data = None,
    split: options.Split = "val",
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    frames: options.Frames = None,
    class_map: options.ClassMap = None,
    class_map_mode: options.ClassMapMode = "wrong",
    class_order: options.ClassOrder = "by-name",
    limit: Annotated[
        int | None,
        Option(
            "Number of frames, spread over the split.",
            DATA,
            default="3, and up to 12 small ones",
            least=1,
        ),
    ] = None,
    device: options.Device = None,
    progress: Progress = silent,
) -> "Diagnosis":
    """Try what people get wrong about a model on a few clean frames; return what fits best.

    It tries the order of channels, mean and std, the input size, windows, shifted labels and the
    order of the classes, and looks at the outputs for dropout or batch norm in training mode and
    for probabilities. Nothing is stored. Raises InputError for what is wrong with the options, the
    data or the weights.
    """
    given = {**locals()}
    from .diagnosis.diagnose import diagnose
    from .protocol.request import Request

    for name in ("model", "progress"):
        del given[name]
    return diagnose(Request(models=(model,), **given), progress)


@documented
def calibrate(
    model: options.SingleModel = "b0",
    *,
    weights: options.Weights = None,
    window: options.Window = None,
    mean: options.Mean = None,
    std: options.Std = None,
    channels: options.Channels = None,
    input_size: options.InputSize = None,
    data: options.Data = None,
    split: options.Split = "val",
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    frames: options.Frames = None,
    class_order: options.ClassOrder = "by-name",
    limit: Annotated[
        int | None,
        Option("Number of frames, spread over the split.", DATA, default="50", least=1),
    ] = None,
    device: options.Device = None,
    progress: Progress = silent,
) -> "Calibration":
    """Fit a temperature on clean frames: what logits are divided by for better probabilities.

    It minimises the negative log-likelihood of the true classes (Guo et al., ICML 2017). Take
    frames that the model was neither trained on nor will be evaluated on. Nothing is stored. Raises
    InputError for what is wrong with the options, the data or the weights.
    """
    given = {**locals()}
    from .diagnosis.calibrate import calibrate
    from .protocol.request import Request

    for name in ("model", "progress"):
        del given[name]
    return calibrate(Request(models=(model,), **given), progress)


@documented
def doctor(*, progress: Progress = silent) -> "Checkup":
    """Check the installation, and return what was found: packages, devices, data, disks, the hub.

    A self-test of some seconds compares corrupted pixels with known ones, and scores an embedded
    model by each runtime. Nothing is kept. The hub is asked once, unless HF_HUB_OFFLINE is set.
    """
    from .diagnosis.checkup import examine

    return examine(progress)


@documented
def merge(runs: options.Runs, out: options.Out = None, *, progress: Progress = silent) -> "Run":
    """Join the parts of a run that `evaluate(shard=...)` made into one run, and return it.

    The parts are left as they are. Raises InputError where they are not of one run.
    """
    from .reporting.run import Run
    from .runs.merging import merge

    with _on_interrupt("What is joined is kept; the same command goes on."):
        folder = merge(runs, out, progress)
    _log.info("run: %s", folder)
    return Run.open(folder)


@documented
def compare_runs(
    runs: options.Runs,
    *,
    reference: Annotated[
        str | None,
        Option(
            "Model that CD, rCD and differences are measured against: the name of a compared "
            "model, the folder of a run of one model, or a row of SegFormer's Table 5 such as "
            '"DeepLabv3+ (ResNet-50)".',
            *(OUTPUT, "NAME"),
            default="the first model",
        ),
    ] = None,
    tables: Annotated[
        Sequence[str],
        Option(
            "Published tables to show as well: segformer-table5, stl-table4, semsegbench.",
            OUTPUT,
            flag="--with",
        ),
    ] = (),
    label: options.Label = None,
) -> "Comparison":
    """Return the models of several runs side by side.

    Raises InputError for runs of other images, labels, classes or severities.
    """
    from .reporting.comparison import compare_runs

    return compare_runs(runs, reference, tables, label)


@documented
def check_run(
    run: Annotated[str | Path, Option("Folder of a run.", DATA, flag="RUN")],
    *,
    model: Annotated[
        str | Sequence[str] | None,
        Option(
            "Models of the run, in its order, to predict cells again: NAME@WEIGHTS as in eval.",
            *(MODEL, "LIST"),
            default="the run's, if all are embedded",
            read=parsing.models,
            names=known_names.models,
        ),
    ] = None,
    mean: options.Mean = None,
    std: options.Std = None,
    channels: options.Channels = None,
    input_size: options.InputSize = None,
    data: Annotated[
        str | Path | None,
        Option(
            "Dataset of the run, to predict cells again: a name or a path.",
            *(DATA, "NAME|PATH"),
            default="streets",
            names=known_names.datasets,
        ),
    ] = None,
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    frames: options.Frames = None,
    class_map: options.ClassMap = None,
    class_map_mode: options.ClassMapMode = "wrong",
    class_order: options.ClassOrder = "by-name",
    depth: options.Depth = None,
    cells: options.CheckedCells = 5,
    seed: Annotated[
        int | None,
        Option("Random seed of the choice of cells.", CONDITIONS, default="a new one", least=0),
    ] = None,
    progress: Progress = silent,
) -> "RunCheck":
    """Check a stored run: digests, counts, frames, suite, tables, and some cells again.

    The result says what was verified, what is wrong, and what could not be checked. Cells are
    predicted again where models and data are embedded or given. Raises InputError where there is no
    run, and for options that do not fit it.
    """
    given = {**locals()}
    from .leaderboard.check import check_run

    for name in ("run", "model", "cells", "seed", "progress"):
        del given[name]
    given = {name: value for name, value in given.items() if value is not None}
    if model:
        given["models"] = _listed(model)
    at_hand = model or data or images
    return check_run(run, cells, seed, given if at_hand else None, progress)


@documented
def rank_runs(
    runs: Annotated[
        Sequence[str | Path],
        Option("Folders of runs, or of folders with runs.", DATA, flag="RUN"),
    ],
    *,
    cells: options.CheckedCells = 3,
    progress: Progress = silent,
) -> "Leaderboard":
    """Check and rank runs of one protocol, and return their leaderboard, which writes its site.

    Models that the images cannot tell apart share a rank. Raises InputError for a run that the
    check refuses, and for runs of different suites, pixels, data or classes.
    """
    from .leaderboard.board import Leaderboard

    return Leaderboard.of(runs, cells, progress)


@documented
def add_entry(
    run: Annotated[str | Path, Option("Folder of a run.", DATA, flag="RUN")],
    *,
    out: Annotated[
        str | Path | None,
        Option("Folder of the entry.", OUTPUT, "DIR", default="leaderboard/DATASET/NAME"),
    ] = None,
) -> Path:
    """Copy a run as an entry of a leaderboard, without its pictures; return the folder.

    Raises InputError for a run that the check refuses, and where the folder holds other files.
    """
    from .leaderboard.entry import add_entry

    return add_entry(run, out)


@documented
def figures(
    runs: options.Runs,
    *,
    purpose: Annotated[
        Literal["paper"], Option("What the files are for.", OUTPUT, flag="--for")
    ] = "paper",
    intervals: Annotated[bool, Option("Print the 95 % intervals in the table.", OUTPUT)] = False,
    label: options.Label = None,
    out: options.Out = None,
) -> list[Path]:
    """Write figures, a table, a caption, a methods text and references; return their paths.

    Figures are PDF, SVG and PNG (300 dpi) files at widths of 3.25, 5.5 and 6.75 inches. Raises
    InputError for runs of other images, labels, classes or severities.
    """
    from .reporting.paper import write_paper_kit

    del purpose  # "paper" is the only one
    return write_paper_kit(runs, out, intervals=intervals, labels=label)


@documented
def corrupt_folder(
    source: Annotated[
        str | Path,
        Option("Folder of images, with subfolders, or a Cityscapes tree.", DATA, flag="IN"),
    ],
    out: Annotated[str | Path, Option("Folder of the copy.", OUTPUT, flag="OUT")],
    *,
    split: Annotated[
        str | None, Option("Split of a Cityscapes tree.", DATA, "NAME", default="val")
    ] = None,
    depth: options.Depth = None,
    suite: options.NamedSuite = "cityscapes-c",
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    seed: options.Seed = 0,
    workers: Annotated[
        int | None, Option("Processes.", COMPUTE, default="one per core", least=1)
    ] = 1,
    progress: Progress = silent,
) -> "CorruptedCopy":
    """Write a corrupted copy of a folder of images, or of a split of a Cityscapes tree.

    An image `a/b.jpg` in `source` becomes `<corruption>/<severity>/a/b.png` in `out`, for every
    condition of the suite. A second call with the same options completes an interrupted copy. With
    several workers, a script must be guarded by `if __name__ == "__main__"`. Raises InputError,
    before any image is written, for what is wrong with the options or with an image.
    """
    from .copies.corrupting import corrupt_folder
    from .processes import available_cores
    from .protocol.suites import load_part

    chosen = load_part(suite, corruptions, severities)
    with _on_interrupt(f"What is done is kept in {out}; the same command goes on."):
        return corrupt_folder(
            *(Path(source), Path(out), split, chosen, seed, workers or available_cores(), progress),
            depth=None if depth is None else Path(depth),
        )


@documented
def effective_receptive_field(
    model: erf.Model = "b0",
    *,
    weights: erf.Weights = None,
    stages: erf.Stages = None,
    layers: erf.Layers = (),
    size: erf.InputSize = None,
    unit: erf.UnitAt = None,
    method: erf.Method = "luo",
    data: options.Data = None,
    split: options.Split = "val",
    frames: options.Frames = None,
    limit: erf.Limit = None,
    conditions: erf.Conditions = ("clean",),
    seed: options.Seed = 0,
    device: options.Device = None,
    batch: erf.Batch = 1,
    label: options.Label = None,
    out: options.Out = None,
    progress: Progress = silent,
) -> "ReceptiveFields":
    """Measure effective receptive fields: one per model, condition and layer.

    size is (height, width) and unit a pixel (y, x) of the input. Nothing is written: `out` is the
    folder that the methods `save` and `write` of the result write to. Raises InputError, before any
    long work, for what is wrong with the options, the data or the weights, and for a model that
    fails or a layer without a field.
    """
    given = {**locals()}  # the parameters are the fields of ErfRequest; a test compares them
    from .erf.measure import measure_fields
    from .erf.plan import plan_fields
    from .models.display_names import read_labels
    from .reporting.receptive_fields import MAPS, ReceptiveFields

    for name in ("model", "label", "out", "progress"):
        del given[name]
    if out is not None:
        check_folder(Path(out), MAPS)
    plan = plan_fields(erf.ErfRequest(models=_listed(model), **given), progress)
    labels = read_labels(label or {}, [units.segmenter.name for units in plan.models])
    for units in plan.models:
        if licence := units.segmenter.weights.get("licence"):
            _log.info("The licence of the weights of %s is %s.", units.segmenter.name, licence)
    with _on_interrupt("Averages are not kept; the same command begins again."):
        return ReceptiveFields(measure_fields(plan, progress), out, labels)


@documented
def train(
    model: Annotated[
        str, Option("Name of the model.", MODEL, "NAME", names=known_names.models)
    ] = "b0",
    *,
    init: Annotated[
        str | Path | None,
        Option("Weights file to start from.", MODEL, "FILE", default="random weights"),
    ] = None,
    data: options.Data = None,
    split: options.Split = "train",
    frames: options.Frames = None,
    limit: Annotated[
        int | None, Option("Only the first N frames.", DATA, default="all", least=1)
    ] = None,
    steps: Annotated[int, Option("Optimizer steps.", TRAINING, least=1)] = 2000,
    batch: Annotated[int, Option("Images per step.", TRAINING, least=1)] = 8,
    learning_rate: Annotated[float, Option("Highest learning rate.", TRAINING, "RATE")] = 6e-4,
    crop: Annotated[
        tuple[int, int], Option("Size of the crops in pixels.", TRAINING, default="512x256")
    ] = (256, 512),
    seed: Annotated[int, Option("Random seed.", TRAINING, least=0)] = 0,
    device: options.Device = None,
    precision: Annotated[
        Literal["auto", "float32", "bf16"],
        Option("Precision: auto is bf16 where the device is fast at it, else float32.", COMPUTE),
    ] = "auto",
    workers: Annotated[int, Option("Processes that read frames.", COMPUTE, least=0)] = 1,
    out: Annotated[
        str | Path | None,
        Option("Folder to write to.", OUTPUT, "DIR", default="results/train-MODEL-DATA"),
    ] = None,
    progress: Progress = silent,
) -> Path:
    """Train a model and return its weights file, which `evaluate(weights=...)` takes.

    A second call with the same options resumes an interrupted training. crop is (height, width).
    """
    from .datasets.registry import open_dataset
    from .inference.devices import resolve_device
    from .models.catalogue import MODELS
    from .models.model_names import model_name
    from .models.registry import build_model
    from .training import train as training
    from .training.recipe import Recipe, describe_frames

    model = model_name(model)
    dataset = open_dataset(data, split, limit, frames=frames)
    chosen_device = resolve_device(device)
    recipe = Recipe(
        model=model,
        data=describe_frames(dataset, frames),
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        crop=crop,
        seed=seed,
        precision=training.fast_precision(chosen_device) if precision == "auto" else precision,
        init=str(init or "random"),
    )
    network = build_model(model, len(dataset.classes), seed=seed, init=init)
    folder = Path(out or RESULTS / f"train-{model}-{dataset.name}")
    try:
        return training.train(
            network,
            dataset,
            recipe,
            folder,
            preprocessing=MODELS[model].preprocessing,
            device=chosen_device,
            workers=workers,
            progress=progress,
        )
    except KeyboardInterrupt as stop:
        first = min(training.CHECKPOINT_EVERY, steps)
        stop.add_note(
            f"The last checkpoint is in {folder}; the same command resumes."
            if (folder / training.CHECKPOINT).exists()
            else f"Nothing is saved before step {first}; the same command begins again."
        )
        raise


@documented
def check_dataset(
    data: Annotated[
        str | None,
        Option(
            "Dataset: a name or a path.",
            *(DATA, "PATH"),
            flag="PATH",
            names=known_names.datasets,
            default="cityscapes if CITYSCAPES_DATASET is set, else streets",
        ),
    ] = None,
    split: options.Split = "val",
    *,
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    frames: options.Frames = None,
    progress: Progress = silent,
) -> "SplitReport":
    """Read every file of a split; return what it holds and everything that is wrong with it.

    Raises InputError only where there is no split to read.
    """
    from .datasets.validate import check_dataset

    return check_dataset(
        *(data, split),
        images=images,
        labels=labels,
        classes=classes,
        frames=frames,
        progress=progress,
    )


@documented
def model_costs(
    model: Annotated[
        str | Sequence[str] | None,
        Option(
            "Only these models.",
            *(MODEL, "LIST"),
            default="all",
            read=parsing.models,
            names=known_names.models,
        ),
    ] = None,
    *,
    size: options.ImageSize = (1024, 2048),
    num_classes: options.NumClasses = 19,
    timed: options.Timed = False,
    device: options.Device = None,
    runtime: options.Runtime = "auto",
    precision: options.Precision = "float32",
    csv: options.Csv = None,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """Return parameters and multiply-adds of models for one image, a model per row.

    `gflops` are 10^9 multiply-adds of one pass over the whole image, as papers count them,
    `gflops_executed` those of the windows that are run here. With `timed`, `images_per_second`
    is the speed of this machine. The settings are columns too. size is (height, width).
    """
    from .inference.costs import costs
    from .inference.devices import default_threads, resolve_device
    from .inference.provenance import provenance
    from .models.listing import list_models

    _check_csv(csv)
    where = resolve_device(device) if timed else None
    table = costs(
        _listed(model) if model else [info.name for info in list_models()],
        size,
        classes=num_classes,
        device=where,
        runtime=runtime,
        precision=precision,
        progress=progress,
    ).assign(width=size[1], height=size[0], classes=num_classes)
    if where is not None:
        machine = provenance(where)["machine"]
        table = table.assign(
            device=machine["device"],
            processor=machine["processor"],
            threads=default_threads(),
            precision=precision,
        )
    _write_csv(csv, table)
    return table


@documented
def suite_digests(
    suite: options.NamedSuite = "cityscapes-c", *, csv: options.Csv = None
) -> "pd.DataFrame":
    """Return the SHA-256 of each image that a suite makes of one street scene, an image per row.

    Equal digests on two machines mean equal pixels. `table.attrs["total"]` is a digest of all.
    """
    import pandas as pd

    from .copies.digests import suite_digests, total_digest
    from .protocol.suites import load_suite

    _check_csv(csv)
    digests = suite_digests(load_suite(suite))
    table = pd.DataFrame(digests)
    table.attrs["total"] = total_digest(digests)
    _write_csv(csv, table)
    return table


def _check_csv(path: str | Path | None) -> None:
    if path not in (None, "-") and not Path(path).absolute().parent.is_dir():
        raise InputError(f"--csv {path}: its folder does not exist; make it, or name another file")


def _write_csv(path: str | Path | None, table: "pd.DataFrame") -> None:
    if path is None:
        return
    from .reporting.files import csv_content
    from .writing import write_file

    content, file = csv_content(table), Path(path)
    if path == "-":
        sys.stdout.write(content.decode())
        return
    try:
        if file.exists() and not file.is_file():  # a device or a pipe, such as /dev/stdout
            file.write_bytes(content)
        else:
            write_file(file, content)
    except OSError as error:
        raise InputError(
            f"--csv {path}: cannot be written ({error.strerror}); name another file"
        ) from error
    _log.info("table: %s", path)
