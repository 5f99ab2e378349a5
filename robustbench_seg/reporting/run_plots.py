"""Plots of a run for a user's own figures."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..runs.run import StoredRun
from .axes import draw_heat_map
from .plots import ComparisonPlots, Plots, axes_of, set_title
from .report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .comparison.description import ComparisonData


class RunPlots(Plots):
    """Plots of a run: see `Plots`."""

    def __init__(self, run: StoredRun, report: Report):
        self._run = run
        self._report = report

    @cached_property
    def _shown(self) -> ComparisonData:
        from .comparison import compare_runs  # most runs are not compared

        return compare_runs([self._run]).shown

    def heat_map(self, model: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the mIoU of a model by corruption and severity; hatched ones do not count.

        `model` is named as in the run's tables or as in its report; None: the first. Colours are
        those of `image.cmap`. Raises InputError for an unknown model and a run without severities.
        """
        from matplotlib import colormaps, rcParams
        from matplotlib.colors import to_hex

        report = self._report
        if "severities" not in report.tables:
            raise InputError(f"{self._run.folder}: {report.spec.suite.name} has no severities")
        if model is None:
            model = report.models[0]
        name = report.names.get(model, model)
        if name not in report.models:
            known = f"{', '.join(report.models)}{did_you_mean(model, report.models)}"
            raise InputError(f"model {model!r}: not in this run; there are {known}")
        scores = report.table("severities").loc[[name]].droplevel("model")
        axes = axes_of(ax, len(scores))
        surface = to_hex(axes.get_facecolor())
        colors = colormaps[rcParams["image.cmap"]]
        draw_heat_map(axes, scores, report.counted, report.highest, colors, surface)
        set_title(axes, f"{name}, mIoU in percent", report.stamps)
        return axes

    def compare(self, other: StoredRun | str | Path, *, ax: Axes | None = None) -> Axes:
        """Draw how much the models of this run are above the first model of another run.

        Differences have paired intervals: see `ComparisonPlots.differences`. Raises InputError for
        a run of other images, labels, classes or severities.
        """
        from .comparison import compare_runs

        return ComparisonPlots(compare_runs([other, self._run])).differences(ax=ax)
