"""`robustseg eval`: evaluate models under a suite of corruptions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import options


def evaluate(
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME or NAME@WEIGHTS, e.g. b0, b5@random, espnet@FILE; or hf:REPOSITORY, "
            "onnx:FILE, torchscript:FILE, python:MODULE:FACTORY; more than once for "
            "several models in one run. (default: b0)",
            show_default=False,
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="A suite's name, or a TOML file. (default: cityscapes-c, or that of --conditions)",
            show_default=False,
        ),
    ] = None,
    data: options.Data = None,
    split: options.Split = "val",
    weights: Annotated[
        str | None,
        typer.Option(
            help="Weights of the one model: a file, a folder, or random. (default: the model's own "
            "for this data)",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Only the first N frames. (default: 16 of streets, else all)"),
    ] = None,
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    window: Annotated[
        Literal["slide", "whole"] | None,
        typer.Option(help="Sliding window or whole image. (default: the model's own)"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The seed of all chance. (default: 0, or that of --conditions)",
            show_default=False,
        ),
    ] = None,
    implementation: Annotated[
        Literal["ours", "reference"],
        typer.Option(help="Whose corruptions: ours, or the package imagecorruptions."),
    ] = "ours",
    conditions: Annotated[
        Path | None,
        typer.Option(
            help="Read the corrupted images from this folder, made of the same data by "
            "robustseg corrupt. (default: make them)",
            show_default=False,
        ),
    ] = None,
    device: options.Device = None,
    precision: Annotated[
        Literal["float32", "bf16", "fp16"], typer.Option(help="The precision of the model.")
    ] = "float32",
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many inputs go through the model at once. (default: by size and device)",
            show_default=False,
        ),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Have torch compile the model first.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The run's folder. (default: one in results/, named after what is run)",
            show_default=False,
        ),
    ] = None,
    csv: options.Csv = False,
    parquet: options.Parquet = False,
) -> None:
    """Evaluate models under a suite of corruptions: tables here, a report in HTML.

    The same command resumes a run that was interrupted.
    """
    corruption_names = options.names("--corruptions", corruptions)
    severity_numbers = options.numbers("--severities", severities)

    from ..evaluation.evaluate import execute
    from ..evaluation.plan import make_plan
    from .console import progress_bars, say
    from .output import print_header, print_run, write_outputs

    plan = None
    try:
        with progress_bars() as progress:
            plan = make_plan(
                model or ["b0"],
                suite=suite,
                data=data,
                split=split,
                weights=weights,
                limit=limit,
                corruptions=corruption_names,
                severities=severity_numbers,
                window=window,
                seed=seed,
                implementation=implementation,
                conditions=conditions,
                device=device,
                precision=precision,
                batch=batch,
                compiled=compiled,
                out=out,
                progress=progress,
            )
        print_header(plan.spec, plan.folder)
        with progress_bars() as progress:
            run = execute(plan, progress)
    except KeyboardInterrupt:
        kept = f"What is done is kept in {plan.folder}; the" if plan else "Nothing was begun; the"
        say(f"Stopped. {kept} same command goes on.")
        raise typer.Exit(130) from None
    print_run(run)
    write_outputs(run, run.folder / "report.html", csv=csv, parquet=parquet)
