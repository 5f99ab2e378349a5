"""A document with every kind of part, for tests of the formats."""

from __future__ import annotations

from matplotlib.figure import Figure

from robustbench_seg.reports.document import (
    Card,
    Cards,
    Document,
    Fold,
    Gallery,
    Key,
    KeyEntry,
    Listing,
    Picture,
    PictureGroup,
    Plot,
    Plots,
    Section,
)
from robustbench_seg.reports.style import POINTS, SERIES
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.sample_report import png


def figure(width: float = 330.0) -> Figure:
    """Return a figure of a width in points with a line in it."""
    drawn = Figure(figsize=(width / POINTS, 100 / POINTS))
    drawn.add_axes((0, 0, 1, 1)).plot([0, 1], [0, 1], color=SERIES[1])
    return drawn


def plot(name: str, caption: str = "", width: float = 330.0) -> Plot:
    """Return a plot of `figure`."""
    return Plot(name, caption or name, f"{name} in words", lambda: figure(width))


def every_part(name: str = "b0", *, stamps: tuple[str, ...] = ()) -> Document:
    """Return a document with each kind of part; `name` stands wherever a name can."""
    number = Cell("49.2", value=0.492, ends=(0.473, 0.533))
    numbers = Table("Numbers.", (Head("model"), Head("mIoU")), ((Cell(name), number),), name="n")
    card = Card(name, (("clean mIoU", number),), (("blur", number),), (("mPC", number),), name)
    key = Key(
        (
            KeyEntry("gradient", name, ("#000000", "#ffffff")),
            KeyEntry("hatched", "hatched"),
            KeyEntry("hollow", "hollow"),
            KeyEntry("dashed", "dashed"),
            KeyEntry("line", name, (SERIES[1],)),
        )
    )
    plots = tuple(plot(f"plot-{place}", f"place {place}: mIoU") for place in range(3))
    pictures = tuple(Picture(f"{caption} of {name}", png(10)) for caption in ("input", "labels"))
    return Document(
        title=f"every part of {name}",
        subtitle="a subtitle",
        stamps=stamps,
        notes=(f"a note on {name}",),
        meanings=(("mIoU", "is a mean"),),
        sections=(
            Section("Summary", (Cards((card,)), numbers)),
            Section("Figures", (key, Plots(name, plots, "a note", aside="clean 49.2", lead=True))),
            Section("A wide figure", (Plots("", (plot("wide", width=1160.0),), columns=1),)),
            Section("By class", (Fold(name, (f"within {name}",)),), short="Classes"),
            Section(
                "Examples", (Gallery((PictureGroup(name, "", pictures),), ((name, "#804080"),)),)
            ),
            Section("Published", (f"printed by {name}",), foreign=True),
            Section("Saved", ("A file.", Listing("names.txt", f"``` {name}\nsecond line\n"))),
        ),
        provenance={"Run": {"command": name}},
        kind="A kind of report",
        headline=f"{name} is found.",
    )
