"""`robustseg eval`: evaluate models under a suite of corruptions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from corruptions import Implementation

from . import options

IMPLEMENTATIONS: dict[str, Implementation] = {
    "native": "native",
    "imagecorruptions": "imagecorruptions",
    "ours": "native",
    "reference": "imagecorruptions",
}
"""Values of --implementation; the last two are those of version 0.1.0."""


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
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
    class_map: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FILE",
            help="Score models of other classes than the data's, see robustseg datasets.",
            show_default=False,
        ),
    ] = None,
    class_map_mode: Annotated[
        Literal["wrong", "restricted"],
        typer.Option(
            help="A prediction of a class that the map leaves out is wrong, or is never made: the "
            "argmax is restricted to the others."
        ),
    ] = "wrong",
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
    input_scale: Annotated[
        float | None,
        typer.Option(
            help="Rescale all images by this factor, for all models alike. (default: each model's "
            "own size)",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The seed of all chance. (default: 0, or that of --conditions)",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            min=1,
            help="Repeat the corruptions that have chance with this many seeds, from --seed on: "
            "scores are means over them, and how much they move is told.",
        ),
    ] = 1,
    implementation: Annotated[
        Literal["native", "imagecorruptions", "ours", "reference"],
        typer.Option(help="Corruptions of robustbench-seg, or of the package imagecorruptions."),
    ] = "native",
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
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Stop where a prediction fails (a file that went bad, logits that are NaN). "
            "(default: note it, leave the frame out, exit with 1)",
        ),
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many threads of a processor a model takes. (default: all cores, which "
            "--devices share)",
            show_default=False,
        ),
    ] = None,
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="In place of --device: several, with a process for each, e.g. cuda:0,cuda:1.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="This machine, or workers on the nodes of a Ray cluster."),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT",
            help="The Ray cluster. (default: the one that this machine is a node of)",
            show_default=False,
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Only this part of the frames, e.g. 2/8; robustseg merge joins the parts.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The run's folder. (default: one in results/, named after what is run)",
            show_default=False,
        ),
    ] = None,
    formats: options.Formats = "html",
) -> None:
    """Evaluate models under a suite of corruptions or resolutions: tables here, a report in files.

    The same command resumes a run that was interrupted.
    """
    corruption_names = options.names("--corruptions", corruptions)
    severity_numbers = options.numbers("--severities", severities)
    chosen_formats = options.names("--format", formats) or []

    from ..evaluation.evaluate import execute, prepare
    from ..protocol.request import Request
    from ..reporting.run import Run
    from .console import progress_bars, say
    from .files import check_formats, write_files
    from .output import print_failures, print_header, print_run

    check_formats(chosen_formats)
    request = Request(
        models=tuple(model or ["b0"]),
        suite=suite,
        data=data,
        split=split,
        images=images,
        labels=labels,
        classes=classes,
        class_map=class_map,
        class_map_mode=class_map_mode,
        weights=weights,
        limit=limit,
        corruptions=corruption_names,
        severities=severity_numbers,
        window=window,
        input_scale=input_scale,
        seed=seed,
        draws=draws,
        implementation=IMPLEMENTATIONS[implementation],
        conditions=conditions,
        device=device,
        precision=precision,
        batch=batch,
        compiled=compiled,
        strict=strict,
        threads=threads,
        devices=options.names("--devices", devices),
        engine=engine,
        address=address,
        shard=shard,
        out=out,
    )
    plan = None
    try:
        with progress_bars() as progress:
            plan, chosen = prepare(request, progress)
        print_header(plan.spec, plan.folder)
        with progress_bars() as progress:
            execute(plan, chosen, progress)
        run = Run.open(plan.folder)
    except KeyboardInterrupt:
        kept = f"What is done is kept in {plan.folder}; the" if plan else "Nothing was begun; the"
        say(f"Stopped. {kept} same command goes on.")
        raise typer.Exit(130) from None
    if run.frames or not run.failures:
        print_run(run)
        write_files(run, run.folder, chosen_formats)
    else:
        print_failures(run)
    if run.failures:
        raise typer.Exit(1)
