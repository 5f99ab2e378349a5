"""`robustseg models`, `suites` and `datasets`: what has a name, and what is known of it."""

# Annotations are not postponed: `parameters` reads them as objects.

import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import api
from ..errors import InputError
from ..protocol import known_names, options
from ..protocol.options import OUTPUT
from ..protocol.parameters import Option
from .command import command
from .console import give, json_output, print_table, say
from .costs import millions, print_costs

if TYPE_CHECKING:
    import pandas as pd

    from ..datasets.validate import SplitReport
    from ..diagnosis.calibrate import Calibration
    from ..diagnosis.checkup import Checkup
    from ..diagnosis.diagnose import Diagnosis

DIGITS = 16
"""Digits of a digest in a table: enough to compare by eye."""
PROBLEMS = 10
"""Problems of one kind that are shown."""


def _frame(
    rows: Iterable[Any] | Mapping[str, Any], columns: list[str] | None = None
) -> "pd.DataFrame":
    """Return a table of rows, or of columns by name."""
    import pandas as pd  # takes seconds, and only --json needs it

    return pd.DataFrame(rows if isinstance(rows, Mapping) else list(rows), columns=columns)


@wraps(api.model_costs)
def _models(**given: Any) -> Any:
    from ..models.listing import list_models

    return api.model_costs(**given) if given.keys() > {"progress"} else list_models()


@command(_models, example="robustseg models --model b0,b5 --size 2048x1024 --timed")
def models(found: Any) -> None:
    """List the models and their weights; with any option, what they cost.

    The cost is parameters and multiply-adds, and with --timed images per second.
    """
    if not isinstance(found, tuple):
        print_costs(found)
        return
    give(lambda: {"models": _frame(map(asdict, found))})
    rows = [
        (
            info.name,
            info.description,
            millions(info.parameters),
            ", ".join(info.weights) or ("its own" if info.parameters is None else "a FILE"),
        )
        for info in found
    ]
    print_table("models", ("name", "what", "parameters", "weights for"), rows)
    say("Papers, and who publishes files for --weights FILE:")
    first = {info.description: info for info in reversed(found)}
    for info in reversed(first.values()):
        paper = "".join(re.findall(r"\((arXiv .+)\)$", info.title))
        say(f"- {info.description}: {'; '.join(filter(None, (paper, info.published))) or 'none'}")
    say("What they cost: robustseg models --size 2048x1024, and --timed for the speed here.")


@command(
    api.diagnose, example="robustseg diagnose --model espnet --weights mine.pth --data /data/city"
)
def diagnose(found: "Diagnosis") -> None:
    """Find out why a model's clean score is low: try other settings on a few frames.

    Tries the order of channels, mean and std, the input size, windows, shifted labels and the order
    of the classes, and says which fits best and what sets it. Dropout or batch norm in training
    mode, probabilities and outputs of no class are reported too.
    """
    rows = [
        (
            trial.part,
            trial.tried,
            str(trial.frames),
            f"{100 * trial.miou:.1f}",
            f"{100 * trial.matched:.1f}",
        )
        for trial in found.trials
    ]
    columns = ("what", "tried", "frames", "mIoU", "in the best class order")
    print_table(f"{found.model} on {', '.join(found.frames)}", columns, rows, right=2)
    give(lambda: {"trials": _frame(found.trials), "advice": _frame({"advice": found.advice})})
    for line in found.problems:
        say(line)
    if not found.advice:
        say(f"Nothing tried fits clearly better than the model as it is: {100 * found.now:.1f} %.")
        return
    say(f"As it is run: {100 * found.now:.1f} %. Best: {100 * found.best:.1f} %, with")
    for line in found.advice:
        say(f"  {line}")


@command(
    api.calibrate, example="robustseg calibrate --model b0 --data /data/cityscapes --frames few.txt"
)
def calibrate(found: "Calibration") -> None:
    """Fit a temperature on clean frames, which makes confidences those of a calibrated model.

    Logits are divided by it before the softmax. Labels and mIoU stay as they are. Take frames that
    the model was neither trained on nor will be evaluated on; eval --temperature shows how far it
    carries under corruption.
    """
    percent = found.table[["ece", "mean_confidence", "accuracy"]].map("{:.1%}".format)
    rows = [
        (f"{temperature:g}", f"{nll:.4f}", *shares)
        for temperature, nll, *shares in zip(
            found.table.index, found.table["nll"], *percent.to_numpy().T, strict=True
        )
    ]
    columns = ("temperature", "NLL", "ECE", "mean confidence", "accuracy")
    title = f"{found.model} on {found.pixels:,} pixels of {len(found.frames)} clean frames"
    print_table(title, columns, rows, right=1)
    give(lambda: {"temperatures": found.table})
    say(f"Use it: robustseg eval --measure calibration --temperature {found.temperature:g}")


@command(api.doctor, example="robustseg doctor")
def doctor(found: "Checkup") -> None:
    """Check the installation: packages, devices, data, disks, the hub, and a self-test.

    The self-test takes some seconds, and longer at the first start, which compiles code. The exit
    code is 1 if anything is broken.
    """
    rows = [(check.name, check.status, check.found) for check in found.checks]
    print_table("installation", ("check", "status", "found"), rows)
    for check in found.checks:
        if check.advice:
            say(f"- {check.name}: {check.advice}")
    say(found.verdict)
    give(lambda: {"checks": found.table})
    if not found.healthy:
        raise typer.Exit(1)


