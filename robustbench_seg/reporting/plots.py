"""Plots for users' own figures: they draw on matplotlib axes, in the style that is set there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..reports.document import split_stamp
from ..reports.style import MARKERS
from .axes import draw_curve, draw_intervals, label_severities, percent_top
from .intervals import IntervalTable
from .tables import score_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

    from .comparison.description import ComparisonData

_ROW = 0.23
"""Height in inches of a row of new axes."""


class Plots(ABC):
    """Plots of one or several models.

    Each draws on `ax`, or on the axes of a new figure of pyplot, and returns the axes. Scores are
    in percent, and lines and bands are 95 % intervals. Colours, fonts and line styles are those of
    matplotlib's settings; the stamps of a report stand above the axes.
    """

    @property
    @abstractmethod
    def _shown(self) -> ComparisonData:
        """Numbers, under the names that reports show."""

    def severity(self, category: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw mIoU against severity: a line for each model.

        Each is the mean over the corruptions of `category`, such as "noise"; None: over all of
        them, and of a single model a line for each category. Severities that do not count in the
        suite score have hollow marks on a dotted line. Raises InputError for an unknown category.
        """
        found = self._shown
        if category not in (None, *found.categories):
            known = f"{', '.join(found.categories)}{did_you_mean(category, found.categories)}"
            raise InputError(f"category {category!r}: unknown; there are {known}")
        from matplotlib.colors import to_hex

        axes = axes_of(ax)
        surface = to_hex(axes.get_facecolor())
        for number, (label, model, own, counts) in enumerate(self._lines(category)):
            style = {"label": label, **_marker(number)}
            draw_curve(axes, found.clean[model], own, counts, surface, **style)
        severities = [float(severity) for severity in found.curves.value.columns]
        label_severities(axes, severities)
        axes.set_ylabel("mIoU in percent")
        # Another call may have drawn on these axes.
        drawn = axes.get_ylim()[1] if ax is not None else 0
        axes.set_ylim(0, max(drawn, percent_top(found.highest_clean)))
        _plain(axes.legend())
        (title,) = found.models if len(found.models) == 1 else ("mean over the corruptions",)
        set_title(axes, category or title, found.stamps)
        return axes

    def _lines(
        self, category: str | None
    ) -> Iterator[tuple[str, str, IntervalTable, Collection[float]]]:
        """Yield the label of each line, its model, its scores and the severities that count."""
        found = self._shown
        for model in found.models:
            if category is not None:
                own = found.curves.rows([(model, category)])
                yield model, model, own, found.counted_of(category)
            elif len(found.models) > 1:
                counts = {level for each in found.categories for level in found.counted_of(each)}
                yield model, model, found.suite_curves.rows([model]), counts
            else:
                for each in found.categories:
                    own = found.curves.rows([(model, each)])
                    yield each, model, own, found.counted_of(each)

    def classes(self, *, ax: Axes | None = None) -> Axes:
        """Draw the share of its clean IoU that each class keeps under corruption.

        Classes that lose most are first.
        """
        found = self._shown
        names = found.lost_first()
        columns = ["retention", "retention_low", "retention_high"]
        kept = found.classes[columns].astype(float)
        numbers = {model: kept.loc[[(model, name) for name in names]] for model in found.models}
        series = {model: 100 * own.to_numpy().T for model, own in numbers.items()}
        axes = _draw_rows(ax, names, series, found.stamps)
        axes.set_xlabel("kept of the clean IoU in percent")
        return axes


class ComparisonPlots(Plots):
    """Plots of a comparison: see `Plots`."""

    def __init__(self, comparison: ComparisonData):
        self._comparison = comparison

    @property
    def _shown(self) -> ComparisonData:
        return self._comparison.shown

    def differences(self, *, ax: Axes | None = None) -> Axes:
        """Draw the difference of each score from that of the baseline, with its paired interval.

        Raises InputError for a comparison of a single model.
        """
        found = self._shown
        others = [model for model in found.models if model != found.baseline]
        if not others:
            raise InputError(
                f"differences: {found.baseline} is the only model; compare it to another"
            )
        table = found.differences[["difference", "low", "high"]].astype(float)
        measured = table.dropna(subset="difference").index.get_level_values("score")
        scores = [str(score) for score in dict.fromkeys(measured)]
        series = {
            model: 100 * table.loc[[(model, score) for score in scores]].to_numpy().T
            for model in others
        }
        axes = _draw_rows(ax, [score_name(score) for score in scores], series, found.stamps)
        axes.set_xlabel(f"difference from {found.baseline} in points", parse_math=False)
        return axes


def axes_of(ax: Axes | None, rows: int = 0) -> Axes:
    """Return the axes to draw on; new ones are high enough for a number of rows."""
    if ax is not None:
        return ax
    from matplotlib import pyplot, rcParams  # pyplot chooses how figures are shown

    width, height = rcParams["figure.figsize"]
    size = (width, max(height, _ROW * rows + 1))
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def _draw_rows(
    ax: Axes | None, rows: list[str], series: dict[str, Any], stamps: tuple[str, ...]
) -> Axes:
    """Draw series with intervals (3, rows), and name them in the title or a legend."""
    axes = axes_of(ax, len(rows))
    looks = [
        (numbers, {"label": label, **_marker(number)})
        for number, (label, numbers) in enumerate(series.items())
    ]
    draw_intervals(axes, rows, looks)
    if len(series) > 1:
        # Rows leave no room within the axes; axes of the user may have no room around.
        _plain(axes.legend() if ax else axes.figure.legend(loc="outside lower center", ncols=2))
    set_title(axes, next(iter(series)) if len(series) == 1 else "", stamps)
    return axes


def _marker(number: int) -> dict[str, str]:
    """Return a marker, unless the style has its own."""
    from matplotlib import rcParams

    own = "marker" in rcParams["axes.prop_cycle"].keys
    return {} if own else {"marker": MARKERS[number % len(MARKERS)]}


def _plain(legend: Legend) -> None:
    """Show names as they are: a dollar sign begins no formula."""
    for text in legend.get_texts():
        text.set_parse_math(False)


def set_title(axes: Axes, title: str, stamps: tuple[str, ...]) -> None:
    """Write what is shown above the axes, below the words of the stamps."""
    words = dict.fromkeys(split_stamp(stamp)[0] for stamp in stamps)
    axes.set_title("\n".join(filter(None, [", ".join(words), title])), parse_math=False)
