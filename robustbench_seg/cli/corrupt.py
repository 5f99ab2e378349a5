"""`robustseg corrupt`: write a corrupted copy of a folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options


def corrupt(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="A folder of images, with subfolders, or a Cityscapes tree."
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the copy.")],
    suite: Annotated[str, typer.Option(help="A suite's name, or a TOML file.")] = "cityscapes-c",
    corruptions: options.Corruptions = None,
    severities: options.Severities = None,
    split: Annotated[
        str | None,
        typer.Option(help="The split of a Cityscapes tree. (default: val)", show_default=False),
    ] = None,
    seed: options.Seed = 0,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes. (default: one a core)", show_default=False),
    ] = None,
) -> None:
    """Write a corrupted copy of a folder of images, for other code to evaluate the same pixels.

    IN/a/b.jpg becomes OUT/<corruption>/<severity>/a/b.png.
    OUT/manifest.json says what the copy is, OUT/images.csv has its digests.
    `robustseg eval --conditions OUT` evaluates it.
    The same command completes a copy that was interrupted.
    """
    corruption_names = options.names("--corruptions", corruptions)
    severity_numbers = options.numbers("--severities", severities)

    from ..copies.corrupting import corrupt_folder
    from ..processes import available_cores
    from .console import progress_bars, say

    try:
        with progress_bars() as progress:
            copy = corrupt_folder(
                source,
                out,
                suite=suite,
                corruptions=corruption_names,
                severities=severity_numbers,
                split=split,
                seed=seed,
                workers=workers or available_cores(),
                progress=progress,
            )
    except KeyboardInterrupt:
        say(f"Stopped. What is done is kept in {out}; the same command goes on.")
        raise typer.Exit(130) from None
    count, frames = len(copy.digests), len(copy.manifest.images)
    say(f"{count} images, {frames} each under {count // frames} conditions: {out}")
