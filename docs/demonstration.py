"""The first command of the README as a figure: what corruptions do to an image, and to two models.

    robustseg eval --model b0 --model deeplabv3plus-mobilenetv2 --suite cityscapes-c --out RUN
    python -m docs.demonstration RUN   # keeps its scores and what the terminal shows

`python -m docs.pictures` draws the figure from the scores.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image
from rich.console import Console

from robustbench_seg import Run
from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.streets import render
from robustbench_seg.reporting.axes import percent_top
from robustbench_seg.reporting.figures import curve, label_curves, look
from robustbench_seg.reporting.intervals import IntervalTable
from robustbench_seg.reporting.words import corruption_name
from robustbench_seg.reports import paper
from robustbench_seg.reports.formats import terminal
from robustbench_seg.reports.style import INK, POINTS, RC
from robustbench_seg.reports.svg import drawn

FOLDER = Path(__file__).parent / "demonstration"
SCORES, TERMINAL = FOLDER / "scores.csv", FOLDER / "terminal.txt"
COLUMNS = 78
"""Width of the terminal."""
SCENE, SEVERITY = 0, 3
"""The scene of `val` that is shown, and how strongly it is corrupted."""
SHOWN = ("motion_blur", "gaussian_noise", "jpeg_compression", "fog")
WIDTH, HEIGHT, LEFT, GAP = 760.0, 264.0, 38.0, 12.0
"""Of the figure, left of its first column, and between columns, in points."""
BELOW = 56.0
"""Under the curves, for their labels."""
COLUMN = (WIDTH - LEFT) / len(SHOWN) - GAP


def main() -> None:
    """Keep what the figure and the README show of a run."""
    run = Run.open(sys.argv[1])
    tidy = run.table("tidy")
    rows = tidy[(tidy["metric"] == "miou") & (tidy["class"] == "all")]
    rows = rows.assign(model=rows["model"].map(run.names))
    columns = ["model", "condition", "severity", "value", "low", "high", "counted"]
    FOLDER.mkdir(exist_ok=True)
    rows[columns].round(6).to_csv(SCORES, index=False, lineterminator="\n")
    shown = Console(file=io.StringIO(), width=COLUMNS, color_system=None)
    terminal.show(run.report(), shown)
    lines = [line.rstrip() for line in shown.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    TERMINAL.write_text("\n".join(lines) + "\n", encoding="utf-8")


@rc_context(RC)
def picture() -> Image.Image:
    """Return a scene under four corruptions, each above the curves of the models."""
    scores = pd.read_csv(SCORES)
    image, _ = render("val", SCENE, 512, 256)
    figure = Figure(figsize=(WIDTH / POINTS, HEIGHT / POINTS))
    top = percent_top(scores["value"].max())
    for number, corruption in enumerate(SHOWN):
        left = LEFT + number * (COLUMN + GAP)
        above = figure.add_axes(_place(left, HEIGHT - 18 - COLUMN / 2, COLUMN / 2))
        above.imshow(corrupt(image, corruption, SEVERITY), aspect="auto")
        above.set_axis_off()
        title = f"{corruption_name(corruption)}, severity {SEVERITY}"
        above.set_title(title, fontsize=10, color=INK, pad=5)
        below = figure.add_axes(_place(left, BELOW, HEIGHT - 18 - COLUMN / 2 - BELOW - GAP))
        below.set(xlim=(-0.35, 5.2), ylim=(-2, top))
        label_curves(below, range(1, 6), top)
        if number:
            below.tick_params(axis="y", labelleft=False)
        else:
            below.set_ylabel("mIoU, %")
        lines = [
            _curve(below, of_model, corruption, look(model))
            for model, (_, of_model) in enumerate(scores.groupby("model", sort=False))
        ]
    names = list(scores["model"].unique())
    figure.legend(
        lines, names, loc="lower center", borderaxespad=0.2, ncols=len(names), frameon=False
    )
    drawing = paper.svg(drawn(figure))
    return Image.open(io.BytesIO(paper.png(drawing))).convert("RGB")


def _place(left: float, bottom: float, height: float) -> tuple[float, float, float, float]:
    """Return the place of axes in a column, in points, as shares of the figure."""
    return left / WIDTH, bottom / HEIGHT, COLUMN / WIDTH, height / HEIGHT


def _curve(axes: Axes, scores: pd.DataFrame, corruption: str, style: tuple[str, str]) -> Line2D:
    """Draw a model's curve under a corruption, and return its line."""
    clean = scores.loc[scores["condition"] == "clean", "value"].item()
    rows = scores[scores["condition"] == corruption].set_index("severity")
    found = IntervalTable(*(rows[[end]].T for end in IntervalTable._fields))
    lines = len(axes.get_lines())
    curve(axes, clean, found, rows.index[rows["counted"]], style)
    return axes.get_lines()[lines]


if __name__ == "__main__":
    main()