@command(example="robustseg suites --digests --suite imagenet-c")
def suites(
    *,
    digests: Annotated[
        bool,
        Option(
            "Print the SHA-256 of each image that the suite makes of one street scene. Equal "
            "digests on two machines mean equal pixels.",
            OUTPUT,
        ),
    ] = False,
    suite: Annotated[
        str,
        Option(
            "With --digests: suite, a name or a TOML file.",
            *(OUTPUT, "NAME|FILE"),
            names=known_names.suites,
        ),
    ] = "cityscapes-c",
    csv: options.Csv = None,
) -> None:
    """List the suites: corruptions and the severities that count, or resolutions."""
    if digests:
        table = api.suite_digests(suite, csv=csv)
        give(lambda: {"digests": table})
        if csv != "-":
            title = f"{suite}: scene 0 of streets val, 512x256, seed 0"
            rows = [
                (name, str(severity), digest[:DIGITS])
                for name, severity, digest in table.itertuples(index=False)
            ]
            print_table(title, ("corruption", "severity", "SHA-256"), rows)
            say(f"all {len(table)}: {table.attrs['total']}")
        return
    if csv is not None:
        raise InputError("--csv: needs --digests; add it, or leave --csv out")
    from ..protocol.suites import SUITES, load_suite

    found = [load_suite(name) for name in SUITES]
    for each in found:
        table = each.overview()
        title = f"{each.name}: {each.title}"
        print_table(title, list(table.columns), table.itertuples(index=False))
    give(lambda: {each.name: each.overview() for each in found})


datasets = typer.Typer(
    help="List the datasets, or check one: robustseg datasets check PATH.", add_completion=False
)


@datasets.callback(invoke_without_command=True)
def _datasets(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help=options.JSON.help)] = False,
) -> None:
    """List the datasets that --data knows, and the embedded taxonomies and class maps."""
    if context.invoked_subcommand is None:
        with json_output() if json else nullcontext():
            _list_datasets()


def _list_datasets() -> None:
    from ..datasets.class_maps import load_class_map, map_names
    from ..datasets.registry import dataset_titles
    from ..datasets.taxonomies import load_taxonomy, taxonomy_names

    rows = list(dataset_titles().items())
    rows.append(("--images, --labels", "any folder of images with one of labels, and --classes"))
    columns = ["name", "what"]
    print_table("datasets", columns, rows)
    taxonomies = [(each.name, each.title) for each in map(load_taxonomy, taxonomy_names())]
    print_table("--classes", columns, taxonomies)
    maps = [
        (
            each.name,
            f"{len(each.source.classes)} classes to {len(each.target.classes)}, "
            f"{len(each.unmapped)} unmapped",
        )
        for each in map(load_class_map, map_names())
    ]
    print_table("--class-map", columns, maps)
    tables = {"datasets": rows, "classes": taxonomies, "class_maps": maps}
    give(lambda: {name: _frame(rows, columns) for name, rows in tables.items()})


@datasets.command("check")
@command(api.check_dataset, example="robustseg datasets check /data/cityscapes")
def check(found: "SplitReport") -> None:
    """Read every file of a split: pairs, sizes, label values, pixels of each class.

    The exit code is 2 if anything is wrong.
    """
    dataset = found.dataset
    good, total = sum(found.sizes.values()), int(found.class_pixels.sum()) + found.ignored_pixels
    if good:
        rows = [
            (info.name, f"{pixels:,}", f"{100 * pixels / total:.2f}", str(frames))
            for info, pixels, frames in zip(
                dataset.classes, found.class_pixels, found.class_frames, strict=True
            )
        ]
        ignored = found.ignored_pixels
        rows.append(("(ignored)", f"{ignored:,}", f"{100 * ignored / total:.2f}", ""))
        title = f"{dataset.name} {dataset.split}: pixels of each class"
        print_table(title, ("class", "pixels", "%", "frames"), rows, right=1)
        if absent := int((found.class_pixels == 0).sum()):
            say(f"{absent} of {len(dataset.classes)} classes have no pixel in these labels.")
        sizes = ", ".join(f"{n} of {width}x{height}" for (width, height), n in found.sizes.items())
        say(f"{good} frame{'s' if good > 1 else ''}: {sizes}")
        if found.turned:
            say(f"turned as their EXIF orientation says: {found.turned} of {good}")
        if dataset.conditions:
            say("conditions: " + ", ".join(f"{n} {name}" for name, n in found.conditions.items()))
    listed = dict(found.problems)
    if found.unused:
        listed["files among the images that are not used"] = list(found.unused)
    for kind, lines in listed.items():
        say(f"{kind}: {len(lines)}")
        for line in lines[:PROBLEMS]:
            say(f"  {line}")
        if len(lines) > PROBLEMS:
            say(f"  and {len(lines) - PROBLEMS} more")
    give(lambda: _split_tables(found))
    say("Not as it should be." if found.problems else "Nothing is wrong.")
    if found.problems:
        raise typer.Exit(2)


def _split_tables(found: "SplitReport") -> "dict[str, pd.DataFrame]":
    names = [info.name for info in found.dataset.classes]
    counts = {"pixels": found.class_pixels, "frames": found.class_frames}
    sizes = [(*size, count) for size, count in found.sizes.items()]
    problems = [(kind, line) for kind, lines in found.problems.items() for line in lines]
    return {
        "classes": _frame({"class": names, **counts}),
        "sizes": _frame(sizes, ["width", "height", "frames"]),
        "problems": _frame(problems, ["kind", "problem"]),
    }
