"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ..errors import InputError

Data = Annotated[
    str | None,
    typer.Option(
        help="Dataset: a name or a path. (default: streets; cityscapes where "
        "CITYSCAPES_DATASET is set)",
        show_default=False,
    ),
]
Images = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="In place of --data: any folder of images.", show_default=False
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="The labels of --images, PNG under the same names.", show_default=False
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="NAME_OR_FILE",
        help="The taxonomy of --labels, see robustseg datasets. (default: cityscapes)",
        show_default=False,
    ),
]
Split = Annotated[str, typer.Option(help="The split of the dataset.")]
Device = Annotated[
    str | None,
    typer.Option(
        help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)", show_default=False
    ),
]
Corruptions = Annotated[
    str | None, typer.Option(help="Only these, e.g. fog,snow.", show_default=False)
]
Severities = Annotated[str | None, typer.Option(help="Only these, e.g. 1-3.", show_default=False)]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="LIST",
        help="What to write, e.g. html,pdf,csv. The report: html, pdf, md, latex; its tables: csv, "
        "parquet; its figures: svg, png.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="The seed of all chance.")]


def names(option: str, text: str | None) -> list[str] | None:
    """Read "fog,snow" as a list."""
    if text is None:
        return None
    values = [name.strip() for name in text.split(",") if name.strip()]
    if not values:
        raise InputError(f"{option} {text!r}: names none; write for example fog,snow")
    return values


def numbers(option: str, text: str | None) -> list[int] | None:
    """Read "1-3,5" as a list of numbers."""
    if text is None:
        return None
    values: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d)(?:-(\d))?", part.strip())
        if match is None:
            raise InputError(
                f"{option} {text!r}: not a list of numbers; write for example 1-3 or 1,5"
            )
        first, last = match.groups()
        values += range(int(first), int(last or first) + 1)
    if not values:
        raise InputError(f"{option} {text!r}: an empty range; write the smaller number first")
    return values


def size(option: str, text: str) -> tuple[int, int]:
    """Read "2048x1024", width x height, as (height, width)."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    if match is None:
        raise InputError(
            f"{option} {text!r}: not a size; write WIDTHxHEIGHT in pixels, for example 2048x1024"
        )
    width, height = map(int, match.groups())
    return height, width
