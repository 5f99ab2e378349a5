"""`robustseg plan`: what a run will cost, before it is begun."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import options
from .console import print_table, progress_bars, say

if TYPE_CHECKING:
    from ..evaluation.forecast import Forecast

CITYSCAPES = "2048x1024"


def plan(
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model as eval takes it; more than once for several. (default: b0)",
            show_default=False,
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="A suite's name, or a TOML file. (default: cityscapes-c)", show_default=False
        ),
    ] = None,
    images: Annotated[
        int, typer.Option(min=1, help="How many images; Cityscapes val has 500.")
    ] = 500,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help=f"Their size in pixels. (default: {CITYSCAPES})",
            show_default=False,
        ),
    ] = None,
    classes: Annotated[int, typer.Option(min=1, help="Of the data.")] = 19,
    gpus: Annotated[
        int,
        typer.Option(
            min=1, help="How many workers share the run: GPUs, or processors with --device cpu."
        ),
    ] = 1,
    frames_per_second: Annotated[
        list[float] | None,
        typer.Option(
            help="How many images one worker predicts in a second, once for each --model.",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Measure the speed here, of a worker on --device."),
    ] = False,
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    draws: Annotated[int, typer.Option(min=1, help="As in eval.")] = 1,
    device: Annotated[
        str | None,
        typer.Option(
            help="The device of a worker. (default: cuda; with --measure what is here)",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Literal["float32", "bf16", "fp16"], typer.Option(help="The precision of what is measured.")
    ] = "float32",
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="As in eval. (default: by size and device)", show_default=False),
    ] = None,
) -> None:
    """Say what a run costs: predictions, multiply-adds, memory, bytes on disk, time."""
    height, width = options.size("--size", size or CITYSCAPES)
    corruption_names = options.names("--corruptions", corruptions)
    severity_numbers = options.numbers("--severities", severities)

    from ..evaluation.forecast import forecast
    from ..protocol.request import Request

    request = Request(
        models=tuple(model or ["b0"]),
        suite=suite,
        corruptions=corruption_names,
        severities=severity_numbers,
        draws=draws,
        device=device,
        precision=precision,
        batch=batch,
    )
    with progress_bars() as progress:
        found = forecast(
            request,
            images,
            (height, width),
            workers=gpus,
            classes=classes,
            rates=frames_per_second or (),
            measure=measure,
            progress=progress,
        )
    _print(found, f"{width}x{height}", measured=measure)


def _print(found: Forecast, size: str, *, measured: bool) -> None:
    print_table(
        f"predictions of {size}",
        ("model", "GFLOPs", "memory", "images/s"),
        [
            (
                str(name),
                _number(row["gflops"], ",.1f"),
                _number(row["memory"] / 2**30, ".2f", " GiB"),
                _number(1 / row["seconds"], ".2f"),
            )
            for name, row in found.models.iterrows()
        ],
        right=1,
    )
    say(
        f"predictions: {found.cells:,}, of {len(found.models)} x {found.conditions} x "
        f"{found.images:,} models, conditions and images"
    )
    if total := found.flops:
        say(f"arithmetic: {total / 1e15:,.1f} * 10^15 multiply-adds")
    say(f"store: about {found.store / 2**20:,.0f} MiB, and some pictures")
    if found.seconds is None:
        say("time: unknown; give --frames-per-second, or --measure here")
    else:
        each = "each as fast as this machine" if measured else "at the given speed"
        time = timedelta(seconds=round(found.seconds))
        say(f"time: {time} (hours:minutes:seconds) with {found.workers} workers, {each}")
    if found.corrupting is not None:
        say(f"- the mean image takes one core {1000 * found.corrupting:,.0f} ms to corrupt")
    say(
        "- GFLOPs: 10^9 multiply-adds of a prediction, all windows of it; memory: weights and "
        f"activations in float32 of {found.batch} inputs at once, without what torch takes"
    )


def _number(value: float, form: str, unit: str = "") -> str:
    return "-" if math.isnan(value) else f"{value:{form}}{unit}"
