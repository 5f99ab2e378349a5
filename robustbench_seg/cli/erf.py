"""`robustseg erf`: the effective receptive fields of models, as maps and as numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError
from . import options


def erf(
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME or NAME@WEIGHTS, e.g. b0, b5@random, b2@mit_b2.pth; or hf:REPOSITORY, "
            "torchscript:FILE, python:MODULE:FACTORY; more than once for several models side by "
            "side. (default: b0)",
            show_default=False,
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            help="Of 1 to 4, head and all: for example 4 or 3,4,head. (default: all, or none "
            "beside --layer)",
            show_default=False,
        ),
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            help="Any module of the network by its name; more than once for several.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        Literal["luo", "replknet"],
        typer.Option(help="Whose procedure: Luo et al. 2016, or RepLKNet's (Ding et al. 2022)."),
    ] = "luo",
    images: Annotated[
        int | None,
        typer.Option(
            help="The first N images. (default: 16 of streets, else as published: 100 for luo, "
            "50 for replknet)",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Resize the images to HEIGHTxWIDTH, bicubically. (default: the model's own size; "
            "1024x1024 for replknet)",
            show_default=False,
        ),
    ] = None,
    unit: Annotated[
        str,
        typer.Option(metavar="center|Y,X", help="The unit at the centre, or nearest to a pixel."),
    ] = "center",
    condition: Annotated[
        list[str] | None,
        typer.Option(
            help="clean, or a corruption and its severity: fog:3; more than once to compare. "
            "(default: clean)",
            show_default=False,
        ),
    ] = None,
    data: options.Data = None,
    split: options.Split = "val",
    weights: Annotated[
        str | None,
        typer.Option(
            help="Weights of the one model: a file or a folder; or random, for all models. "
            "(default: each model's own for this data)",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    batch: Annotated[
        int, typer.Option(min=1, help="How many images go through the model at once.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder. (default: one in results/, named after what is measured)",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure effective receptive fields: numbers here, maps in PNG and PDF, a report in HTML.

    A field says how much one unit of a layer depends on each pixel of the input: the size of the
    gradient, averaged over images. OUT/maps has the raw average of each (.npz) beside all choices
    behind it (.json).
    """
    input_size = _size(size)
    pixel = _pixel(unit)
    stages = options.names("--stage", stage)
    layers = layer or []

    from ..erf.measure import execute
    from ..erf.plan import make_plan
    from ..folders import RESULTS, check_folder
    from .console import progress_bars, say
    from .fields import NUMBERS, print_fields, print_plan, slug, write_fields

    try:
        check_folder(out or RESULTS / "new", NUMBERS)
        with progress_bars() as progress:
            plan = make_plan(
                model or ["b0"],
                stages=([] if layers else ["all"]) if stages is None else stages,
                layers=layers,
                method=method,
                images=images,
                size=input_size,
                unit=pixel,
                conditions=condition or ["clean"],
                data=data,
                split=split,
                weights=weights,
                seed=seed,
                device=device,
                batch=batch,
                progress=progress,
            )
        folder = out or RESULTS / slug(plan)
        print_plan(plan, folder)
        with progress_bars() as progress:
            fields = execute(plan, progress)
        print_fields(plan, fields)
        write_fields(plan, fields, folder)
    except KeyboardInterrupt:
        say("Stopped. Averages are not kept; the same command begins again.")
        raise typer.Exit(130) from None


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    if match is None:
        raise InputError(
            f"--size {text!r}: not a size; write HEIGHTxWIDTH in pixels, for example 512x1024"
        )
    height, width = map(int, match.groups())
    return height, width


def _pixel(text: str) -> tuple[int, int] | None:
    if text.strip() in ("center", "centre"):
        return None
    match = re.fullmatch(r"(\d{1,5}),\s*(\d{1,5})", text.strip())
    if match is None:
        raise InputError(f"--unit {text!r}: write center, or Y,X in pixels of the input: 100,300")
    y, x = map(int, match.groups())
    return y, x
