"""The look of all figures: type, and colours for light and dark pages.

A figure is drawn once for light and dark pages. Matplotlib has no CSS variables: figures are drawn
in stand-in colours, which `svg.inline_svg` replaces by variables; their values are in
templates/report.css.
"""

from __future__ import annotations

import io
import warnings
from functools import cache
from importlib import resources
from typing import Any, Final

import seaborn as sns
from matplotlib import rc_context
from matplotlib.colors import Colormap, to_rgb
from matplotlib.figure import Figure

from ..visible import visible

POINTS: Final = 72.0
"""Points in an inch, the unit of matplotlib's figure sizes."""
INK: Final = "#010101"
MUTED: Final = "#010102"
RULE: Final = "#010103"
SURFACE: Final = "#010104"
SERIES: Final = tuple(f"#0102{number:02x}" for number in range(1, 9))
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")

CSS_VARIABLES: Final = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    SURFACE: "var(--surface)",
    **{color: f"var(--series-{number})" for number, color in enumerate(SERIES, start=1)},
}

RC: Final[dict[Any, Any]] = {
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1.0,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.7,
    # TrueType: many venues refuse Type 3, matplotlib's default.
    "pdf.fonttype": 42,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "robustbench-seg",
    "text.color": INK,
    # A dollar sign in a name must not begin a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 11.0,
    "xtick.major.pad": 5.0,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 11.0,
}
"""Matplotlib's settings for every figure. A point is a pixel of the page: see `svg.inline_svg`."""


def template(name: str) -> str:
    """Return the text of a file in templates/."""
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


@cache
def score_colors() -> Colormap:
    """Return the colours of scores, from dark for low to light for high."""
    colors: Colormap = sns.color_palette("mako", as_cmap=True)
    return colors


def encoded(figure: Figure, suffix: str, *, rc: dict[Any, Any] = RC, **options: Any) -> bytes:
    """Return a figure as an SVG, PDF or PNG file without the date of its making.

    `rc` are the settings that it was drawn with, `options` those of `Figure.savefig`.
    """
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    buffer = io.BytesIO()
    with rc_context(rc), warnings.catch_warnings():
        # The warning holds the mark itself, which a terminal may obey.
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(buffer, format=suffix, metadata=undated.get(suffix), **options)
    if suffix == "svg":  # whose own markup is plain; only texts have other marks
        return visible(buffer.getvalue().decode(), kept="\n\t").encode()
    return buffer.getvalue()


def is_wide_figure(figure: Figure) -> bool:
    """Return whether a figure is too wide, above 800 points, to be shrunk to a narrow page."""
    return bool(POINTS * figure.get_figwidth() > 800)


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2); AA requires 4.5 for text."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def text_on(background: str) -> str:
    """Return near-black or white, whichever reads better on the background."""
    return max(("#0b0b0b", "#ffffff"), key=lambda ink: contrast(ink, background))
