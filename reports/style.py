"""The look of all figures: type, and colours for light and dark pages.

A figure is drawn once for light and dark pages. Matplotlib has no CSS variables: figures are drawn
in stand-in colours, which `svg.inline_svg` replaces by variables; their values are in
templates/report.css.

Modules with figures import matplotlib and seaborn where they draw: that takes a second, and a
report is often drawn by another process.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from ..visible import visible

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

POINTS: Final = 72.0
"""Points in an inch, the unit of matplotlib's figure sizes."""
INK: Final = "#010101"
MUTED: Final = "#010102"
RULE: Final = "#010103"
SURFACE: Final = "#010104"
GROUND: Final = "#010105"
"""Stand-in colour of what is behind a figure: nothing in a page, white elsewhere."""
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
    "savefig.facecolor": GROUND,
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


@contextmanager
def rc_context(rc: dict[Any, Any]) -> Iterator[None]:
    """Draw with settings of matplotlib: a context, and a decorator of functions that draw."""
    import matplotlib

    with matplotlib.rc_context(rc):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in points."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / POINTS, height / POINTS))


def template(name: str) -> str:
    """Return the text of a file in templates/."""
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


SCORE_COLORS: Final = (
    *("#0b0405", "#2b1c35", "#3e356b", "#3b5698", "#357ba3"),
    *("#359fab", "#4bc2ad", "#99ddb6", "#def5e5"),
)
"""Nine of the colours of `score_colors`, from end to end, for those who do not draw."""


@cache
def score_colors() -> Colormap:
    """Return the colours of scores, from dark for low to light for high."""
    import seaborn as sns

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


def luminance(color: str) -> float:
    """Return the relative luminance of a colour "#rrggbb", 0 to 1 (WCAG 2.2)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2); AA requires 4.5 for text."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def text_on(background: str) -> str:
    """Return near-black or white, whichever reads better on the background."""
    return max(("#0b0b0b", "#ffffff"), key=lambda ink: contrast(ink, background))
