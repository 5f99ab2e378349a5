"""`robustseg models`: the models, their weights, and what they cost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import InputError
from . import options
from .console import console, print_table, progress_bars, say

if TYPE_CHECKING:
    import pandas as pd

    from ..models.registry import ModelInfo

CITYSCAPES = "2048x1024"


def models(
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Only the cost of this model, or of another that eval takes; more than once for "
            "several. (default: all)",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help=f"The cost for an image of this size in pixels. (default: {CITYSCAPES})",
            show_default=False,
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(min=1, help="The cost with so many classes. (default: 19)"),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Measure images per second, from image to label map."),
    ] = False,
    device: options.Device = None,
    precision: Annotated[
        Literal["float32", "bf16", "fp16"], typer.Option(help="The precision of what is measured.")
    ] = "float32",
    csv: Annotated[
        Path | None,
        typer.Option(help="Also write the cost to this CSV file.", show_default=False),
    ] = None,
) -> None:
    """List the models and their weights; with --size or another option, what they cost.

    The cost is parameters, multiply-adds, and with --measure images per second here.
    """
    from ..models.registry import list_models

    if not (model or size or classes or measure or csv):
        _print_list(list_models())
        return
    if csv is not None and not csv.absolute().parent.is_dir():
        raise InputError(f"--csv {csv}: its folder does not exist")
    height, width = options.size("--size", size or CITYSCAPES)

    import torch

    from ..inference.costs import PASSES, costs
    from ..inference.devices import default_threads, resolve_device
    from ..inference.provenance import provenance

    where = resolve_device(device) if measure else None
    with progress_bars() as progress:
        table = costs(
            model or [info.name for info in list_models()],
            (height, width),
            classes=classes or 19,
            device=where,
            precision=precision,
            progress=progress,
        )
    _print_costs(table, f"models for an image of {width}x{height}, {classes or 19} classes")
    settings: dict[str, int | str] = {"width": width, "height": height, "classes": classes or 19}
    if where is not None:
        machine = provenance(where)["machine"]
        settings |= {"device": machine["device"], "processor": machine["processor"]}
        settings |= {"threads": default_threads(), "precision": precision}
        say(
            f"- images/s: one at a time from image to label map, median of {PASSES} after a first, "
            f"weights at random where none are given; {machine['device']}, {machine['processor']}, "
            f"{default_threads()} threads, {precision}, torch {torch.__version__}"
        )
    if csv is not None:
        try:
            table.assign(**settings).to_csv(csv, index=False)
        except OSError as error:
            raise InputError(f"--csv {csv}: cannot be written ({error.strerror})") from error
        say(f"table: {csv}")


def _print_list(infos: tuple[ModelInfo, ...]) -> None:
    rows = [
        (
            info.name,
            info.description,
            _millions(info.parameters),
            ", ".join(info.weights) or ("its own" if info.parameters is None else "a FILE"),
        )
        for info in infos
    ]
    print_table("models", ("name", "what", "parameters", "weights for"), rows)
    say(f"What they cost: robustseg models --size {CITYSCAPES}, and --measure for the speed here.")


def _print_costs(table: pd.DataFrame, title: str) -> None:
    measured = bool(table["images_per_second"].notna().any())
    columns = ["model", "parameters", "GFLOPs", "executed", "windows", "images/s"]
    rows = [
        [
            row["model"],
            _millions(row["parameters"]),
            _number(row["gflops"], ",.1f"),
            _number(row["gflops_executed"], ",.1f"),
            f"{row['windows']} of {row['window_width']}x{row['window_height']}",
            _number(row["images_per_second"], ".2f"),
        ]
        for row in table.to_dict("records")
    ]
    shown = slice(None if measured else -1)
    print_table(title, columns[shown], [row[shown] for row in rows], right=1)
    console.print(
        "- GFLOPs: 10^9 multiply-adds of one pass over the whole image, as papers count them; "
        "executed: those that are done here, window by window",
        markup=False,
        highlight=False,
    )


def _millions(value: int | None) -> str:
    return "-" if value is None else f"{value / 1e6:.2f} M"


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else f"{value:{form}}"
