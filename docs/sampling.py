"""Draw the error of a sampled run against its cost, ours beside the first-N habit.

    python benchmarks/bench_sampling.py RUN [RUN ...] --csv docs/sampling.csv   # measures
    python docs/sampling.py                                                    # draws sampling.svg

A line is the geometric mean over the models, a dot one model.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from html import escape
from math import exp, log, log10
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 36, 56
"""Margins around the axes, in pixels."""
COSTS, ERRORS = (4.0, 70.0), (0.015, 6.0)
"""Ends of the axes: percent of the predictions of the whole run, and points of the suite score."""
CORRUPTED = 80
"""Conditions beside the clean one."""
HABIT, OURS = "frames in a row, the same under each condition", "ours"
LINES = {HABIT: ("#b3541e", "the first N frames"), OURS: ("#1f6f8b", "a sample, ours")}
"""Estimator -> colour and name."""


class Point(NamedTuple):
    """The error of an estimator for one model, in points, after a cost in percent."""

    cost: float
    error: float


def main() -> None:
    """Write the figure."""
    (FOLDER / "sampling.svg").write_text(draw(FOLDER / "sampling.csv"), encoding="utf-8")


def read(path: Path) -> dict[str, list[Point]]:
    """Return the points of each line; ours has the clean predictions of all frames as well."""
    lines = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            share, error = float(row["share"]), float(row["suite"])
            clean = 1 if row["estimator"] == OURS else share
            cost = 100 * (share * CORRUPTED + clean) / (CORRUPTED + 1)
            lines[row["estimator"]].append(Point(cost, error))
    return lines


def draw(path: Path) -> str:
    """Return the figure as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Error of the '
        'suite score against the share of the predictions that were computed">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for value in (5, 10, 20, 50):
        x = _x(value)
        parts.append(_rule(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x, HEIGHT - BOTTOM + 20, f"{value} %", "middle"))
    for error in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5):
        y = _y(error)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        parts.append(_text(LEFT - 8, y + 4, f"{error:g}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 14, "predictions computed, of the whole run", "middle"))
    parts.append(_text(LEFT - 40, 20, "error of the suite score, points of mIoU", "start"))
    points = read(path)
    for name, (color, label) in LINES.items():
        mean = _mean(points[name])
        way = " ".join(f"{_x(cost):.1f},{_y(error):.1f}" for cost, error in mean)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{_x(cost):.1f}" cy="{_y(error):.1f}" r="4" fill="{color}" '
            'fill-opacity="0.45"/>'
            for cost, error in points[name]
        ]
        cost, error = mean[1]
        parts.append(_text(_x(cost) + 10, _y(error) - 14, label, "start", color))
    return "\n".join([*parts, "</svg>", ""])


def _mean(points: Iterable[Point]) -> list[Point]:
    """Return the geometric mean of the errors at each cost."""
    by_cost = defaultdict(list)
    for cost, error in points:
        by_cost[cost].append(log(error))
    return [Point(cost, exp(sum(found) / len(found))) for cost, found in sorted(by_cost.items())]


def _x(cost: float) -> float:
    first, last = map(log10, COSTS)
    return LEFT + (log10(cost) - first) / (last - first) * (WIDTH - RIGHT - LEFT)


def _y(error: float) -> float:
    first, last = map(log10, ERRORS)
    return HEIGHT - BOTTOM - (log10(error) - first) / (last - first) * (HEIGHT - BOTTOM - TOP)


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="#e3e6ea"/>'


def _text(x: float, y: float, text: str, anchor: str, color: str = "#5a636e") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"'
    return f"<text {place}>{escape(text)}</text>"


if __name__ == "__main__":
    main()
