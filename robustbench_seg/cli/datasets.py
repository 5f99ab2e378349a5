"""`robustseg datasets`: the datasets, and whether a tree of one can be evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import options
from .console import print_table, progress_bars, say

if TYPE_CHECKING:
    from ..datasets.validate import SplitReport

SHOWN = 10
"""How many problems of a kind are shown."""

datasets = typer.Typer(
    help="List the datasets, or check one: robustseg datasets check PATH.", add_completion=False
)


@datasets.callback(invoke_without_command=True)
def listed(context: typer.Context) -> None:
    """List the datasets that --data knows, and the embedded taxonomies and class maps."""
    if context.invoked_subcommand is not None:
        return
    from ..datasets.class_maps import load_class_map, map_names
    from ..datasets.registry import dataset_titles
    from ..datasets.taxonomies import load_taxonomy, taxonomy_names

    rows = list(dataset_titles().items())
    rows.append(("--images, --labels", "any folder of images with one of labels, and --classes"))
    print_table("datasets", ("name", "what"), rows)
    taxonomies = [load_taxonomy(name) for name in taxonomy_names()]
    print_table("--classes", ("name", "what"), [(each.name, each.title) for each in taxonomies])
    maps = [load_class_map(name) for name in map_names()]
    print_table(
        "--class-map",
        ("name", "what"),
        [
            (
                each.name,
                f"{len(each.source.classes)} classes to {len(each.target.classes)}, "
                f"{len(each.unmapped)} unmapped",
            )
            for each in maps
        ],
    )


@datasets.command()
def check(
    path: Annotated[
        str | None, typer.Argument(help="A dataset's name or folder.", show_default=False)
    ] = None,
    split: options.Split = "val",
    images: options.Images = None,
    labels: options.Labels = None,
    classes: options.Classes = None,
) -> None:
    """Read every file of a split: pairs, sizes, label values, pixels of each class.

    The exit code is 2 where anything is wrong.
    """
    from ..datasets.validate import check_dataset

    try:
        with progress_bars() as progress:
            found = check_dataset(
                path, split, images=images, labels=labels, classes=classes, progress=progress
            )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    _print(found)
    if found.problems:
        raise typer.Exit(2)


def _print(found: SplitReport) -> None:
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
        absent = int((found.class_pixels == 0).sum())
        if absent:
            say(f"{absent} of {len(dataset.classes)} classes have no pixel in these labels.")
        sizes = ", ".join(f"{n} of {width}x{height}" for (width, height), n in found.sizes.items())
        say(f"{good} frame{'s' if good > 1 else ''}: {sizes}")
        if dataset.conditions:
            say("conditions: " + ", ".join(f"{n} {name}" for name, n in found.conditions.items()))
    for kind, lines in found.problems.items():
        say(f"{kind}: {len(lines)}")
        for line in lines[:SHOWN]:
            say(f"  {line}")
        if len(lines) > SHOWN:
            say(f"  and {len(lines) - SHOWN} more")
    say("Not as it should be." if found.problems else "Nothing is wrong.")
