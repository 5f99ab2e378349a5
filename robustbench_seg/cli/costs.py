"""`robustseg forecast` and `robustseg models`: what runs and models cost."""

# Annotations are not postponed: `parameters` reads them as objects.

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from .. import api
from .command import command
from .console import give, print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from ..evaluation.forecast import Forecast


@command(api.forecast, example="robustseg forecast --model b5 --workers 8 --timed")
def forecast(found: "Forecast") -> None:
    """Forecast the cost of a run: predictions, multiply-adds, memory, disk space and time."""
    height, width = found.size
    rows = [
        (
            str(name),
            _number(row["gflops"], ",.1f"),
            _number(row["memory"] / 2**30, ".2f", " GiB"),
            _number(1 / row["seconds"], ".2f"),
        )
        for name, row in found.models.iterrows()
    ]
    columns = ("model", "GFLOPs", "memory", "images/s")
    print_table(f"predictions of {width}x{height}", columns, rows, right=1)
    say(
        f"predictions: {found.cells:,} (models x conditions x images: {len(found.models)} x "
        f"{found.conditions} x {found.images:,})"
        if found.share == 1
        else f"predictions: {found.cells:,}, on all {found.images:,} clean images and about "
        f"{100 * found.share:.2g} % of the corrupted ones"
    )
    if total := found.flops:
        say(f"arithmetic: {total / 1e15:,.1f} * 10^15 multiply-adds")
    say(f"store: about {found.store / 2**20:,.0f} MiB, and some pictures")
    if found.seconds is None:
        say("time: unknown; give --frames-per-second, or --timed here")
    else:
        measured = found.corrupting is not None
        each = "each as fast as this machine" if measured else "at the given speed"
        plural = "s" * (found.workers > 1)
        time = timedelta(seconds=round(found.seconds))
        say(f"time: {time} (hours:minutes:seconds) with {found.workers} worker{plural}, {each}")
    if found.corrupting is not None:
        say(f"- corrupting an image takes {1000 * found.corrupting:,.0f} ms of one core on average")
    give(lambda: {"models": found.models, "run": found.run})
    say(
        "- GFLOPs: 10^9 multiply-adds of a prediction, over all its windows; memory: weights and "
        f"activations in float32 of a batch of {found.batch}, without the overhead of torch"
    )


def print_costs(table: "pd.DataFrame") -> None:
    """Print a row of `model_costs` for each model."""
    give(lambda: {"costs": table})
    first = table.iloc[0]
    measured = "device" in table
    columns = ["model", "parameters", "GFLOPs", "executed", "windows", "images/s", "runtime"]
    rows = [
        [
            row["model"],
            millions(row["parameters"]),
            _number(row["gflops"], ",.1f"),
            _number(row["gflops_executed"], ",.1f"),
            f"{row['windows']} of {row['window_width']}x{row['window_height']}",
            _number(row["images_per_second"], ".2f"),
            row["runtime"],
        ]
        for row in table.to_dict("records")
    ]
    shown = slice(None if measured else -2)
    title = f"models for an image of {first['width']}x{first['height']}, {first['classes']} classes"
    print_table(title, columns[shown], [row[shown] for row in rows], right=1)
    say(
        "- GFLOPs: 10^9 multiply-adds of one pass over the whole image, as papers count them; "
        "executed: those of the windows that are run here"
    )
    if measured:
        from torch import __version__

        from ..inference.costs import PASSES

        say(
            f"- images/s: one at a time from image to label map, median of {PASSES} after a first, "
            f"with random weights where none are given; {first['device']}, {first['processor']}, "
            f"{first['threads']} threads, {first['precision']}, torch {__version__}"
        )


def millions(value: int | None) -> str:
    """Return 3.72 M for 3,720,000."""
    return "-" if value is None else f"{value / 1e6:.2f} M"


def _number(value: float, form: str, unit: str = "") -> str:
    return "-" if math.isnan(value) else f"{value:{form}}{unit}"
